"""Steps of a run: what a worker may say about them, and how much of it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import orjson

from app.domain.errors import BadInput, TooLarge
from app.domain.tasks.lease import ERROR_LENGTH_MAX
from app.domain.text import checked, json_text

STEPS_PER_REPORT_MAX: Final = 100
STEPS_PER_RUN_MAX: Final = 1_000
KEY_LENGTH_MAX: Final = 128
TOOL_CALL_ID_LENGTH_MAX: Final = 256
SEQUENCE_MAX: Final = 2**31 - 1
PAYLOAD_BYTES_MAX: Final = 16 * 1024
# What may arrive at all; a whole request is smaller.
ARRIVING_BYTES_MAX: Final = 4 << 20


class StepStatus(StrEnum):
    """Where a step stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELED = "canceled"


class StepSource(StrEnum):
    """What carries a step out."""

    TOOL = "tool"
    AGENT = "agent"
    QUERY = "query"
    APPROVAL = "approval"
    SYSTEM = "system"


ENDED: Final = (StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.SKIPPED, StepStatus.CANCELED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidStep:
    """What a worker says about one step; None leaves a member as it is, or lets the server choose."""

    step_key: str
    sequence: int | None = None
    source_type: StepSource | None = None
    status: StepStatus | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None
    input: object = None
    output: object = None
    error: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


def checked_steps(said: Sequence[SaidStep]) -> list[dict[str, object]]:
    """The steps in the form in which they are stored, or BadInput naming the first that breaks a rule."""
    if len(said) > STEPS_PER_REPORT_MAX:
        raise TooLarge(
            f"steps holds {len(said)} items; at most {STEPS_PER_REPORT_MAX} are allowed in a report.",
            field="steps",
            limit=STEPS_PER_REPORT_MAX,
        )
    stored = [_checked(step, f"steps[{at}]") for at, step in enumerate(said)]
    keys = [step["step_key"] for step in stored]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadInput(f"steps names {twice!r} twice; say each step once.", field="steps")
    return [{"ord": at, **step} for at, step in enumerate(stored, start=1)]


def _checked(step: SaidStep, field: str) -> dict[str, object]:
    if step.sequence is not None and not 0 <= step.sequence <= SEQUENCE_MAX:
        raise BadInput(f"{field}.sequence is {step.sequence}; give 0 or more.", field=f"{field}.sequence")
    _check_times(step, field)
    texts = (
        ("step_key", step.step_key, "stepKey", KEY_LENGTH_MAX),
        ("tool_name", step.tool_name, "toolName", KEY_LENGTH_MAX),
        ("tool_call_id", step.tool_call_id, "toolCallId", TOOL_CALL_ID_LENGTH_MAX),
        ("error", step.error, "error", ERROR_LENGTH_MAX),
    )
    found: dict[str, object] = {
        name: checked(text, f"{field}.{wire}", longest=longest) for name, text, wire, longest in texts if text
    }
    if "step_key" not in found:
        raise BadInput(f"{field}.stepKey is empty; give at least one visible character.", field=f"{field}.stepKey")
    payloads = (("input", step.input), ("output", step.output))
    found |= {name: _kept(value, f"{field}.{name}") for name, value in payloads if value is not None}
    plain = ("sequence", "source_type", "status", "started_at", "completed_at")
    return found | {name: value for name in plain if (value := getattr(step, name)) is not None}


def _check_times(step: SaidStep, field: str) -> None:
    if step.completed_at is None:
        return
    if step.status not in ENDED:
        raise BadInput(
            f"{field}.completedAt is given for a step that has not ended; give a status that ends it.",
            field=f"{field}.completedAt",
        )
    if step.started_at is not None and step.completed_at < step.started_at:
        raise BadInput(f"{field}.completedAt is before startedAt.", field=f"{field}.completedAt")


def _kept(value: object, field: str) -> orjson.Fragment:
    """The value as JSON; of a larger one the beginning of its text, its size, and a mark that says so."""
    text = json_text(value, field, bytes_max=ARRIVING_BYTES_MAX)
    encoded = text.encode()
    if len(encoded) <= PAYLOAD_BYTES_MAX:
        return orjson.Fragment(text)
    beginning = encoded[:PAYLOAD_BYTES_MAX].decode(errors="ignore")
    return orjson.Fragment(orjson.dumps({"truncated": True, "bytes": len(encoded), "text": beginning}))
