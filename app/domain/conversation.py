"""Conversations on a workspace: their words, how a title is found, and how a run becomes an answer."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import orjson

from app.domain.errors import BadInput
from app.domain.tasks.lease import LEASE_EXPIRED_ERROR
from app.domain.tasks.run_status import RunStatus
from app.domain.text import is_storable

CONTENT_LENGTH_MAX: Final = 32 * 1024
TITLE_LENGTH_MAX: Final = 60
MESSAGES_DEFAULT: Final = 50
MESSAGES_MAX: Final = 200
HISTORY_DEFAULT: Final = 20
# The agent that answers unless another is chosen; each tenant has one of its own.
DEFAULT_AGENT_SLUG: Final = "workspace-agent"
DEFAULT_AGENT_NAME: Final = "Workspace agent"


class MessageRole(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"
    TOOL = "tool"


class MessageFormat(StrEnum):
    """What the whole message is written in."""

    PYDANTIC_AI = "pydantic_ai"
    TEXT = "text"


class AgentLifecycle(StrEnum):
    """Whether new conversations may be had with an agent."""

    ACTIVE = "active"
    ARCHIVED = "archived"


class ScopeKind(StrEnum):
    """What a conversation is about."""

    GENERAL = "general"
    WORKSPACE = "workspace"
    DOCUMENT = "document"


class TurnStatus(StrEnum):
    """Where a turn stands: what its run says, in the words of people."""

    PENDING = "pending"
    RUNNING = "running"
    AWAITING_APPROVAL = "awaiting_approval"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


OPEN_TURNS: Final = frozenset({TurnStatus.PENDING, TurnStatus.RUNNING, TurnStatus.AWAITING_APPROVAL})
TURN_OF_RUN: Final = {
    RunStatus.QUEUED: TurnStatus.PENDING,
    RunStatus.CLAIMED: TurnStatus.RUNNING,
    RunStatus.STARTING: TurnStatus.RUNNING,
    RunStatus.RUNNING: TurnStatus.RUNNING,
    RunStatus.COMPLETED: TurnStatus.COMPLETED,
    RunStatus.FAILED: TurnStatus.FAILED,
    RunStatus.CANCELED: TurnStatus.CANCELED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageError:
    """Why there is no answer, as people read it; `reference_id` is what they quote to whoever helps them."""

    code: str
    title: str
    description: str
    reference_id: str
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an ended run says in its conversation; without an end well, the content is what had arrived."""

    content: str
    raw_data: dict[str, object] | None
    canceled: bool
    error: MessageError | None


def message_content(given: str) -> str:
    """The words of a message as they were written, or BadInput."""
    if not is_storable(given):
        raise BadInput("content holds a NUL or a lone surrogate; remove it.", field="content")
    if not given.strip():
        raise BadInput("content is empty; give at least one visible character.", field="content")
    if len(given) > CONTENT_LENGTH_MAX:
        raise BadInput(
            f"content has {len(given)} characters; at most {CONTENT_LENGTH_MAX} are allowed.", field="content"
        )
    return given


def title_of(content: str) -> str:
    """The first words of a first message, cut between words."""
    words = " ".join(content.split())
    if len(words) <= TITLE_LENGTH_MAX:
        return words
    whole, _, _ = words[: TITLE_LENGTH_MAX + 1].rpartition(" ")
    return (whole or words[:TITLE_LENGTH_MAX]) + "…"


def turn_status(run: RunStatus | None, *, unapproved: bool) -> TurnStatus:
    """Where a turn stands; a run that was deleted with its task answers nobody."""
    if run is None:
        return TurnStatus.CANCELED
    if run is RunStatus.QUEUED and unapproved:
        return TurnStatus.AWAITING_APPROVAL
    return TURN_OF_RUN[run]


def answer_of(
    status: RunStatus | None, *, run_id: str, result: object, transcript: str | None, failure: str | None
) -> Answer:
    """The answer of an ended run."""
    if status is RunStatus.COMPLETED:
        return Answer(content=_content(result, transcript), raw_data=_raw_data(result), canceled=False, error=None)
    error = _error(run_id, failure) if status is RunStatus.FAILED else None
    return Answer(content=transcript or "", raw_data=None, canceled=error is None, error=error)


def _content(result: object, transcript: str | None) -> str:
    said = result.get("content") if isinstance(result, dict) else result
    if isinstance(said, str):
        return said
    if transcript:
        return transcript
    return "" if result is None else orjson.dumps(result).decode()


def _raw_data(result: object) -> dict[str, object] | None:
    """The whole message, if the worker gave it."""
    raw = result.get("rawData") if isinstance(result, dict) else None
    return raw if isinstance(raw, dict) else None


def _error(run_id: str, failure: str | None) -> MessageError:
    expired = failure == LEASE_EXPIRED_ERROR
    return MessageError(
        code="lease_expired" if expired else "run_failed",
        title="The agent stopped answering" if expired else "The agent failed",
        description=failure or "The agent gave no reason.",
        reference_id=run_id,
        retryable=True,
    )
