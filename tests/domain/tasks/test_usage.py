"""Usage and outcome are read from any JSON: what makes sense is told, what does not is nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.tasks.outcome import Outcome
from app.domain.tasks.usage import Observability, Usage

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)
USAGE = st.dictionaries(
    st.sampled_from(["inputTokens", "totalCost", "total_cost", "provider", "loadedSkillSlugs"]), JSON
)
OUTCOME = st.dictionaries(st.sampled_from(["summary", "artifactId", "version", "rowCount", "row_count"]), JSON)


@pytest.mark.parametrize("style", ["camel", "snake"])
def test_members_are_read_in_both_spellings(style: str) -> None:
    camel: dict[str, Any] = {
        "provider": "p",
        "modelId": "m",
        "traceProvider": "t",
        "loadedSkillSlugs": ["a", 5, "b", ""],
        "inputTokens": 1,
        "outputTokens": 2.0,
        "cachedInputTokens": 0,
        "cacheWriteTokens": 2**63 - 1,
        "totalTokens": 3,
        "turnCount": 4,
        "toolCallCount": 5,
        "totalCost": "0.0120",
        "costCurrency": "USD",
    }
    snake = {
        "provider": "p",
        "model_id": "m",
        "trace_provider": "t",
        "loaded_skill_slugs": ["a", 5, "b", ""],
        "input_tokens": 1,
        "output_tokens": 2.0,
        "cached_input_tokens": 0,
        "cache_write_tokens": 2**63 - 1,
        "total_tokens": 3,
        "turn_count": 4,
        "tool_call_count": 5,
        "total_cost": "0.0120",
        "cost_currency": "USD",
    }
    assert Observability.of(camel if style == "camel" else snake) == Observability(
        provider="p",
        model_id="m",
        trace_provider="t",
        loaded_skill_slugs=("a", "b"),
        usage=Usage(
            input_tokens=1,
            output_tokens=2,
            cached_input_tokens=0,
            cache_write_tokens=2**63 - 1,
            total_tokens=3,
            turn_count=4,
            tool_call_count=5,
            total_cost="0.0120",
            cost_currency="USD",
        ),
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (0, "0"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (1e-300, "0.000000000000"),
        (12, "12"),
        (1e15, None),
        (-1, None),
        (True, None),
        ("1.50", "1.50"),
        ("1e9", None),
        ("-1", None),
        ("１", None),
        ("9" * 16, None),
        ("0." + "1" * 13, None),
        ("1\n", None),
        ([1], None),
    ],
)
def test_a_cost_is_an_exact_decimal(said: object, told: str | None) -> None:
    assert Usage.of({"totalCost": said}).total_cost == told


@pytest.mark.parametrize("said", [-1, True, 1.5, "1", 2**63, 1e300, [], {}, None])
def test_what_is_no_count_is_none(said: object) -> None:
    assert Usage.of({"inputTokens": said}).input_tokens is None


def test_null_in_one_spelling_leaves_the_other() -> None:
    assert Usage.of({"inputTokens": None, "input_tokens": 7}).input_tokens == 7


@given(JSON | USAGE)
def test_no_usage_is_too_odd_to_be_read(said: object) -> None:
    found = Observability.of(said)
    assert found.usage.total_cost is None or "E" not in found.usage.total_cost
    assert all(isinstance(word, str) and word for word in found.loaded_skill_slugs)


@given(JSON | OUTCOME)
def test_no_outcome_is_too_odd_to_be_read(said: object) -> None:
    found = Outcome.of(said)
    assert found.data == said
    assert found.version is None or 0 <= found.version < 2**31


def test_an_outcome_is_a_summary_and_an_artifact() -> None:
    whole = {
        "summary": "s",
        "artifactId": "i",
        "artifact_name": "n",
        "version": 2,
        "rendererKind": "table",
        "rowCount": 9,
    }
    found = Outcome.of(whole)
    assert (found.summary, found.artifact_id, found.artifact_name) == ("s", "i", "n")
    assert (found.version, found.renderer_kind, found.row_count, found.data) == (2, "table", 9, whole)
    assert Outcome.of("in words").summary == "in words"
