"""Cell edits as they were recorded."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.domain.ids import parse_uuid
from app.graph.enums import described
from app.graph.relation import related, value
from app.graph.scalars import JSON, BigInt
from app.graph.types.node import Node
from app.graph.types.user import User
from app.storage.rows.cells import EditorType, MutationRow

if TYPE_CHECKING:
    from app.graph.types.run import Run
    from app.graph.types.workspace import Workspace

described(
    EditorType,
    "What kind of being edited a cell.",
    {"user": "A person.", "agent": "An agent.", "task": "A task."},
)


@strawberry.type(description="One edit of one cell: who wrote what over what; it stays for the record.")
class CellMutation(Node):
    """An edit."""

    column_name: str = value("The column.", name="column")
    row_identity: JSON = value("The columns that name the row and their values.")
    ws_row_id: BigInt | None = value("The number of the row of a copy; null for a row of a live table.")
    old_value: JSON | None = value("What the cell held before.")
    new_value: JSON | None = value("What it held after.")
    actor_type: EditorType = value("What kind of being wrote it.")
    actor_id: strawberry.ID = value("The id of whoever wrote it.")
    undo_of: strawberry.ID | None = value("The edit that this one takes back.")
    undone_by: strawberry.ID | None = value("The edit that took this one back; each can be taken back once.")
    created_at: datetime = value("When it was written.")
    user: User | None = related(
        lambda x: x.user_by_id,
        lambda row: parse_uuid(row.actor_id) if row.actor_type is EditorType.USER else None,
        "The person who wrote it; null if it was none.",
    )
    run: Annotated["Run", strawberry.lazy("app.graph.types.run")] | None = related(
        lambda x: x.run_by_id, lambda row: row.run_id, "The run that wrote it, if one did."
    )
    workspace: Annotated["Workspace", strawberry.lazy("app.graph.types.workspace")] | None = related(
        lambda x: x.workspace_by_id, lambda row: row.workspace_id, "The workspace it was made in."
    )

    @classmethod
    def is_type_of(cls, row: object, _info: object) -> bool:
        """Rows stand for types."""
        return isinstance(row, MutationRow)
