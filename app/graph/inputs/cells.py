"""Inputs and payloads of cell edits."""

from typing import Any, Final

import strawberry

from app.domain.grid.cell_edit import CellEdit, Sent
from app.graph.inputs.base import MutationInput, RecordedPayload
from app.graph.scalars import JSON
from app.graph.types.cells import CellMutation

NOT_SENT: Final[Any] = strawberry.UNSET


@strawberry.input(description="One cell to write; name the row by exactly one of rowIdentity and wsRowId.")
class CellEditInput:
    """Which cell, and what it is to hold."""

    column: str = strawberry.field(description="The column; none that names the row.")
    new_value: JSON | None = strawberry.field(
        default=NOT_SENT, description="What the cell is to hold: required, but null is a value and empties the cell."
    )
    expected_old_value: JSON | None = strawberry.field(
        default=NOT_SENT,
        description="Write only if the cell holds this, null included; absent: the last write wins.",
    )
    row_identity: JSON | None = strawberry.field(
        default=None, description="Exactly the columns of rowIdentityColumns and their values."
    )
    ws_row_id: strawberry.ID | None = strawberry.field(
        default=None, description="The row's _ws_row_id; for copies only."
    )

    def to_edit(self) -> CellEdit:
        """The words of the domain."""
        return CellEdit(
            column=self.column,
            new=_sent(self.new_value),
            expected=_sent(self.expected_old_value),
            row_identity=self.row_identity,
            ws_row_id=self.ws_row_id,
        )


def _sent(given: object) -> Sent | None:
    return None if given is strawberry.UNSET else Sent(given)


@strawberry.input(description="A cell to write.")
class UpdateCellInput(MutationInput, CellEditInput):
    """The workspace and the edit."""

    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")


@strawberry.input(description="Cells to write, all or none, in this order.")
class UpdateCellsInput(MutationInput):
    """The workspace and the edits."""

    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")
    edits: list[CellEditInput] = strawberry.field(description="1 to 500.")


@strawberry.input(description="An edit to take back.")
class UndoCellMutationInput(MutationInput):
    """Which edit."""

    mutation_id: strawberry.ID = strawberry.field(
        description="One of your own edits; the cell must still hold what it wrote."
    )


@strawberry.type(description="What a cell holds instead of what its editor expected.")
class CellConflictDetail:
    """The present."""

    current_value: JSON | None = strawberry.field(description="The value of the cell.")
    row: JSON = strawberry.field(description="The whole row.")


@strawberry.type(description="What every mutation of cells answers.")
class CellPayload(RecordedPayload):
    """A payload with the present of the cell where that was not as expected."""

    conflict: CellConflictDetail | None = strawberry.field(
        default=None, description="What the cell holds, if that is why nothing was written."
    )


@strawberry.type(description="The answer to updateCell.")
class UpdateCellPayload(CellPayload):
    """The row after the edit."""

    mutation_id: strawberry.ID | None = strawberry.field(default=None, description="The record of the edit.")
    row: JSON | None = strawberry.field(default=None, description="The whole row, after the edit.")
    mutation: CellMutation | None = strawberry.field(default=None, description="The edit as it was recorded.")


@strawberry.type(description="One of several edits, after all of them.")
class CellUpdate:
    """An edit and its row."""

    mutation_id: strawberry.ID = strawberry.field(description="The record of the edit.")
    row: JSON = strawberry.field(description="The whole row, after all edits of the call.")


@strawberry.type(description="The answer to updateCells.")
class UpdateCellsPayload(CellPayload):
    """The rows after the edits."""

    updates: list[CellUpdate] = strawberry.field(default_factory=list, description="In the order of the edits.")


@strawberry.type(description="The answer to undoCellMutation.")
class UndoCellMutationPayload(CellPayload):
    """The row after the undo."""

    mutation_id: strawberry.ID | None = strawberry.field(
        default=None, description="The record of the undo, which can be taken back itself."
    )
    row: JSON | None = strawberry.field(default=None, description="The whole row, after the undo.")
    mutation: CellMutation | None = strawberry.field(default=None, description="The undo as it was recorded.")
