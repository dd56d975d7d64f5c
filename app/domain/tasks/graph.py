"""Limits and rules of the task graph (tasks API, sections 3 and 11)."""

from typing import Final
from uuid import UUID

from app.domain.errors import BadInput, Conflict

DEPTH_MAX: Final = 8
CHILDREN_MAX: Final = 64
DEPENDENCIES_MAX: Final = 32


def check_child(*, parent_depth: int, siblings: int, parent_place: UUID | None, place: UUID | None) -> None:
    """Refuse a child that the tree has no room for, or that leaves its parent's workspace.

    `parent_depth` counts the root as 1. A parent without a workspace takes any child.
    """
    if parent_place is not None and place != parent_place:
        raise BadInput(
            "The parent belongs to a workspace; its children must belong to the same one.", field="workspaceId"
        )
    if parent_depth + 1 > DEPTH_MAX:
        raise Conflict(f"The tree would be deeper than {DEPTH_MAX} levels.", reason="graph_limit", field="taskId")
    if siblings + 1 > CHILDREN_MAX:
        raise Conflict(f"The parent has {CHILDREN_MAX} children already.", reason="graph_limit", field="taskId")


def check_dependency(*, count: int) -> None:
    """Refuse one dependency too many."""
    if count + 1 > DEPENDENCIES_MAX:
        raise Conflict(f"The task has {DEPENDENCIES_MAX} dependencies already.", reason="graph_limit")
