"""Whether a workspace is still there, and still to be changed: an archived one is frozen."""

from app.domain.errors import NotFound, WorkspaceArchived
from app.storage.rows.workspace import WorkspaceRow, WorkspaceStatus


def active(found: WorkspaceRow | None, field: str | None = None) -> WorkspaceRow:
    """The workspace, if it may still be changed."""
    if present(found, field).status is WorkspaceStatus.ARCHIVED:
        raise WorkspaceArchived(
            "The workspace is archived; restore it first.", field=field, reason="workspace_archived"
        )
    return present(found, field)


def present(found: WorkspaceRow | None, field: str | None = None) -> WorkspaceRow:
    """The workspace, if it is still there."""
    if found is None:
        raise NotFound("The workspace was deleted a moment ago.", field=field, reason="workspace_not_found")
    return found
