"""Artifacts and their versions."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.graph.relation import related, value
from app.graph.scalars import JSON, BigInt
from app.graph.types.node import Node
from app.graph.types.run import Run
from app.graph.types.user import User
from app.storage.rows.grid import ArtifactKind, ArtifactRow

if TYPE_CHECKING:
    from app.graph.types.workspace import Workspace


@strawberry.type(description="A version of an artifact; it never changes.")
class ArtifactVersion:
    """One version."""

    id: strawberry.ID = value("The id of the version.")
    version: int = value("1 for the first.")
    metadata: JSON = value("What is known about it; a chart's specification stands here as chart_spec.")
    row_count: BigInt | None = value("How many rows it has, if it is a table.")
    created_at: datetime = value("When it was made.")
    created_by: User | None = related(lambda x: x.user_by_id, lambda row: row.created_by, "Who made it.")
    content: JSON | None = related(
        lambda x: x.content_by_version,
        lambda row: row.id,
        "What it holds; a table is {columns, rows} with each row an array.",
    )


@strawberry.type(description="A result that outlives what made it.")
class Artifact(Node):
    """An artifact."""

    name: str = value("What people call it.")
    kind: ArtifactKind = value("What it is.")
    created_at: datetime = value("When it was made.")
    created_by: User | None = related(lambda x: x.user_by_id, lambda row: row.created_by, "Who made it.")
    versions: list[ArtifactVersion] = related(
        lambda x: x.versions_by_artifact, lambda row: row.id, "Its versions, newest first."
    )
    run: Run | None = related(lambda x: x.run_by_id, lambda row: row.run_id, "The run that made it.")
    workspace: Annotated["Workspace", strawberry.lazy("app.graph.types.workspace")] | None = related(
        lambda x: x.workspace_by_id, lambda row: row.workspace_id, "The workspace whose readers see it."
    )

    @classmethod
    def is_type_of(cls, row: object, _info: object) -> bool:
        """Rows stand for types."""
        return isinstance(row, ArtifactRow)
