"""Where things stand and how large they are."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import APP, Source, app_sources, dotted, imported, sources_of_tests

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 40
SPEAK_SQL = ("app/storage/", "app/db/")
READS_ENVIRONMENT = "app/settings.py"
READS_TIME = "app/clock.py"
COMMITS = "app/db/tx.py"
# Programs that keep a pace of their own, as their models do; nothing waits for them by the clock.
PACED = {
    "tests/acceptance/test_exactly_once.py",  # workers that found nothing to claim pause before they ask again
    "tests/benchmarks/delivery.py",  # a load of so many events a second
    "tests/web/graphiql_server.py",  # a server whose subscription moves by itself
}
CLOCKS = {
    *(f"time.{name}" for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")),
    *(f"datetime.{name}" for name in ("now", "utcnow", "today")),
    *(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")),
    "date.today",
    "datetime.date.today",
}


def test_there_is_something_to_check() -> None:
    assert len(app_sources()) > 100
    assert len(sources_of_tests()) > 50


def test_no_file_is_longer_than_it_may_be() -> None:
    assert {s.name: n for s in app_sources() if (n := len(s.text.splitlines())) > FILE_LINES_MAX} == {}


def test_no_function_is_longer_than_it_may_be() -> None:
    long = {
        f"{source.at(node)} {node.name}": lines
        for source in app_sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert long == {}


def test_every_module_opens_with_a_sentence() -> None:
    def opens_well(source: Source) -> bool:
        first, *_ = (ast.get_docstring(source.tree) or "").split("\n\n")
        return first.endswith(".") and (first[0].isupper() or first[0] in "`/")

    assert [source.name for source in app_sources() if not opens_well(source)] == []


def test_only_storage_and_db_speak_sql() -> None:
    speaking = {
        source.at(node)
        for source in app_sources()
        if not source.name.startswith(SPEAK_SQL)
        for node, name in imported(source.tree)
        if name.partition(".")[0] in ("sqlalchemy", "asyncpg")
    }
    assert speaking == set()


def test_nothing_is_imported_inside_a_function() -> None:
    inside = {
        source.at(inner)
        for source in app_sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }
    assert inside == set()


def handed_on(tree: ast.AST) -> set[ast.AST]:
    """`os.environ` where it is only handed on to a program that is started: `{**os.environ, …}`."""
    return {
        value
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if key is None
    }


def test_only_the_settings_read_the_environment() -> None:
    reading = {
        source.at(node)
        for source in app_sources()
        if source.name != READS_ENVIRONMENT
        for node in ast.walk(source.tree)
        if dotted(node) in ("os.environ", "os.getenv", "os.environb") and node not in handed_on(source.tree)
    }
    importing = {
        source.at(node)
        for source in app_sources()
        for node, name in imported(source.tree)
        if name in ("os.environ", "os.getenv", "os.environb")
    }
    assert reading | importing == set()


def test_only_the_clock_reads_the_time() -> None:
    reading = {
        f"{source.at(node)} {dotted(node)}"
        for source in app_sources()
        if source.name != READS_TIME
        for node in ast.walk(source.tree)
        if dotted(node) in CLOCKS
    }
    importing = {
        f"{source.at(node)} {name}"
        for source in app_sources()
        if source.name != READS_TIME
        for node, name in imported(source.tree)
        if name in CLOCKS
    }
    assert reading | importing == set()


def test_only_the_transaction_helper_commits() -> None:
    committing = {
        source.at(node)
        for source in app_sources()
        if source.name != COMMITS
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    }
    assert committing == set()


def sleeps(source: Source) -> Iterator[ast.Call]:
    """Calls of `sleep`, except those of no length, which only let others run."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and dotted(node.func) in ("asyncio.sleep", "time.sleep", "sleep", "anyio.sleep"):
            [length] = node.args
            if not (isinstance(length, ast.Constant) and length.value == 0):
                yield node


def test_no_test_waits_for_time_instead_of_for_a_fact() -> None:
    waiting = {
        source.at(node)
        for source in sources_of_tests()
        if not source.name.startswith(("tests/support/", "tests/benchmarks/")) and source.name not in PACED
        for node in sleeps(source)
    }
    assert waiting == set()


@pytest.mark.parametrize("package", sorted(p.parent.relative_to(APP.parent).as_posix() for p in APP.rglob("*.py")))
def test_every_folder_of_modules_is_a_package(package: str) -> None:
    if "migrations/versions" not in package:
        assert (APP.parent / package / "__init__.py").exists()
