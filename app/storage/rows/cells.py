"""Cell edits as they are recorded."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from app.storage.rows.base import Row


class EditorType(StrEnum):
    """What kind of being edited a cell."""

    USER = "user"
    AGENT = "agent"
    TASK = "task"


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationRow(Row):
    """One edit of one cell; the values are as the wire shows cells, null for an empty one.

    `ws_row_id` is null for rows of a live table. `undo_of` is the edit that this one takes back, `undone_by` the one
    that took this back.
    """

    CONVERT: ClassVar = {"actor_type": EditorType}

    id: UUID
    workspace_id: UUID
    table_id: UUID
    column_name: str
    row_identity: dict[str, Any]
    ws_row_id: int | None
    old_value: Any
    new_value: Any
    actor_type: EditorType
    actor_id: str
    run_id: UUID | None
    undo_of: UUID | None
    undone_by: UUID | None
    created_at: datetime
