"""Inputs and payloads of task mutations."""

from datetime import datetime

import strawberry

from app.domain.actor import OwnerKind
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.status import ApprovalPolicy, TaskPriority, TaskScope
from app.graph.inputs.base import MutationInput, RecordedPayload
from app.graph.inputs.retry_policy import RetryPolicyInput, in_utc
from app.graph.scalars import JSON
from app.graph.types.run import Run
from app.graph.types.task import Task


@strawberry.input(description="Whom a task belongs to.")
class OwnerInput:
    """Kind and reference."""

    kind: OwnerKind = strawberry.field(description="What kind of being.")
    ref: str = strawberry.field(description="Its id within that kind.")


@strawberry.input(description="A task to make. Making one queues nothing: start it to get it done.")
class CreateTaskInput(MutationInput):
    """What a creator may say."""

    title: str = strawberry.field(description="What is to be done; 1 to 1 000 characters.")
    scope: TaskScope = strawberry.field(description="Whom it belongs to.")
    id: strawberry.ID | None = strawberry.field(
        default=None, description="An id of your own: 1 to 128 printable characters; made by the server if absent."
    )
    identifier: str | None = strawberry.field(default=None, description="A name for people; need not be unique.")
    workspace_id: strawberry.ID | None = strawberry.field(
        default=None, description="The workspace, for scope WORKSPACE only."
    )
    description: str | None = strawberry.field(default=None, description="What is to be done, at length.")
    priority: TaskPriority | None = strawberry.field(default=None, description="MEDIUM if absent.")
    max_attempts: int | None = strawberry.field(default=None, description="1 to 10; 3 if absent.")
    draft: bool = strawberry.field(default=False, description="Whether it must be published before it may run.")
    approval_policy: ApprovalPolicy | None = strawberry.field(default=None, description="NONE if absent.")
    owner: OwnerInput | None = strawberry.field(default=None, description="Whom it belongs to.")
    required_capabilities: list[str] | None = strawberry.field(
        default=None, description="What a worker must offer to claim its runs."
    )
    network_channel: str | None = strawberry.field(
        default=None, description="1 to 64 of a-z, 0-9, _ and -, starting with a letter or digit."
    )
    metadata: JSON | None = strawberry.field(default=None, description="Any JSON of at most 16 KiB.")
    preferred_capabilities: list[str] | None = strawberry.field(
        default=None, description="Of equally urgent runs, a worker gets those first that prefer what it offers."
    )
    not_before: datetime | None = strawberry.field(default=None, description="No run is claimed before this instant.")
    retry_policy: RetryPolicyInput | None = strawberry.field(
        default=None, description="Let a failed attempt be followed by the next, after a wait; absent: nothing follows."
    )
    concurrency_key: str | None = strawberry.field(
        default=None,
        description="Runs that share this key are dispatched one at a time, or as setConcurrencyLimit says.",
    )
    unique_key: str | None = strawberry.field(
        default=None, description="While an open task has this key, it is answered instead of a new one."
    )
    enqueue_when_ready: bool = strawberry.field(
        default=False, description="Queue a run as soon as the last task it waits for is completed."
    )

    def to_draft(self) -> TaskDraft:
        """The words of the domain."""
        return TaskDraft(
            title=self.title,
            scope=self.scope,
            id=self.id,
            identifier=self.identifier,
            workspace_id=self.workspace_id,
            network_channel=self.network_channel,
            description=self.description,
            priority=self.priority,
            max_attempts=self.max_attempts,
            draft=self.draft,
            approval_policy=self.approval_policy,
            owner_kind=self.owner.kind if self.owner else None,
            owner_ref=self.owner.ref if self.owner else None,
            required_capabilities=self.required_capabilities,
            metadata=self.metadata,
            preferred_capabilities=self.preferred_capabilities,
            not_before=None if self.not_before is None else in_utc(self.not_before),
            retry_policy=None if self.retry_policy is None else self.retry_policy.to_policy(),
            concurrency_key=self.concurrency_key,
            unique_key=self.unique_key,
            enqueue_when_ready=self.enqueue_when_ready,
        )


@strawberry.type(description="The answer to createTask.")
class CreateTaskPayload(RecordedPayload):
    """The new task."""

    task: Task | None = strawberry.field(default=None, description="The new task, or the open one of its unique key.")
    deduplicated: bool = strawberry.field(
        default=False, description="Whether an open task had the unique key, so that nothing was made."
    )


@strawberry.input(description="A task to get done.")
class StartTaskInput(MutationInput):
    """Which task, and how the run is queued."""

    task_id: strawberry.ID = strawberry.field(description="The task.")
    idempotency_key: str | None = strawberry.field(
        default=None, description="A repeated request with the same key answers the first run and changes nothing."
    )
    metadata: JSON | None = strawberry.field(default=None, description="Kept with the run; at most 16 KiB.")
    network_channel: str | None = strawberry.field(default=None, description="The task's, if absent.")
    not_before: datetime | None = strawberry.field(
        default=None, description="The run is not claimed before this instant; the task's, if absent."
    )
    parent_run_id: strawberry.ID | None = strawberry.field(
        default=None, description="The run that brings this one about; runs nest at most 5 deep."
    )


@strawberry.type(description="The answer to startTask and publishTask.")
class StartTaskPayload(RecordedPayload):
    """The task and its run."""

    task: Task | None = strawberry.field(default=None, description="The task, after the change.")
    run: Run | None = strawberry.field(default=None, description="The run that was queued, or was queued before.")


@strawberry.input(description="A draft to publish and get done.")
class PublishTaskInput(StartTaskInput):
    """As for startTask."""


@strawberry.type(description="The answer to publishTask.")
class PublishTaskPayload(StartTaskPayload):
    """As for startTask."""


@strawberry.input(description="A run to queue, even for a task that is blocked: it then waits.")
class EnqueueRunInput(StartTaskInput):
    """As for startTask."""


@strawberry.type(description="The answer to enqueueRun.")
class EnqueueRunPayload(StartTaskPayload):
    """As for startTask."""


@strawberry.input(description="A task to cancel with all its descendants, for good.")
class CancelTaskInput(MutationInput):
    """Which task, and why."""

    task_id: strawberry.ID = strawberry.field(description="The task.")
    reason: str | None = strawberry.field(default=None, description="Why; told to the workers.")


@strawberry.type(description="The answer to cancelTask.")
class CancelTaskPayload(RecordedPayload):
    """The canceled task."""

    task: Task | None = strawberry.field(default=None, description="The task, canceled.")


@strawberry.input(description="A run to cancel.")
class CancelRunInput(MutationInput):
    """Which run, and why."""

    run_id: strawberry.ID = strawberry.field(description="The run.")
    reason: str | None = strawberry.field(default=None, description="Why; told to its worker.")


@strawberry.type(description="The answer to cancelRun.")
class CancelRunPayload(RecordedPayload):
    """The canceled run."""

    run: Run | None = strawberry.field(default=None, description="The run, canceled.")
