"""Root fields about cells: edits and their undo."""

from collections.abc import Awaitable
from typing import Annotated, TypeVar, cast

import strawberry

from app.domain.grid.cell_edit import CellConflict
from app.graph.context import Info
from app.graph.errors import UserError
from app.graph.inputs.base import MutationInput
from app.graph.inputs.cells import (
    CellConflictDetail,
    CellPayload,
    CellUpdate,
    UndoCellMutationInput,
    UndoCellMutationPayload,
    UpdateCellInput,
    UpdateCellPayload,
    UpdateCellsInput,
    UpdateCellsPayload,
)
from app.graph.scalars import JSON, BigInt
from app.graph.types.cells import CellMutation
from app.resolvers.outcome import shown
from app.resolvers.problems import each_problem
from app.services.cells import Edited

Payload = TypeVar("Payload", bound=CellPayload)
OneEdit = TypeVar("OneEdit", UpdateCellPayload, UndoCellMutationPayload)


@strawberry.type
class CellMutations:
    """Writes."""

    @strawberry.mutation(description="Write one cell.")
    async def update_cell(
        self, info: Info, input: Annotated[UpdateCellInput, strawberry.argument(description="Cell and value.")]
    ) -> UpdateCellPayload:
        """Refused if the cell does not hold what was expected."""

        async def work() -> UpdateCellPayload:
            done = await info.context.services.cells.update(info.context.viewer, input.workspace_id, input.to_edit())
            return _told(UpdateCellPayload, done)

        return await _or_conflict(UpdateCellPayload, info, input, work())

    @strawberry.mutation(description="Write up to 500 cells of a workspace, all or none.")
    async def update_cells(
        self, info: Info, input: Annotated[UpdateCellsInput, strawberry.argument(description="Cells and values.")]
    ) -> UpdateCellsPayload:
        """In their order."""

        async def work() -> UpdateCellsPayload:
            edits = [edit.to_edit() for edit in input.edits]
            done = await info.context.services.cells.update_many(info.context.viewer, input.workspace_id, edits)
            updates = [CellUpdate(mutation_id=_id(one), row=cast(JSON, one.row)) for one in done]
            return UpdateCellsPayload(updates=updates, sequence=BigInt(done[-1].sequence))

        return await _or_conflict(UpdateCellsPayload, info, input, work())

    @strawberry.mutation(description="Take back one of your own edits.")
    async def undo_cell_mutation(
        self, info: Info, input: Annotated[UndoCellMutationInput, strawberry.argument(description="Which edit.")]
    ) -> UndoCellMutationPayload:
        """Refused if the cell was written since."""

        async def work() -> UndoCellMutationPayload:
            done = await info.context.services.cells.undo(info.context.viewer, input.mutation_id)
            return _told(UndoCellMutationPayload, done)

        return await _or_conflict(UndoCellMutationPayload, info, input, work())


def _id(done: Edited) -> strawberry.ID:
    return strawberry.ID(str(done.mutation.id))


def _told(kind: type[OneEdit], done: Edited) -> OneEdit:
    return kind(
        mutation_id=_id(done),
        row=cast(JSON, done.row),
        mutation=shown(CellMutation, done.mutation),
        sequence=BigInt(done.sequence),
    )


async def _or_conflict(kind: type[Payload], info: Info, input: MutationInput, work: Awaitable[Payload]) -> Payload:
    """The payload, with what the cell holds where that was not as expected."""

    async def told() -> Payload:
        try:
            return await work
        except CellConflict as problem:
            facts = problem.facts
            present = CellConflictDetail(
                current_value=cast("JSON | None", facts["currentValue"]), row=cast(JSON, facts["row"])
            )
            return kind(user_errors=[UserError.of(problem)], conflict=present)

    return await each_problem(kind, info, input, told())
