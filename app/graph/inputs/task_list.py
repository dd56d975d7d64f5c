"""Which tasks of a list are wanted, and in which order."""

from dataclasses import replace

import strawberry

from app.domain.actor import OriginKind, OwnerKind
from app.domain.errors import NotFound
from app.domain.ids import is_task_id, parse_uuid
from app.domain.tasks.draft import IDENTIFIER_LENGTH_MAX, TITLE_LENGTH_MAX, channel
from app.domain.tasks.status import PRIORITY_WEIGHTS, ApprovalState, TaskPriority, TaskScope, TaskStatus
from app.domain.text import checked
from app.storage.task_filter import Filter


@strawberry.input(description="Which tasks of the list are wanted; conditions are joined by AND.")
class TaskFilter:
    """Absent members mean any."""

    workspace_id: strawberry.ID | None = strawberry.field(default=None, description="Of this workspace.")
    scope: TaskScope | None = strawberry.field(default=None, description="Of this scope.")
    statuses: list[TaskStatus] | None = strawberry.field(default=None, description="In one of these states.")
    include_drafts: bool = strawberry.field(
        default=True, description="Whether drafts are wanted; where statuses are named, those decide."
    )
    priorities: list[TaskPriority] | None = strawberry.field(default=None, description="As urgent as one of these.")
    approval_state: ApprovalState | None = strawberry.field(default=None, description="With this decision.")
    owner_kind: OwnerKind | None = strawberry.field(default=None, description="Belonging to this kind of being.")
    owner_ref: str | None = strawberry.field(default=None, description="Belonging to the being of this reference.")
    parent_id: strawberry.ID | None = strawberry.field(default=None, description="Direct children of this task.")
    network_channel: str | None = strawberry.field(default=None, description="For this channel.")
    origin_kind: OriginKind | None = strawberry.field(default=None, description="Made through this door.")
    search: str | None = strawberry.field(
        default=None, description="Part of title or identifier, in any case; % and _ stand for themselves."
    )


def to_filter(given: TaskFilter | None) -> Filter:
    """The filter in the words of storage; an id that can name nothing is refused as unknown."""
    if given is None:
        return Filter()
    if given.parent_id is not None and not is_task_id(given.parent_id):
        raise NotFound(f"There is no task {given.parent_id[:140]!r}.", field="filter.parentId")
    return replace(
        shared_filter(given.scope, given.workspace_id, given.owner_kind, given.owner_ref),
        statuses=tuple(s.value for s in given.statuses) if given.statuses is not None else None,
        priorities=tuple(PRIORITY_WEIGHTS[p] for p in given.priorities) if given.priorities is not None else None,
        approval_state=given.approval_state.value if given.approval_state else None,
        parent_task_id=given.parent_id,
        network_channel=channel(given.network_channel),
        origin_kind=given.origin_kind.value if given.origin_kind else None,
        search=searched(given.search),
        without_drafts=not given.include_drafts,
    )


def shared_filter(
    scope: TaskScope | None, workspace_id: str | None, owner_kind: OwnerKind | None, owner_ref: str | None
) -> Filter:
    """The conditions that list, dashboard and inbox share."""
    place = parse_uuid(workspace_id) if workspace_id is not None else None
    if workspace_id is not None and place is None:
        raise NotFound(f"There is no workspace {workspace_id[:140]!r}.", field="filter.workspaceId")
    return Filter(
        scope=scope.value if scope else None,
        workspace_id=place,
        owner_kind=owner_kind.value if owner_kind else None,
        owner_ref=storable(owner_ref, "filter.ownerRef", IDENTIFIER_LENGTH_MAX),
    )


def searched(text: str | None) -> str | None:
    """What a title or identifier must contain; blank means any."""
    return storable(text, "filter.search", TITLE_LENGTH_MAX) or None


def storable(text: str | None, field: str, longest: int) -> str | None:
    """Text that may be compared with what is stored."""
    return None if text is None else checked(text, field, longest=longest, blank=True)
