"""The catalogue of errors is one: every error has a published code, and every code that is used is explained."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator

import app
from app.domain.errors import TaskloomError
from tests.architecture.source import REPOSITORY, app_sources, dotted

PUBLISHED = {
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_USER_INPUT",
    "OPERATION_RESOLUTION_FAILURE",
    "PERSISTED_QUERY_NOT_FOUND",
    "PERSISTED_QUERY_NOT_SUPPORTED",
    "BAD_REQUEST",
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "NOT_FOUND",
    "CONFLICT",
    "WORKSPACE_ARCHIVED",
    "LEASE_LOST",
    "RATE_LIMITED",
    "QUERY_TOO_COMPLEX",
    "QUERY_TOO_DEEP",
    "CURSOR_EXPIRED",
    "SERVICE_UNAVAILABLE",
    "INTERNAL_SERVER_ERROR",
}


def all_errors() -> set[type[TaskloomError]]:
    """Every error class of every module."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)

    def below(kind: type[TaskloomError]) -> Iterator[type[TaskloomError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from below(child)

    return {kind for kind in below(TaskloomError) if kind.__module__.startswith("app.")}


def test_every_error_has_a_published_code() -> None:
    found = all_errors()
    assert len(found) > 10
    assert {f"{kind.__module__}.{kind.__name__}": kind.code for kind in found if kind.code not in PUBLISHED} == {}


def coded_directly() -> set[str]:
    """The codes that stand as text in calls of `coded`, and in what is raised for the request itself."""
    return {
        node.args[1].value
        for source in app_sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and dotted(node.func) == "coded" and len(node.args) == 2
        and isinstance(node.args[1], ast.Constant) and isinstance(node.args[1].value, str)
    }  # fmt: skip


def test_every_code_given_to_a_request_is_published() -> None:
    assert coded_directly() > {"BAD_REQUEST", "GRAPHQL_VALIDATION_FAILED"}
    assert coded_directly() <= PUBLISHED


def test_every_code_is_explained() -> None:
    text = (REPOSITORY / "docs" / "errors.md").read_text("utf-8")
    explained = {code for line in text.splitlines() for code in re.findall(r"`([A-Z_]{4,})`", line.split(" | ")[0])}
    used = {kind.code for kind in all_errors()} | coded_directly() | {"GRAPHQL_PARSE_FAILED", "NOT_FOUND"}
    assert explained == used
