"""A binding as its task sees it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.graph.relation import value
from app.storage.rows.grid import WorkspaceBindingRow

if TYPE_CHECKING:
    from app.graph.types.workspace import Workspace


@strawberry.type(description="A workspace that a task works on.")
class BoundWorkspace:
    """A binding and its workspace."""

    mutates_workspace: bool = value("Whether the task's runs may change the data.")
    created_at: datetime = value("When it was bound.")
    workspace: Annotated["Workspace", strawberry.lazy("app.graph.types.workspace")] = value("The workspace.")

    @strawberry.field(description="The id of the binding.")
    def binding_id(root: strawberry.Parent[WorkspaceBindingRow]) -> strawberry.ID:
        """As text."""
        return strawberry.ID(str(root.id))
