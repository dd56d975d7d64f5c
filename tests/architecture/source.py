"""The source of the application as syntax trees."""

import ast
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[2]
APP: Final = REPOSITORY / "app"
TESTS: Final = REPOSITORY / "tests"
# Generated once and frozen, and files for browsers.
NOT_OURS: Final = (APP / "db" / "migrations" / "versions", APP / "web" / "static")


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path from the root of the repository."""
        return self.path.relative_to(REPOSITORY).as_posix()

    def at(self, node: ast.AST) -> str:
        """Where a node is, for a message."""
        return f"{self.name}:{getattr(node, 'lineno', 1)}"

    def comments(self) -> Iterator[tuple[int, str]]:
        """The comments with their lines."""
        with self.path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                if token.type == tokenize.COMMENT:
                    yield token.start[0], token.string


@cache
def app_sources() -> tuple[Source, ...]:
    """Every module of the application."""
    return tuple(_read(path) for path in sorted(APP.rglob("*.py")) if not any(n in path.parents for n in NOT_OURS))


@cache
def sources_of_tests() -> tuple[Source, ...]:
    """Every module of the tests."""
    return tuple(_read(path) for path in sorted(TESTS.rglob("*.py")))


def _read(path: Path) -> Source:
    text = path.read_text("utf-8")
    return Source(path, text, ast.parse(text))


def imported(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Every imported name with its statement: `import a.b` is `a.b`, `from a import b` is `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute or a name; empty for anything else."""
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return node.id if isinstance(node, ast.Name) else ""
