"""What a module may keep: constants. And what it may silence: one thing, for a reason."""

import ast
import re
from collections.abc import Iterator

import grimp
import pytest

from tests.architecture.source import Source, app_sources, dotted, sources_of_tests

HOLDS_THINGS = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
MAKES_THINGS = {"dict", "list", "set", "bytearray", "defaultdict", "deque", "Counter", "OrderedDict", "Lock", "Event"}
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*|__all__")
CHANGES = {
    *("append", "extend", "insert", "add", "update", "setdefault", "pop", "popitem", "popleft", "remove", "discard"),
    *("clear", "sort", "reverse"),
}
SILENCES = re.compile(r"#\s*(type:\s*ignore|noqa)")
SILENCES_WELL = re.compile(
    r"# type: ignore\[[a-z-]+(, [a-z-]+)*\]  # \S.*"  # checked by mypy: unused ones fail
    r"|# noqa: [A-Z]+[0-9]+(, [A-Z]+[0-9]+)*(  #| -) \S.*"
)


def kept(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """The names of a module that hold something changeable."""
    for node in source.tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        made = isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2] in MAKES_THINGS
        if made or isinstance(value, HOLDS_THINGS):
            yield from ((node, dotted(target)) for target in targets)


def test_a_module_keeps_nothing_but_constants() -> None:
    assert {
        source.at(n) for source in app_sources() for n, name in kept(source) if not CONSTANT.fullmatch(name)
    } == set()


def changed(node: ast.AST) -> str:
    """The name whose content a statement changes; empty where it changes none."""
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return dotted(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES:
        return dotted(node.func.value)
    return ""


def test_nothing_changes_what_a_module_keeps() -> None:
    changing = set()
    for source in app_sources():
        names = {name for _, name in kept(source)}
        changing |= {source.at(node) for node in ast.walk(source.tree) if changed(node) in names}
        changing |= {source.at(node) for node in ast.walk(source.tree) if isinstance(node, ast.Global)}
    assert changing == set()


def test_every_silenced_check_is_named_and_has_a_reason() -> None:
    careless = {
        f"{source.name}:{line} {comment}"
        for source in (*app_sources(), *sources_of_tests())
        for line, comment in source.comments()
        if SILENCES.match(comment) and not SILENCES_WELL.fullmatch(comment)
    }
    assert careless == set()


@pytest.mark.parametrize("comment", ["# noqa", "# noqa: S608", "# type: ignore", "# type: ignore[misc]", "#noqa: E501"])
def test_a_bare_silence_would_be_found(comment: str) -> None:
    assert SILENCES.match(comment)
    assert not SILENCES_WELL.fullmatch(comment)


def cycle(imports: dict[str, set[str]]) -> list[str]:
    """A chain of modules of which each imports the next and the last the first; empty where there is none."""
    done: set[str] = set()
    for start in sorted(imports):
        path: list[str] = []
        waiting = [(start, iter(sorted(imports[start])))] if start not in done else []
        while waiting:
            module, rest = waiting[-1]
            if not path or path[-1] != module:
                path.append(module)
            following = next((other for other in rest if other not in done), None)
            if following is None:
                done.add(waiting.pop()[0])
                path.pop()
            elif following in path:
                return path[path.index(following) :]
            else:
                waiting.append((following, iter(sorted(imports[following]))))
    return []


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    graph = grimp.build_graph("app", exclude_type_checking_imports=True, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 100
    assert cycle(imports) == []


def test_a_circle_would_be_found() -> None:
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}) == ["b", "c"]
    assert cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
