"""Workspaces."""

from datetime import datetime

import strawberry

from app.graph.relation import value
from app.graph.types.node import Node
from app.storage.rows.workspace import WorkspaceMode, WorkspaceRow, WorkspaceStatus


@strawberry.type(description="One person's working surface on one table.")
class Workspace(Node):
    """A workspace."""

    title: str = value("What people call it.")
    description: str | None = value("What it is for.")
    mode: WorkspaceMode = value("Whose rows it shows.")
    status: WorkspaceStatus = value("Whether it is in use.")
    created_at: datetime = value("When it was made.")
    updated_at: datetime = value("When it changed last.")

    @classmethod
    def is_type_of(cls, row: object, _info: object) -> bool:
        """Rows stand for types."""
        return isinstance(row, WorkspaceRow)
