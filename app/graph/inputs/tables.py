"""Inputs and payloads of tables and artifacts."""

import strawberry

from app.domain.grid.column import Column, ColumnType
from app.domain.grid.table import TableScope
from app.graph.inputs.base import MutationInput, RecordedPayload
from app.graph.scalars import JSON
from app.graph.types.artifact import Artifact
from app.graph.types.table import Table
from app.services.artifacts import ArtifactDraft
from app.services.tables import TableDraft
from app.storage.rows.grid import ArtifactKind


@strawberry.input(description="A column to make.")
class TableColumnInput:
    """Name and type."""

    name: str = strawberry.field(description="1 to 63 bytes; names that differ only in case are the same.")
    data_type: ColumnType = strawberry.field(description="What its cells hold.")
    display_name: str | None = strawberry.field(default=None, description="What people read; the name, if absent.")

    def to_column(self) -> Column:
        """The words of the domain."""
        return Column(name=self.name, display_name=self.display_name, data_type=self.data_type)


@strawberry.input(description="A table to make.")
class CreateTableInput(MutationInput):
    """Its name, its columns and whom it belongs to."""

    name: str = strawberry.field(description="1 to 255 characters, unique in its scope; workspaces are opened by it.")
    columns: list[TableColumnInput] = strawberry.field(description="1 to 500, in order.")
    primary_key: list[str] | None = strawberry.field(
        default=None, description="The columns that identify a row; without any, cells cannot be edited."
    )
    logical_name: str | None = strawberry.field(default=None, description="The name for people; the name, if absent.")
    scope: TableScope | None = strawberry.field(default=None, description="TENANT if absent.")
    workspace_id: strawberry.ID | None = strawberry.field(
        default=None, description="The workspace, for scope WORKSPACE only."
    )
    task_id: strawberry.ID | None = strawberry.field(default=None, description="The task, for scope TASK only.")

    def to_draft(self) -> TableDraft:
        """The words of the services."""
        return TableDraft(
            name=self.name,
            columns=[column.to_column() for column in self.columns],
            logical_name=self.logical_name,
            key=tuple(self.primary_key or ()),
            scope=self.scope,
            workspace_id=self.workspace_id,
            task_id=self.task_id,
        )


@strawberry.type(description="The answer to createTable.")
class CreateTablePayload(RecordedPayload):
    """The new table."""

    table: Table | None = strawberry.field(default=None, description="The new table, empty.")


@strawberry.input(description="Rows to add to a table, all or none.")
class ImportRowsInput(MutationInput):
    """Which table, which rows."""

    table_id: strawberry.ID = strawberry.field(description="The table.")
    rows: list[JSON] = strawberry.field(
        description="At most 10 000: objects by column name, where a missing key is null, or arrays in column order."
    )


@strawberry.type(description="The answer to importRows.")
class ImportRowsPayload(RecordedPayload):
    """The table after the import."""

    row_count: int | None = strawberry.field(default=None, description="How many rows this call added.")
    table: Table | None = strawberry.field(default=None, description="The table, after the change.")


@strawberry.input(description="A table to delete with its rows.")
class DeleteTableInput(MutationInput):
    """Which table."""

    table_id: strawberry.ID = strawberry.field(description="The table; no workspace may show it.")


@strawberry.type(description="The answer to deleteTable.")
class DeleteTablePayload(RecordedPayload):
    """What is gone."""

    table_id: strawberry.ID | None = strawberry.field(default=None, description="The table that is gone.")


@strawberry.input(description="Which tables of the list are wanted; conditions are joined by AND.")
class TableFilter:
    """Absent members mean any."""

    scope: TableScope | None = strawberry.field(default=None, description="Of this scope.")
    search: str | None = strawberry.field(default=None, description="Part of a name, in any case.")


@strawberry.input(description="An artifact to make: give its content, or the table whose rows it is to keep.")
class CreateArtifactInput(MutationInput):
    """What a creator may say."""

    name: str = strawberry.field(description="What people call it; 1 to 255 characters.")
    kind: ArtifactKind = strawberry.field(description="What it is.")
    workspace_id: strawberry.ID | None = strawberry.field(
        default=None, description="The workspace whose readers see it; all of the tenant, if absent."
    )
    content: JSON | None = strawberry.field(
        default=None,
        description="For TABLE {columns: [{name, dataType}], rows: [...]}, for CHART a chart specification,"
        " for MARKDOWN a string, else any JSON; at most 8 MiB.",
    )
    table_id: strawberry.ID | None = strawberry.field(
        default=None, description="For TABLE: copy the rows this table has now, at most 50 000."
    )
    run_id: strawberry.ID | None = strawberry.field(
        default=None, description="The run that made it; it then belongs to the workspace of that run."
    )

    def to_draft(self) -> ArtifactDraft:
        """The words of the services."""
        return ArtifactDraft(
            name=self.name,
            kind=self.kind,
            workspace_id=self.workspace_id,
            content=self.content,
            table_id=self.table_id,
            run_id=self.run_id,
        )


@strawberry.type(description="The answer to createArtifact.")
class CreateArtifactPayload(RecordedPayload):
    """The new artifact."""

    artifact: Artifact | None = strawberry.field(default=None, description="The new artifact, with its version 1.")
