"""Conversations as they are stored: threads, their turns and messages, and the agents that answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from app.db.tx import Record
from app.domain.conversation import (
    OPEN_TURNS,
    AgentLifecycle,
    MessageError,
    MessageFormat,
    MessageRole,
    ScopeKind,
    TurnStatus,
    answer_of,
    turn_status,
)
from app.domain.tasks.run_status import RunStatus
from app.storage.rows.base import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpecRow(Row):
    """An agent that answers; kept when it is deleted, so that old threads still show who spoke."""

    CONVERT: ClassVar = {"lifecycle_status": AgentLifecycle}

    id: UUID
    slug: str
    name: str
    lifecycle_status: AgentLifecycle
    created_at: datetime
    deleted_at: datetime | None

    @property
    def is_deleted(self) -> bool:
        """Whether it is gone from every list."""
        return self.deleted_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRow(Row):
    """A conversation; without a workspace once that is deleted, without a task before its first message."""

    id: UUID
    workspace_id: UUID | None
    user_id: UUID
    agent_spec_id: UUID
    title: str | None
    task_id: str | None
    turn_count: int
    created_at: datetime
    updated_at: datetime

    @property
    def scope_kind(self) -> ScopeKind:
        """What it is about."""
        return ScopeKind.GENERAL if self.workspace_id is None else ScopeKind.WORKSPACE


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRow(Row):
    """A message and its answer; the run's columns are null once the run was deleted with its task."""

    CONVERT: ClassVar = {"run_status": RunStatus}

    id: UUID
    thread_id: UUID
    number: int
    run_id: UUID
    answer_id: UUID
    created_at: datetime
    run_status: RunStatus | None
    ended_at: datetime | None
    unapproved: bool

    @property
    def status(self) -> TurnStatus:
        """Where it stands."""
        return turn_status(self.run_status, unapproved=self.unapproved)

    @property
    def is_open(self) -> bool:
        """Whether the answer is still to come."""
        return self.status in OPEN_TURNS


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """A message: one that somebody wrote, or the answer that an ended run gives."""

    id: UUID
    thread_id: UUID
    turn_id: UUID | None
    role: MessageRole
    content: str
    raw_data: dict[str, object] | None
    created_by: UUID | None
    created_at: datetime
    duration_seconds: float | None
    canceled: bool
    error: MessageError | None

    @property
    def format(self) -> MessageFormat:
        """What the raw data is written in; without any there is only text."""
        return MessageFormat.TEXT if self.raw_data is None else MessageFormat.PYDANTIC_AI

    @classmethod
    def of(cls, record: Record) -> "MessageRow":
        """The message of a record; one without content of its own is the answer of the run beside it."""
        return cls._written(record) if record["content"] is not None else cls._answered(record)

    @classmethod
    def _written(cls, record: Record) -> "MessageRow":
        return cls(
            id=record["id"],
            thread_id=record["thread_id"],
            turn_id=record["turn_id"],
            role=MessageRole(record["role"]),
            content=record["content"],
            raw_data=record["raw_data"],
            created_by=record["created_by"],
            created_at=record["created_at"],
            duration_seconds=None,
            canceled=False,
            error=None,
        )

    @classmethod
    def _answered(cls, record: Record) -> "MessageRow":
        status = record["run_status"]
        answer = answer_of(
            None if status is None else RunStatus(status),
            run_id=str(record["run_id"]),
            result=record["result"],
            transcript=record["transcript"],
            failure=record["failure"],
        )
        return cls(
            id=record["id"],
            thread_id=record["thread_id"],
            turn_id=record["turn_id"],
            role=MessageRole.ASSISTANT,
            content=answer.content,
            raw_data=answer.raw_data,
            created_by=None,
            created_at=record["created_at"],
            duration_seconds=record["duration_seconds"],
            canceled=answer.canceled,
            error=answer.error,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRow(Row):
    """What a turn asks of whoever carries out its run."""

    run_id: UUID
    thread_id: UUID
    turn_id: UUID
    message_id: UUID
    content: str
    created_at: datetime
