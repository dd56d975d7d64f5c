"""Chart specs as JSON: defaults are filled in, and every mistake is found at once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.charts.filters import Filter, Op
from app.domain.charts.parse import parse_spec, patch_spec
from app.domain.charts.spec import Agg, ChartSpec, Kind, Measure, Sort, SortBy, SortOrder, Theme
from app.domain.problems import Refused
from tests.domain.strategies import json_values, relaxed, text

LEAST: dict[str, Any] = {"kind": "bar", "x": {"column": "day"}, "y": [{"agg": "sum", "column": "rain"}]}
FULL: dict[str, Any] = {
    "v": 1,
    "kind": "line",
    "title": "Rain",
    "subtitle": "in Seattle",
    "x": {"column": "day"},
    "y": [{"column": "rain", "agg": "avg", "label": "mm"}],
    "group": {"column": "year"},
    "filters": [
        {"column": "rain", "op": "between", "value": [1, 2.5]},
        {"column": "note", "op": "is_null"},
    ],
    "sort": {"by": "y", "order": "desc"},
    "limit": 12,
    "theme": "dark",
}


def _problems(raw: object) -> list[tuple[Any, str]]:
    found = parse_spec(raw, ("spec",))
    assert isinstance(found, Refused), found
    return [(problem.loc[1:], problem.code) for problem in found.problems]


def _spec(raw: object) -> ChartSpec:
    found = parse_spec(raw)
    assert isinstance(found, ChartSpec), found
    return found


def test_the_published_minimum_is_enough() -> None:
    assert _spec(LEAST) == ChartSpec(kind=Kind.BAR, x="day", y=(Measure(column="rain", agg=Agg.SUM),))


def test_the_wire_form_has_every_default_filled_in() -> None:
    assert _spec(LEAST).to_wire() == {
        "v": 1,
        "kind": "bar",
        "title": None,
        "subtitle": None,
        "x": {"column": "day"},
        "y": [{"column": "rain", "agg": "sum", "label": None}],
        "group": None,
        "filters": [],
        "sort": None,
        "limit": 1000,
        "theme": "auto",
    }


def test_a_full_spec_goes_in_and_out() -> None:
    assert _spec(FULL).to_wire() == FULL
    assert _spec(FULL).filters == (
        Filter(column="rain", op=Op.BETWEEN, value=(1, 2.5)),
        Filter(column="note", op=Op.IS_NULL),
    )


def test_an_empty_sort_has_the_published_sample_values() -> None:
    assert _spec({**LEAST, "sort": {}}).sort == Sort(by=SortBy.X, order=SortOrder.ASC)


@pytest.mark.parametrize("key", ["group", "sort", "title", "subtitle"])
def test_null_is_the_same_as_nothing_where_it_is_allowed(key: str) -> None:
    assert _spec({**LEAST, key: None}) == _spec(LEAST)


@pytest.mark.parametrize(
    ("change", "loc", "code"),
    [
        ({"v": 2}, ("v",), "literal_error"),
        ({"v": "1"}, ("v",), "literal_error"),
        ({"v": True}, ("v",), "literal_error"),
        ({"v": None}, ("v",), "literal_error"),
        ({"kind": "radar"}, ("kind",), "literal_error"),
        ({"kind": None}, ("kind",), "literal_error"),
        ({"kind": ["bar"]}, ("kind",), "literal_error"),
        ({"x": "day"}, ("x",), "dict_type"),
        ({"x": None}, ("x",), "dict_type"),
        ({"x": {}}, ("x", "column"), "missing"),
        ({"x": {"column": ""}}, ("x", "column"), "string_too_short"),
        ({"x": {"column": 1}}, ("x", "column"), "string_type"),
        ({"x": {"column": "a", "type": "time"}}, ("x", "type"), "extra_forbidden"),
        ({"y": []}, ("y",), "too_short"),
        ({"y": LEAST["y"] * 9}, ("y",), "too_long"),
        ({"y": LEAST["y"][0]}, ("y",), "list_type"),
        ({"y": ["rain"]}, ("y", 0), "dict_type"),
        ({"y": [{"column": "rain"}]}, ("y", 0, "agg"), "missing"),
        ({"y": [{"column": "rain", "agg": "mean"}]}, ("y", 0, "agg"), "literal_error"),
        ({"y": [{"column": "rain", "agg": "sum", "label": 1}]}, ("y", 0, "label"), "string_type"),
        ({"group": {}}, ("group", "column"), "missing"),
        ({"filters": None}, ("filters",), "list_type"),
        ({"filters": [{}] * 51}, ("filters",), "too_long"),
        ({"filters": [1]}, ("filters", 0), "dict_type"),
        ({"sort": {"by": "z"}}, ("sort", "by"), "literal_error"),
        ({"sort": {"order": None}}, ("sort", "order"), "literal_error"),
        ({"sort": {"by": "x", "nulls": "first"}}, ("sort", "nulls"), "extra_forbidden"),
        ({"limit": 0}, ("limit",), "greater_than_equal"),
        ({"limit": 5001}, ("limit",), "less_than_equal"),
        ({"limit": "10"}, ("limit",), "int_type"),
        ({"limit": 10.0}, ("limit",), "int_type"),
        ({"limit": True}, ("limit",), "int_type"),
        ({"limit": None}, ("limit",), "int_type"),
        ({"theme": "blue"}, ("theme",), "literal_error"),
        ({"theme": None}, ("theme",), "literal_error"),
        ({"title": "x" * 256}, ("title",), "string_too_long"),
        ({"title": "a\0"}, ("title",), "unstorable_text"),
        ({"subtitle": 5}, ("subtitle",), "string_type"),
        ({"colour": "red"}, ("colour",), "extra_forbidden"),
    ],
)
def test_one_mistake_is_one_problem(change: dict[str, Any], loc: tuple[Any, ...], code: str) -> None:
    assert _problems({**LEAST, **change}) == [(loc, code)]


def test_all_mistakes_are_reported_at_once() -> None:
    raw = {"x": {"colum": "a"}, "y": [{"agg": "sum"}, 3], "limit": 0, "colour": 1}
    assert _problems(raw) == [
        (("colour",), "extra_forbidden"),
        (("kind",), "missing"),
        (("x", "colum"), "extra_forbidden"),
        (("x", "column"), "missing"),
        (("y", 0, "column"), "missing"),
        (("y", 1), "dict_type"),
        (("limit",), "greater_than_equal"),
    ]


@pytest.mark.parametrize("raw", [None, [], "bar", 1])
def test_a_spec_is_an_object(raw: object) -> None:
    assert _problems(raw) == [((), "dict_type")]


@relaxed
@given(json_values)
def test_any_json_is_a_spec_or_is_refused(raw: object) -> None:
    assert isinstance(parse_spec(raw), ChartSpec | Refused)


@relaxed
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FULL, json_values)))
def test_any_value_at_a_known_key_is_read_or_refused(raw: dict[str, Any]) -> None:
    assert isinstance(parse_spec({**FULL, **raw}), ChartSpec | Refused)


columns = text.filter(bool)
specs = st.builds(
    ChartSpec,
    kind=st.sampled_from(Kind),
    x=columns,
    y=st.lists(
        st.builds(Measure, column=columns, agg=st.sampled_from(Agg), label=st.none() | text), min_size=1, max_size=8
    ).map(tuple),
    group=st.none() | columns,
    sort=st.none() | st.builds(Sort, by=st.sampled_from(SortBy), order=st.sampled_from(SortOrder)),
    limit=st.integers(1, 5000),
    theme=st.sampled_from(Theme),
    title=st.none() | text,
    subtitle=st.none() | text,
)


@relaxed
@given(specs)
def test_every_spec_survives_its_wire_form(spec: ChartSpec) -> None:
    assert parse_spec(spec.to_wire()) == spec


@relaxed
@given(specs, specs)
def test_a_patch_with_all_keys_replaces_the_spec(stored: ChartSpec, wanted: ChartSpec) -> None:
    patch = {key: value for key, value in wanted.to_wire().items() if key != "v"}
    # Inside objects a patch merges; a null there would remove the key, and it is put back as the default.
    assert patch_spec(stored, patch) == wanted


def test_a_patch_merges_objects_and_replaces_arrays() -> None:
    patched = patch_spec(
        _spec(FULL), {"sort": {"by": "x"}, "y": [{"column": "rain", "agg": "max"}], "title": None, "filters": None}
    )
    assert isinstance(patched, ChartSpec)
    assert patched.to_wire() == {
        **FULL,
        "sort": {"by": "x", "order": "desc"},
        "y": [{"column": "rain", "agg": "max", "label": None}],
        "title": None,
        "filters": [],
    }


@pytest.mark.parametrize(
    ("patch", "loc", "code"),
    [
        ({"v": 1}, ("specPatch", "v"), "value_error"),
        ({"v": None}, ("specPatch", "v"), "value_error"),
        ({"kind": None}, ("specPatch", "kind"), "missing"),
        ({"limit": 0}, ("specPatch", "limit"), "greater_than_equal"),
        ([], ("specPatch",), "dict_type"),
        (None, ("specPatch",), "dict_type"),
    ],
)
def test_a_patch_that_breaks_the_spec_is_refused(patch: object, loc: tuple[str, ...], code: str) -> None:
    found = patch_spec(_spec(FULL), patch, ("specPatch",))
    assert isinstance(found, Refused)
    assert [(problem.loc, problem.code) for problem in found.problems] == [(loc, code)]


def test_an_empty_patch_gives_the_same_spec() -> None:
    assert patch_spec(_spec(FULL), {}) == _spec(FULL)
