"""Root fields about live tables."""

from typing import Annotated

import strawberry

from app.domain.grid.table import TABLE_NAME_LENGTH_MAX
from app.domain.ids import parse_uuid
from app.domain.paging import page_size
from app.domain.text import checked
from app.graph.connection import Connection
from app.graph.context import Info
from app.graph.inputs.tables import (
    CreateTableInput,
    CreateTablePayload,
    DeleteTableInput,
    DeleteTablePayload,
    ImportRowsInput,
    ImportRowsPayload,
    TableFilter,
)
from app.graph.scalars import known_sequence
from app.graph.types.table import Table, TableCandidate
from app.loaders.grid import candidates, table_page
from app.resolvers.outcome import shown
from app.resolvers.problems import each_problem
from app.storage.catalog import Filter


@strawberry.type
class TableQueries:
    """Reads."""

    @strawberry.field(description="A live table; null if there is none that you may see.")
    async def table(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The table.")]
    ) -> Table | None:
        """By id."""
        table_id = parse_uuid(id)
        return shown(Table, None if table_id is None else await info.context.loaders.table_by_id.load(table_id))

    @strawberry.field(description="The live tables you may see, newest first.")
    async def tables(
        self,
        info: Info,
        filter: Annotated[TableFilter | None, strawberry.argument(description="Which of them.")] = None,
        first: Annotated[int | None, strawberry.argument(description="At most so many; 25, at most 100.")] = None,
        after: Annotated[str | None, strawberry.argument(description="What follows this cursor.")] = None,
    ) -> Connection[Table]:
        """A page."""
        page, count = await table_page(
            info.context.loaders.reader, to_filter(filter), after=after, first=page_size(first)
        )
        return Connection.of(page, count)

    @strawberry.field(description="The live tables you could open a workspace on, last written first; at most 500.")
    async def table_candidates(self, info: Info) -> list[TableCandidate]:
        """With what you could do in such a workspace."""
        return [TableCandidate.of(row, info) for row in await candidates(info.context.loaders.reader)]


def to_filter(given: TableFilter | None) -> Filter:
    """The filter in the words of storage."""
    if given is None:
        return Filter()
    search = checked(given.search or "", "filter.search", longest=TABLE_NAME_LENGTH_MAX, blank=True)
    return Filter(scope=given.scope.value if given.scope else None, search=search or None)


@strawberry.type
class TableMutations:
    """Writes."""

    @strawberry.mutation(description="Make a live table.")
    async def create_table(
        self, info: Info, input: Annotated[CreateTableInput, strawberry.argument(description="The table.")]
    ) -> CreateTablePayload:
        """Empty."""

        async def work() -> CreateTablePayload:
            made = await info.context.services.tables.create(info.context.viewer, input.to_draft())
            return CreateTablePayload(table=shown(Table, made.table), sequence=known_sequence(made.sequence))

        return await each_problem(CreateTablePayload, info, input, work())

    @strawberry.mutation(description="Add rows to a live table, all or none.")
    async def import_rows(
        self, info: Info, input: Annotated[ImportRowsInput, strawberry.argument(description="Table and rows.")]
    ) -> ImportRowsPayload:
        """Every row that is refused is told."""

        async def work() -> ImportRowsPayload:
            done = await info.context.services.tables.import_rows(info.context.viewer, input.table_id, input.rows)
            return ImportRowsPayload(
                row_count=done.imported, table=shown(Table, done.table), sequence=known_sequence(done.sequence)
            )

        return await each_problem(ImportRowsPayload, info, input, work())

    @strawberry.mutation(description="Delete a live table with its rows; refused while a workspace shows it.")
    async def delete_table(
        self, info: Info, input: Annotated[DeleteTableInput, strawberry.argument(description="Which table.")]
    ) -> DeleteTablePayload:
        """For good."""

        async def work() -> DeleteTablePayload:
            done = await info.context.services.tables.delete(info.context.viewer, input.table_id)
            return DeleteTablePayload(
                table_id=strawberry.ID(str(done.table.id)), sequence=known_sequence(done.sequence)
            )

        return await each_problem(DeleteTablePayload, info, input, work())
