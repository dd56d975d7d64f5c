"""Merge patches follow RFC 7396."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.charts.merge import merge_patch
from tests.domain.strategies import json_values, relaxed

# The examples of the RFC's appendix: target, patch, result.
EXAMPLES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]
SMALL_KEYS = st.sampled_from(["a", "b", "c"])
DOCUMENTS = st.recursive(
    st.none() | st.integers(0, 3),
    lambda inner: st.dictionaries(SMALL_KEYS, inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=10,
)


def _merge_by_the_book(target: Any, patch: Any) -> Any:
    """The RFC's own recursive definition."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merge_by_the_book(result.get(key), value)
    return result


@pytest.mark.parametrize(("target", "patch", "result"), EXAMPLES)
def test_the_examples_of_the_rfc(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


@relaxed
@given(DOCUMENTS, DOCUMENTS)
def test_it_does_what_the_rfc_says_and_changes_neither_side(target: Any, patch: Any) -> None:
    before = deepcopy((target, patch))
    assert merge_patch(target, patch) == _merge_by_the_book(target, patch)
    assert (target, patch) == before


@relaxed
@given(DOCUMENTS, DOCUMENTS)
def test_a_patch_applied_twice_changes_nothing_more(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


@relaxed
@given(st.dictionaries(SMALL_KEYS, json_values))
def test_an_empty_patch_changes_nothing(target: dict[str, Any]) -> None:
    assert merge_patch(target, {}) == target


def test_a_patch_may_be_deeper_than_the_stack() -> None:
    patch: dict[str, Any] = {}
    for _ in range(100_000):
        patch = {"a": patch}
    merged = merge_patch({}, patch)
    for _ in range(100_000):
        assert isinstance(merged, dict)
        merged = merged["a"]
    assert merged == {}
