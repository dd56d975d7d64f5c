"""Inputs and payloads of mutations that change a task that is there, or link tasks."""

from datetime import datetime

import strawberry

from app.domain.actor import OwnerKind
from app.domain.tasks.patch import TaskPatch
from app.domain.tasks.status import ApprovalPolicy, TaskPriority
from app.graph.inputs.base import MutationInput, RecordedPayload
from app.graph.inputs.retry_policy import RetryPolicyInput, in_utc
from app.graph.inputs.tasks import CreateTaskInput, CreateTaskPayload, OwnerInput, StartTaskInput
from app.graph.scalars import JSON
from app.graph.types.run import Run
from app.graph.types.task import Task


@strawberry.input(description="A task to make below another.")
class CreateChildTaskInput(CreateTaskInput):
    """As for createTask, with a parent."""

    parent_task_id: strawberry.ID = strawberry.field(description="The task it is part of.")


@strawberry.type(description="The answer to createChildTask.")
class CreateChildTaskPayload(CreateTaskPayload):
    """As for createTask."""


@strawberry.input(description="Changes to a task; absent members stay as they are.")
class UpdateTaskInput(MutationInput):
    """Which task, and what is to change."""

    task_id: strawberry.ID = strawberry.field(description="The task.")
    title: str | None = strawberry.field(default=None, description="What is to be done.")
    description: str | None = strawberry.field(default=None, description="An empty text clears it.")
    priority: TaskPriority | None = strawberry.field(default=None, description="A queued run follows it.")
    max_attempts: int | None = strawberry.field(default=None, description="1 to 10.")
    approval_policy: ApprovalPolicy | None = strawberry.field(
        default=None, description="A change starts the decision anew."
    )
    metadata: JSON | None = strawberry.field(default=None, description="Replaces what is there.")
    network_channel: str | None = strawberry.field(default=None, description="An empty text clears it.")
    owner: OwnerInput | None = strawberry.field(default=None, description="Whom it belongs to.")
    clear_owner: bool = strawberry.field(default=False, description="Let it belong to nobody.")
    not_before: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="No run, the queued one included, is claimed before this; null clears."
    )
    retry_policy: RetryPolicyInput | None = strawberry.field(
        default=strawberry.UNSET, description="What follows a failed attempt; null clears."
    )
    concurrency_key: str | None = strawberry.field(
        default=strawberry.UNSET, description="The key of runs that are queued from now on; null clears."
    )
    enqueue_when_ready: bool | None = strawberry.field(
        default=None, description="Whether a run is queued when the last task it waits for is completed."
    )

    def to_patch(self) -> TaskPatch:
        """The words of the domain."""
        kind: OwnerKind | None = self.owner.kind if self.owner else None
        return TaskPatch(
            title=self.title,
            description=self.description,
            priority=self.priority,
            max_attempts=self.max_attempts,
            approval_policy=self.approval_policy,
            metadata=self.metadata,
            network_channel=self.network_channel,
            owner_kind=kind,
            owner_ref=self.owner.ref if self.owner else None,
            clear_owner=self.clear_owner,
            not_before=in_utc(self.not_before) if self.not_before else None,
            retry_policy=self.retry_policy.to_policy() if self.retry_policy else None,
            concurrency_key=None if self.concurrency_key is strawberry.UNSET else self.concurrency_key,
            enqueue_when_ready=self.enqueue_when_ready,
            clear=frozenset(
                name for name in ("not_before", "retry_policy", "concurrency_key") if getattr(self, name) is None
            ),
        )


@strawberry.type(description="The answer to updateTask, rejectTask, addDependency and removeDependency.")
class TaskPayload(RecordedPayload):
    """The task after the change."""

    task: Task | None = strawberry.field(default=None, description="The task, after the change.")


@strawberry.input(description="A task to delete; it has neither children nor an open run.")
class DeleteTaskInput(MutationInput):
    """Which task."""

    task_id: strawberry.ID = strawberry.field(description="The task.")


@strawberry.type(description="The answer to deleteTask.")
class DeleteTaskPayload(RecordedPayload):
    """What is gone."""

    deleted_task_id: strawberry.ID | None = strawberry.field(default=None, description="The task that is gone.")


@strawberry.input(description="A task to approve: its run is queued, a draft may then be published.")
class ApproveTaskInput(StartTaskInput):
    """As for startTask."""


@strawberry.type(description="The answer to approveTask.")
class ApproveTaskPayload(RecordedPayload):
    """The task and its run."""

    task: Task | None = strawberry.field(default=None, description="The task, after the change.")
    run: Run | None = strawberry.field(default=None, description="The run that is queued; null for a draft.")


@strawberry.input(description="A task to decide against.")
class RejectTaskInput(MutationInput):
    """Which task."""

    task_id: strawberry.ID = strawberry.field(description="The task.")


@strawberry.input(description="Let a task wait for another to be completed.")
class AddDependencyInput(MutationInput):
    """Who waits for whom."""

    task_id: strawberry.ID = strawberry.field(description="The task that waits.")
    depends_on_task_id: strawberry.ID = strawberry.field(description="The task it waits for.")


@strawberry.input(description="Let a task no longer wait for another.")
class RemoveDependencyInput(AddDependencyInput):
    """As for addDependency."""
