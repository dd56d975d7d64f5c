"""Which columns form a table."""

import pytest

from app.domain.grid.column import COLUMNS_MAX, Column, ColumnType, column_problems


def _named(*names: str) -> list[Column]:
    return [Column(name=name, data_type=ColumnType.STRING) for name in names]


@pytest.mark.parametrize("name", ["a", "temp_max", "Größe", "年", "two words", "x" * 63, "نام\u200cها", "*", "select"])
def test_a_name_that_postgresql_can_carry_is_fine(name: str) -> None:
    assert column_problems(_named(name)) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "string_too_short"),
        ("   ", "string_too_short"),
        ("x" * 64, "string_too_long"),
        ("é" * 32, "string_too_long"),
        ("a\0b", "unstorable_text"),
        ("a\nb", "unstorable_text"),
        ("a\ud800", "unstorable_text"),
        ("a\u202eb", "unstorable_text"),
        ("a\u200bb", "unstorable_text"),
        ("a\u2028b", "unstorable_text"),
        ("e\u0301", "value_error"),
        (" a", "value_error"),
        ("_ws_row_id", "value_error"),
    ],
)
def test_a_name_that_would_mislead_is_refused(name: str, code: str) -> None:
    found = column_problems(_named("ok", name), ("body", "columns"))
    assert [(problem.loc, problem.code) for problem in found] == [(("body", "columns", 1, "name"), code)]


@pytest.mark.parametrize(
    ("first", "second"),
    [("name", "name"), ("name", "Name"), ("ﬁle", "file"), ("straße", "STRASSE"), ("x\u00b2", "x2"), ("ab", "a\u200db")],
)
def test_unicode_twins_are_refused_at_the_second(first: str, second: str) -> None:
    found = column_problems(_named(first, "between", second))
    assert [(problem.loc, problem.code) for problem in found] == [((2, "name"), "duplicate")]


def test_names_of_different_columns_may_resemble_each_other() -> None:
    assert column_problems(_named("temp", "temp_", "temp2")) == []


def test_a_table_has_at_least_one_column_and_at_most_the_limit() -> None:
    many = _named(*(f"c{index}" for index in range(COLUMNS_MAX)))
    assert column_problems(many) == []
    assert [problem.code for problem in column_problems([*many, *_named("one_more")])] == ["too_long"]
    assert [problem.code for problem in column_problems([])] == ["too_short"]


@pytest.mark.parametrize(("text", "code"), [("x" * 256, "string_too_long"), ("a\0", "unstorable_text")])
def test_a_display_name_is_text_for_people(text: str, code: str) -> None:
    found = column_problems([Column(name="a", display_name=text, data_type=ColumnType.STRING)])
    assert [(problem.loc, problem.code) for problem in found] == [((0, "displayName"), code)]
    assert column_problems([Column(name="a", display_name="Größe in m²", data_type=ColumnType.STRING)]) == []
