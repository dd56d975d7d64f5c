"""Rules of a table as a whole."""

import pytest

from app.domain.errors import BadInput
from app.domain.grid.table import KEY_COLUMNS_MAX, null_key_problems, table_name, table_problems
from tests.domain.strategies import column

COLUMNS = [column("a", "string"), column("b", "integer"), column("doc", "json")]


def test_a_name_is_trimmed() -> None:
    assert table_name("  Visits 2024 ", "name") == "Visits 2024"


@pytest.mark.parametrize("name", ["", " ", "a\tb", "a\u2028b", "a\0", "x" * 256])
def test_a_name_nobody_can_type_is_refused(name: str) -> None:
    with pytest.raises(BadInput) as refusal:
        table_name(name, "name")
    assert refusal.value.field == "name"


@pytest.mark.parametrize(
    ("key", "problems"),
    [
        ((), []),
        (("b", "a"), []),
        (("x",), [(("primaryKey", 0), "unknown_column")]),
        (("a", "doc"), [(("primaryKey", 1), "value_error")]),
        (("a", "b", "a"), [(("primaryKey", 2), "duplicate")]),
        (("x", "doc"), [(("primaryKey", 0), "unknown_column"), (("primaryKey", 1), "value_error")]),
        (("a",) * (KEY_COLUMNS_MAX + 1), [(("primaryKey",), "too_long")]),
    ],
)
def test_a_key_names_columns_that_identify(key: tuple[str, ...], problems: list[tuple[object, str]]) -> None:
    assert [(problem.loc, problem.code) for problem in table_problems(COLUMNS, key)] == problems


def test_problems_of_columns_and_key_are_told_together() -> None:
    found = table_problems([column("", "string")], ("x",))
    assert [problem.loc for problem in found] == [("columns", 0, "name"), ("primaryKey", 0)]


def test_a_key_without_a_value_is_found() -> None:
    rows = [("x", 1, None), (None, 2, None), ("y", None, None)]
    found = list(null_key_problems(rows, COLUMNS, ("b", "a"), ("rows",)))
    assert [problem.loc for problem in found] == [("rows", 2, "b"), ("rows", 1, "a")]
    assert not list(null_key_problems(rows, COLUMNS, ()))
