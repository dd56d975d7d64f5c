"""Live tables, their columns and pages of their rows."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, cast

import strawberry

from app.domain.grid.column import ColumnType
from app.domain.grid.page import ReadOnlyReason
from app.domain.grid.table import TableScope, TableSource
from app.graph.context import Info
from app.graph.inputs.rows import Limit, Offset, RowFilters, Sort, rows_request
from app.graph.relation import related, value
from app.graph.scalars import JSON, BigInt
from app.graph.types.node import Node
from app.graph.types.user import User
from app.loaders.rows import table_rows
from app.storage.rows.editing import live_read_only
from app.storage.rows.grid import TableRow

if TYPE_CHECKING:
    from app.graph.types.task import Task
    from app.graph.types.workspace import Workspace


@strawberry.type(description="A column: its name, what people read, and what its cells hold.")
class TableColumn:
    """A column of a table or a page."""

    name: str = value("The key of its cells in the objects of a page.")
    display_name: str | None = value("What people read; the name, if null.")
    data_type: ColumnType = value("What its cells hold.")


@strawberry.type(description="A page of rows, exact and stable: one snapshot of the data, in a total order.")
class RowsPage:
    """Rows and what the caller may do with them."""

    items: list[JSON] = value("The rows, each an object by column name; rows of a copy also carry _ws_row_id.")
    total: int = value("How many rows there are in all that match.")
    has_next: bool = value("Whether more follow.")
    columns: list[TableColumn] = value("The columns, in source order.")
    row_identity_columns: list[str] = value("The columns that name a row; empty where only _ws_row_id does.")
    can_edit: bool = value("Whether you may edit cells now.")
    read_only_reason: ReadOnlyReason | None = value("Why you may not edit cells; null if you may.")


@strawberry.type(description="A live table: typed columns, rows that everybody who sees it sees change.")
class Table(Node):
    """A table of the catalogue."""

    name: str = value("Its name; workspaces are opened by it.")
    logical_name: str = value("Its name for people.")
    scope: TableScope = value("Whom it belongs to.")
    source_type: TableSource = value("What it is made of.")
    primary_key: list[str] = value("The columns that identify a row; empty if none do.")
    row_count: BigInt = value("How many rows it has.")
    created_at: datetime = value("When it was made.")
    last_write_at: datetime | None = value("When rows were written last.")
    created_by: User | None = related(lambda x: x.user_by_id, lambda table: table.created_by, "Who made it.")
    workspace: Annotated["Workspace", strawberry.lazy("app.graph.types.workspace")] | None = related(
        lambda x: x.workspace_by_id, lambda table: table.owner_workspace_id, "The workspace it belongs to."
    )
    task: Annotated["Task", strawberry.lazy("app.graph.types.task")] | None = related(
        lambda x: x.task_by_id, lambda table: table.owner_task_id, "The task it belongs to."
    )

    @strawberry.field(description="Its columns, in order.")
    def columns(root: strawberry.Parent[TableRow]) -> list[TableColumn]:
        """The row calls its list of columns otherwise."""
        return cast("list[TableColumn]", root.column_list)

    @strawberry.field(description="A page of its rows.")
    async def rows(
        root: strawberry.Parent[TableRow],
        info: Info,
        limit: Limit = None,
        offset: Offset = None,
        sort: Sort = None,
        filter: RowFilters = None,
    ) -> RowsPage:
        """One statement."""
        wanted = rows_request(limit, offset, sort, filter)
        return cast(RowsPage, await table_rows(info.context.loaders.reader, root, wanted))

    @classmethod
    def is_type_of(cls, row: object, _info: object) -> bool:
        """Rows stand for types."""
        return isinstance(row, TableRow)


@strawberry.type(description="A live table that you could open a workspace on.")
class TableCandidate:
    """A table and what a workspace on it could do."""

    table_name: str = value("What createWorkspace takes as backingTableName.", name="tableName")
    logical_table_name: str = value("Its name for people.")
    scope: TableScope = value("Whom it belongs to.")
    source_type: TableSource = value("What it is made of.")
    primary_key_columns: list[str] = value("The columns that identify a row; without any no cell can be edited.")
    row_count: BigInt = value("How many rows it has.")
    last_write_at: datetime | None = value("When rows were written last.")
    can_open_workspace: bool = value("Whether a workspace can be opened on it.")
    can_write: bool = value("Whether you may edit its cells.")
    read_only_reason: ReadOnlyReason | None = value("Why you may not edit its cells.")
    table: Table = value("The table itself.")

    @classmethod
    def of(cls, row: TableRow, info: Info) -> "TableCandidate":
        """The candidate as the viewer sees it."""
        reason = live_read_only(info.context.viewer, row)
        assert row.scope is not None
        return cls(
            table_name=row.name,
            logical_table_name=row.logical_name,
            scope=row.scope,
            source_type=row.source_type,
            primary_key_columns=list(row.primary_key),
            row_count=BigInt(row.row_count),
            last_write_at=row.last_write_at,
            can_open_workspace=bool(row.column_list),
            can_write=reason is None,
            read_only_reason=reason,
            table=cast(Table, row),
        )
