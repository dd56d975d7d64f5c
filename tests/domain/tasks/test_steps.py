"""What a worker may say about steps: every rule, and how large inputs and outputs are cut."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from app.domain.errors import BadInput, TooLarge
from app.domain.tasks.steps import (
    ENDED,
    PAYLOAD_BYTES_MAX,
    STEPS_PER_REPORT_MAX,
    SaidStep,
    StepSource,
    StepStatus,
    checked_steps,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def stored(**said: Any) -> dict[str, Any]:
    """One step as it is stored, read back from its JSON."""
    found: dict[str, Any] = orjson.loads(orjson.dumps(checked_steps([SaidStep(step_key="a", **said)])[0]))
    return found


def test_only_what_is_said_is_stored() -> None:
    assert stored() == {"ord": 1, "step_key": "a"}
    assert stored(
        sequence=0,
        source_type=StepSource.QUERY,
        status=StepStatus.FAILED,
        tool_name=" grep ",
        tool_call_id="c1",
        input=[],
        output={"rows": 0},
        error="no",
        started_at=NOW,
        completed_at=NOW,
    ) == {
        "ord": 1,
        "step_key": "a",
        "sequence": 0,
        "source_type": "query",
        "status": "failed",
        "tool_name": "grep",
        "tool_call_id": "c1",
        "input": [],
        "output": {"rows": 0},
        "error": "no",
        "started_at": "2026-01-01T00:00:00+00:00",
        "completed_at": "2026-01-01T00:00:00+00:00",
    }


def test_each_status_either_ends_a_step_or_does_not() -> None:
    assert set(StepStatus) - set(ENDED) == {StepStatus.PENDING, StepStatus.RUNNING}


@pytest.mark.parametrize("value", ["x" * (PAYLOAD_BYTES_MAX - 2), {"a": "x" * 100}, 0, False, ""])
def test_what_fits_is_kept_whole(value: object) -> None:
    assert stored(input=value, output=value) == {"ord": 1, "step_key": "a", "input": value, "output": value}


@pytest.mark.parametrize("value", ["x" * (PAYLOAD_BYTES_MAX - 1), "é" * PAYLOAD_BYTES_MAX, ['\\"\n'] * 50_000])
def test_what_is_larger_is_cut_and_says_so(value: object) -> None:
    whole = orjson.dumps(value)
    kept = stored(input="small", output=value)["output"]
    assert set(kept) == {"truncated", "bytes", "text"}
    assert (kept["truncated"], kept["bytes"]) == (True, len(whole))
    assert whole.decode().startswith(kept["text"])
    assert PAYLOAD_BYTES_MAX - 4 < len(kept["text"].encode()) <= PAYLOAD_BYTES_MAX


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"step_key": ""}, "stepKey"),
        ({"step_key": "  "}, "stepKey"),
        ({"step_key": "x" * 129}, "stepKey"),
        ({"step_key": "a\x00"}, "stepKey"),
        ({"sequence": -1}, "sequence"),
        ({"tool_name": "x" * 129}, "toolName"),
        ({"tool_name": "\ud800"}, "toolName"),
        ({"tool_call_id": "x" * 257}, "toolCallId"),
        ({"error": "x" * 16_385}, "error"),
        ({"error": "\x00"}, "error"),
        ({"input": {"a": ["\x00"]}}, "input"),
        ({"output": {"\udc00": 1}}, "output"),
        ({"output": float("inf")}, "output"),
        ({"output": 2**63}, "output"),
        ({"completed_at": NOW}, "completedAt"),
        ({"completed_at": NOW, "status": StepStatus.RUNNING}, "completedAt"),
        (
            {"completed_at": NOW, "started_at": NOW + timedelta(seconds=1), "status": StepStatus.COMPLETED},
            "completedAt",
        ),
    ],
    ids=lambda part: str(part)[:40].encode("ascii", "replace").decode(),
)
def test_what_breaks_a_rule_is_named_by_its_place(said: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as told:
        checked_steps([SaidStep(step_key="good"), SaidStep(**{"step_key": "a", **said})])
    assert told.value.field == f"steps[1].{field}"


def test_an_input_nested_too_deep_is_refused() -> None:
    value: object = 0
    for _ in range(65):
        value = [value]
    with pytest.raises(BadInput):
        stored(input=value)


def test_a_report_holds_so_many_steps_and_each_once() -> None:
    many = [SaidStep(step_key=str(at)) for at in range(STEPS_PER_REPORT_MAX + 1)]
    assert len(checked_steps(many[:-1])) == STEPS_PER_REPORT_MAX
    with pytest.raises(TooLarge) as told:
        checked_steps(many)
    assert told.value.facts == {"limit": STEPS_PER_REPORT_MAX}
    with pytest.raises(BadInput, match="twice"):
        checked_steps([SaidStep(step_key="a"), SaidStep(step_key="b"), SaidStep(step_key=" a ")])
