"""A task as its creator describes it, and the rules it must keep (tasks API, section 3)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.domain.actor import OwnerKind
from app.domain.errors import BadInput
from app.domain.ids import TASK_ID_LENGTH_MAX, is_task_id
from app.domain.tasks.dispatch import RetryPolicy, dispatch_key
from app.domain.tasks.lease import METADATA_BYTES_MAX
from app.domain.tasks.matching import capability_set
from app.domain.tasks.status import ApprovalPolicy, TaskPriority, TaskScope
from app.domain.tasks.workspace_key import own_key
from app.domain.text import checked, json_text

TITLE_LENGTH_MAX: Final = 1_000
DESCRIPTION_LENGTH_MAX: Final = 64 * 1024
IDENTIFIER_LENGTH_MAX: Final = 255
ATTEMPTS_DEFAULT: Final = 3
ATTEMPTS_MAX: Final = 10
CHANNEL: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
KEY_LENGTH_MAX: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDraft:
    """What a creator asks for; the server fills in the rest."""

    title: str
    scope: TaskScope
    id: str | None = None
    identifier: str | None = None
    workspace_id: str | None = None
    network_channel: str | None = None
    description: str | None = None
    priority: TaskPriority | None = None
    max_attempts: int | None = None
    draft: bool = False
    approval_policy: ApprovalPolicy | None = None
    owner_kind: OwnerKind | None = None
    owner_ref: str | None = None
    required_capabilities: Sequence[str] | None = None
    preferred_capabilities: Sequence[str] | None = None
    not_before: datetime | None = None
    retry_policy: RetryPolicy | None = None
    concurrency_key: str | None = None
    unique_key: str | None = None
    enqueue_when_ready: bool = False
    metadata: object = None


def channel(name: str | None) -> str | None:
    """A network channel's name, or BadInput with the grammar."""
    if name is None:
        return None
    trimmed = name.strip()
    if not CHANNEL.fullmatch(trimmed):
        raise BadInput(
            "networkChannel must be 1 to 64 of a-z, 0-9, _ and -, and start with a letter or digit.",
            field="networkChannel",
        )
    return trimmed


def idempotency_key(given: str | None) -> str | None:
    """A caller's key for a request that may be repeated; blank means none."""
    if given is None or not given.strip():
        return None
    return checked(given, "idempotencyKey", longest=KEY_LENGTH_MAX)


def validated(draft: TaskDraft) -> dict[str, object]:
    """The columns that follow from the creator's words alone; BadInput names the field that breaks a rule."""
    if draft.id is not None and not is_task_id(draft.id):
        raise BadInput(f"id must be 1 to {TASK_ID_LENGTH_MAX} printable characters without outer blanks.", field="id")
    if (draft.scope is TaskScope.WORKSPACE) != (draft.workspace_id is not None):
        raise BadInput(
            "A task of scope WORKSPACE needs workspaceId; a task of scope GLOBAL must not have one.",
            field="workspaceId",
        )
    attempts = ATTEMPTS_DEFAULT if draft.max_attempts is None else draft.max_attempts
    if not 1 <= attempts <= ATTEMPTS_MAX:
        raise BadInput(f"maxAttempts is {attempts}; give 1 to {ATTEMPTS_MAX}.", field="maxAttempts")
    return {
        "title": checked(draft.title, "title", longest=TITLE_LENGTH_MAX),
        "scope": draft.scope.value,
        "identifier": _optional(draft.identifier, "identifier", IDENTIFIER_LENGTH_MAX),
        "description": _optional(draft.description, "description", DESCRIPTION_LENGTH_MAX),
        "network_channel": channel(draft.network_channel),
        "max_attempts": attempts,
        "required_capabilities": capability_set(draft.required_capabilities, "requiredCapabilities"),
        **_dispatch(draft),
        **_owner(draft),
        "metadata": draft.metadata if _metadata_fits(draft.metadata) else None,
    }


def _dispatch(draft: TaskDraft) -> dict[str, object]:
    return {
        "preferred_capabilities": capability_set(draft.preferred_capabilities, "preferredCapabilities"),
        "not_before": None if draft.not_before is None else draft.not_before.isoformat(),
        "retry_policy": None if draft.retry_policy is None else draft.retry_policy.stored(),
        "concurrency_key": own_key(draft.concurrency_key, "concurrencyKey"),
        "unique_key": dispatch_key(draft.unique_key, "uniqueKey"),
        "enqueue_when_ready": draft.enqueue_when_ready,
    }


def _owner(draft: TaskDraft) -> dict[str, object]:
    if draft.owner_kind is None and draft.owner_ref is None:
        return {"owner_kind": None, "owner_ref": None}
    if draft.owner_kind is None or draft.owner_ref is None:
        raise BadInput("owner needs both kind and ref.", field="owner")
    return {
        "owner_kind": draft.owner_kind.value,
        "owner_ref": checked(draft.owner_ref, "owner.ref", longest=IDENTIFIER_LENGTH_MAX),
    }


def _metadata_fits(metadata: object) -> bool:
    if metadata is not None:
        json_text(metadata, "metadata", bytes_max=METADATA_BYTES_MAX)
    return True


def _optional(text: str | None, field: str, longest: int) -> str | None:
    if text is None:
        return None
    return checked(text, field, longest=longest, blank=True) or None
