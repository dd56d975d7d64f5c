"""Inputs and payloads of workspaces and their bound tasks."""

import strawberry

from app.domain.grid.row_identity import RowIdWarning
from app.domain.grid.table import TableScope
from app.graph.inputs.base import MutationInput, RecordedPayload
from app.graph.types.workspace import Workspace
from app.services.workspace_draft import Binding, WorkspaceDraft
from app.storage.rows.workspace import WorkspaceMode


@strawberry.input(description="A task to bind to a workspace.")
class TaskBindingInput:
    """Which task, and whether it writes."""

    task_id: strawberry.ID = strawberry.field(description="The task.")
    mutates_workspace: bool = strawberry.field(default=False, description="Whether its runs may change the data.")

    def to_binding(self) -> Binding:
        """The words of the services."""
        return Binding(task_id=self.task_id, mutates=self.mutates_workspace)


@strawberry.input(
    description="A workspace to make: SNAPSHOT copies the rows of an artifact (or is empty without one),"
    " OPERATIONAL shows a live table."
)
class CreateWorkspaceInput(MutationInput):
    """What a creator may say."""

    title: str = strawberry.field(description="What people call it; 1 to 255 characters.")
    mode: WorkspaceMode | None = strawberry.field(default=None, description="SNAPSHOT if absent.")
    description: str | None = strawberry.field(default=None, description="What it is for.")
    backing_table_name: str | None = strawberry.field(
        default=None, description="OPERATIONAL: the name of the live table."
    )
    backing_table_scope: TableScope | None = strawberry.field(
        default=None, description="OPERATIONAL: needed where tables of several scopes have this name."
    )
    artifact_id: strawberry.ID | None = strawberry.field(
        default=None, description="SNAPSHOT: the artifact whose rows are copied."
    )
    version: int | None = strawberry.field(default=None, description="Of the artifact; the newest, if absent.")
    row_id_column: str | None = strawberry.field(
        default=None, description="The column that should identify rows; if it cannot, a warning says so."
    )
    task_bindings: list[TaskBindingInput] | None = strawberry.field(
        default=None, description="Tasks to bind at once; at most 100."
    )

    def to_draft(self) -> WorkspaceDraft:
        """The words of the services."""
        return WorkspaceDraft(
            title=self.title,
            mode=self.mode or WorkspaceMode.SNAPSHOT,
            description=self.description,
            table_name=self.backing_table_name,
            table_scope=self.backing_table_scope,
            artifact_id=self.artifact_id,
            version=self.version,
            row_id_column=self.row_id_column,
            bindings=[one.to_binding() for one in self.task_bindings or ()],
        )


@strawberry.type(description="A workspace was made, but not quite as asked.")
class WorkspaceWarning:
    """What is otherwise than asked."""

    code: str = strawberry.field(
        description="row_id_column_not_found, row_id_column_has_nulls or row_id_column_not_unique."
    )
    message: str = strawberry.field(description="The same in words.")
    requested_row_id_column: str | None = strawberry.field(description="The column that was asked for.")
    effective_row_id_column: str | None = strawberry.field(description="The column that identifies rows instead.")

    @classmethod
    def of(cls, found: RowIdWarning) -> "WorkspaceWarning":
        """The warning as a graph type."""
        return cls(
            code=found.code.value,
            message=found.message,
            requested_row_id_column=found.requested_row_id_column,
            effective_row_id_column=found.effective_row_id_column,
        )


@strawberry.type(description="The answer to createWorkspace.")
class CreateWorkspacePayload(RecordedPayload):
    """The new workspace."""

    workspace: Workspace | None = strawberry.field(default=None, description="The new workspace.")
    warnings: list[WorkspaceWarning] = strawberry.field(
        default_factory=list, description="What is not quite as asked; the workspace exists nevertheless."
    )


@strawberry.input(description="A task to bind to a workspace.")
class AttachTaskInput(MutationInput):
    """Which workspace, which task."""

    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")
    task_id: strawberry.ID = strawberry.field(description="The task; not bound yet.")
    mutates_workspace: bool = strawberry.field(
        default=False,
        description="Whether its runs may change the data. Such runs go one at a time, by a concurrency key that the"
        " tasks which change a workspace share; a task with a key of its own cannot.",
    )


@strawberry.type(description="The answer to attachTask.")
class AttachTaskPayload(RecordedPayload):
    """The workspace with one more task."""

    workspace: Workspace | None = strawberry.field(default=None, description="The workspace, after the change.")


@strawberry.input(description="What the runs of a bound task may do.")
class UpdateTaskBindingInput(MutationInput):
    """Which workspace, which task, and whether it writes."""

    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")
    task_id: strawberry.ID = strawberry.field(description="The task; bound already.")
    mutates_workspace: bool = strawberry.field(description="Whether its runs may change the data from now on.")


@strawberry.type(description="The answer to updateTaskBinding.")
class UpdateTaskBindingPayload(RecordedPayload):
    """The workspace with the binding as it is now."""

    workspace: Workspace | None = strawberry.field(default=None, description="The workspace, after the change.")


@strawberry.input(description="A task to unbind from a workspace.")
class DetachTaskInput(MutationInput):
    """Which workspace, which task."""

    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")
    task_id: strawberry.ID = strawberry.field(description="The task; a run under way goes on.")


@strawberry.type(description="The answer to detachTask.")
class DetachTaskPayload(RecordedPayload):
    """The workspace with one task less."""

    workspace: Workspace | None = strawberry.field(default=None, description="The workspace, after the change.")
