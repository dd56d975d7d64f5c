"""What the workspaces API takes in queries."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from app.domain.grid.page import OFFSET_MAX, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX, SortDirection
from app.domain.sharing.activity import FIRST_DEFAULT as ACTIVITY_DEFAULT
from app.domain.sharing.activity import FIRST_MAX as ACTIVITY_MAX
from app.domain.sharing.tag import TagMatch
from app.storage.rows.workspace import WorkspaceStatus
from app.web.rest.shape import Between

Offset = Annotated[int, Between(0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListWorkspacesQuery:
    """Which of the caller's own workspaces are listed."""

    status: WorkspaceStatus = WorkspaceStatus.ACTIVE
    tag: tuple[str, ...] | None = None
    tag_id: tuple[UUID, ...] | None = None
    tag_match: TagMatch = TagMatch.ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedQuery:
    """Which page of shared workspaces."""

    limit: Annotated[int, Between(1, 100)] = 25
    offset: Offset = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityQuery:
    """How many items."""

    limit: Annotated[int, Between(1, ACTIVITY_MAX)] = ACTIVITY_DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class DataQuery:
    """Which rows, in which order."""

    limit: Annotated[int, Between(1, PAGE_ROWS_MAX)] = PAGE_ROWS_DEFAULT
    offset: Offset = 0
    sort_column: str | None = None
    sort_direction: SortDirection = SortDirection.ASC


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesQuery:
    """Which messages; the cursor is that of the page before."""

    limit: Annotated[int, Between(1, 200)] = 50
    cursor: str | None = None


def skipped(offset: int) -> int:
    """How many items to pass over: no list is so long that more would make a difference."""
    return min(offset, OFFSET_MAX)
