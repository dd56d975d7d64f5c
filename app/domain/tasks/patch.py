"""Changes to a task: which fields may change, and to what (tasks API, section 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.domain.actor import OwnerKind
from app.domain.errors import BadInput
from app.domain.tasks.dispatch import RetryPolicy
from app.domain.tasks.draft import (
    ATTEMPTS_MAX,
    DESCRIPTION_LENGTH_MAX,
    IDENTIFIER_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    channel,
)
from app.domain.tasks.lease import METADATA_BYTES_MAX
from app.domain.tasks.status import PRIORITY_WEIGHTS, ApprovalPolicy, TaskPriority, initial_approval
from app.domain.tasks.workspace_key import own_key
from app.domain.text import checked, json_text

# The order in which an event names what changed.
FIELD_ORDER: Final = (
    "title",
    "description",
    "priority",
    "max_attempts",
    "approval_policy",
    "metadata",
    "network_channel",
    "owner",
    "not_before",
    "retry_policy",
    "concurrency_key",
    "enqueue_when_ready",
)
CLEARABLE: Final = frozenset({"not_before", "retry_policy", "concurrency_key"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPatch:
    """What is to change; None leaves a field as it is, an empty text clears description and channel."""

    title: str | None = None
    description: str | None = None
    priority: TaskPriority | None = None
    max_attempts: int | None = None
    approval_policy: ApprovalPolicy | None = None
    metadata: object = None
    network_channel: str | None = None
    owner_kind: OwnerKind | None = None
    owner_ref: str | None = None
    clear_owner: bool = False
    # How the task's next runs are dispatched; `clear` names those of them that are to be empty.
    not_before: datetime | None = None
    retry_policy: RetryPolicy | None = None
    concurrency_key: str | None = None
    enqueue_when_ready: bool | None = None
    clear: frozenset[str] = frozenset()


def columns_of(patch: TaskPatch) -> dict[str, object]:
    """The columns a patch sets; BadInput names the field that breaks a rule, or says that nothing is to change."""
    columns: dict[str, object] = {}
    if patch.title is not None:
        columns["title"] = checked(patch.title, "title", longest=TITLE_LENGTH_MAX)
    if patch.description is not None:
        text = checked(patch.description, "description", longest=DESCRIPTION_LENGTH_MAX, blank=True)
        columns["description"] = text or None
    if patch.priority is not None:
        columns["priority"] = PRIORITY_WEIGHTS[patch.priority]
    if patch.max_attempts is not None:
        if not 1 <= patch.max_attempts <= ATTEMPTS_MAX:
            raise BadInput(f"maxAttempts is {patch.max_attempts}; give 1 to {ATTEMPTS_MAX}.", field="maxAttempts")
        columns["max_attempts"] = patch.max_attempts
    if patch.approval_policy is not None:
        columns["approval_policy"] = patch.approval_policy.value
    if patch.metadata is not None:
        columns["metadata"] = json_text(patch.metadata, "metadata", bytes_max=METADATA_BYTES_MAX)
    if patch.network_channel is not None:
        columns["network_channel"] = channel(patch.network_channel) if patch.network_channel.strip() else None
    columns |= _owner(patch) | _dispatch(patch)
    if not columns:
        raise BadInput("Nothing is to change; give at least one field.")
    return columns


def _dispatch(patch: TaskPatch) -> dict[str, object]:
    columns: dict[str, object] = dict.fromkeys(sorted(patch.clear & CLEARABLE))
    if patch.not_before is not None:
        columns["not_before"] = patch.not_before
    if patch.retry_policy is not None:
        columns["retry_policy"] = patch.retry_policy.stored()
    if patch.concurrency_key is not None:
        columns["concurrency_key"] = own_key(patch.concurrency_key, "concurrencyKey")
    if patch.enqueue_when_ready is not None:
        columns["enqueue_when_ready"] = patch.enqueue_when_ready
    return columns


def changed_fields(columns: Sequence[str]) -> list[str]:
    """The fields behind columns, in the order in which an event names them."""
    names = {"owner" if name in ("owner_kind", "owner_ref") else name for name in columns}
    return [name for name in FIELD_ORDER if name in names]


def approval_after(policy: str) -> str:
    """A changed policy starts its decision anew."""
    return initial_approval(ApprovalPolicy(policy)).value


def _owner(patch: TaskPatch) -> dict[str, object]:
    given = patch.owner_kind is not None or patch.owner_ref is not None
    if patch.clear_owner:
        if given:
            raise BadInput("Give either owner or clearOwner.", field="owner")
        return {"owner_kind": None, "owner_ref": None}
    if not given:
        return {}
    if patch.owner_kind is None or patch.owner_ref is None:
        raise BadInput("owner needs both kind and ref.", field="owner")
    ref = checked(patch.owner_ref, "owner.ref", longest=IDENTIFIER_LENGTH_MAX)
    return {"owner_kind": patch.owner_kind.value, "owner_ref": ref}
