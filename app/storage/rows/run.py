"""What stands beside a run as it is stored: its steps, where it came from, its channel and what its tree used."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from app.domain.tasks.channels import CoordinationMessageKind
from app.domain.tasks.steps import StepSource, StepStatus
from app.domain.tasks.usage import decimal_text
from app.storage.rows.base import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStepRow(Row):
    """A step of a run, without its input and output."""

    CONVERT: ClassVar = {"source_type": StepSource, "status": StepStatus}

    run_id: UUID
    step_key: str
    sequence: int
    source_type: StepSource
    status: StepStatus
    tool_name: str | None
    tool_call_id: str | None
    error: str | None
    started_at: datetime | None
    completed_at: datetime | None

    @property
    def key(self) -> tuple[UUID, str]:
        """What names it within the tenant."""
        return self.run_id, self.step_key

    @property
    def duration_ms(self) -> int | None:
        """How long it took; None while it has not begun or not ended."""
        if self.started_at is None or self.completed_at is None:
            return None
        return max(0, round((self.completed_at - self.started_at).total_seconds() * 1_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPayload:
    """What went into a step and what came out of it."""

    input: object
    output: object


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageRow(Row):
    """Where a run came from; the root of a tree names itself."""

    run_id: UUID
    parent_run_id: UUID | None
    root_run_id: UUID
    depth: int
    retry_of_run_id: UUID | None
    thread_id: UUID | None
    triggered_by: str
    trigger_ref: str | None

    @classmethod
    def alone(cls, run_id: UUID) -> "LineageRow":
        """The lineage of a run of which nothing else is known: a caller of the API queued it."""
        return cls(
            run_id=run_id,
            parent_run_id=None,
            root_run_id=run_id,
            depth=0,
            retry_of_run_id=None,
            thread_id=None,
            triggered_by="api",
            trigger_ref=None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRow(Row):
    """The channel on which agents talk about a run."""

    run_id: UUID
    task_id: str
    workspace_id: UUID
    name: str
    purpose: str
    workflow_id: str | None
    last_activity_at: datetime

    @property
    def id(self) -> str:
        """A channel is known by its name."""
        return self.name

    @property
    def channel(self) -> str:
        """Its name on the network."""
        return self.name

    @property
    def display_name(self) -> str:
        """What people call it."""
        return self.name

    @property
    def allowed_message_kinds(self) -> tuple[CoordinationMessageKind, ...]:
        """Always all."""
        return tuple(CoordinationMessageKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeUsageRow(Row):
    """What the runs of a tree used together; None where none of them said so."""

    CONVERT: ClassVar = {
        "input_tokens": int,
        "output_tokens": int,
        "cached_input_tokens": int,
        "cache_write_tokens": int,
        "total_cost": decimal_text,
    }

    run_count: int
    input_tokens: int | None
    output_tokens: int | None
    cached_input_tokens: int | None
    cache_write_tokens: int | None
    total_cost: str | None
