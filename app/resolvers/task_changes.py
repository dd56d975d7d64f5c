"""Root fields that change tasks that are there, and link them."""

from typing import Annotated

import strawberry

from app.graph.context import Info
from app.graph.inputs.task_changes import (
    AddDependencyInput,
    ApproveTaskInput,
    ApproveTaskPayload,
    CreateChildTaskInput,
    CreateChildTaskPayload,
    DeleteTaskInput,
    DeleteTaskPayload,
    RejectTaskInput,
    RemoveDependencyInput,
    TaskPayload,
    UpdateTaskInput,
)
from app.graph.scalars import known_sequence
from app.graph.types.run import Run
from app.graph.types.task import Task
from app.resolvers.outcome import outcome, shown
from app.services.tasks import Queued


@strawberry.type
class TaskChangeMutations:
    """Writes."""

    @strawberry.mutation(description="Make a task below another; at most 64 children and 8 levels.")
    async def create_child_task(
        self, info: Info, input: Annotated[CreateChildTaskInput, strawberry.argument(description="The child.")]
    ) -> CreateChildTaskPayload:
        """The parent is told by an event of its own."""

        async def work() -> CreateChildTaskPayload:
            made = await info.context.services.task_graph.create_child(
                info.context.viewer, input.parent_task_id, input.to_draft()
            )
            return CreateChildTaskPayload(
                task=shown(Task, made.task), deduplicated=made.sequence is None, sequence=known_sequence(made.sequence)
            )

        return await outcome(CreateChildTaskPayload, input, work())

    @strawberry.mutation(description="Change fields of a task; equal values change nothing.")
    async def update_task(
        self, info: Info, input: Annotated[UpdateTaskInput, strawberry.argument(description="The changes.")]
    ) -> TaskPayload:
        """A changed approval policy starts the decision anew."""

        async def work() -> TaskPayload:
            done = await info.context.services.task_changes.update(info.context.viewer, input.task_id, input.to_patch())
            return await _task(info, done.task_id, done.sequence)

        return await outcome(TaskPayload, input, work())

    @strawberry.mutation(description="Delete a task with its runs; those who wait for it no longer do.")
    async def delete_task(
        self, info: Info, input: Annotated[DeleteTaskInput, strawberry.argument(description="Which task.")]
    ) -> DeleteTaskPayload:
        """Refused while it has children or an open run."""

        async def work() -> DeleteTaskPayload:
            done = await info.context.services.task_changes.delete(info.context.viewer, input.task_id)
            return DeleteTaskPayload(
                deleted_task_id=strawberry.ID(done.task_id), sequence=known_sequence(done.sequence)
            )

        return await outcome(DeleteTaskPayload, input, work())

    @strawberry.mutation(description="Approve a task that waits for approval, and queue its run.")
    async def approve_task(
        self, info: Info, input: Annotated[ApproveTaskInput, strawberry.argument(description="Which task.")]
    ) -> ApproveTaskPayload:
        """A draft is only approved: publish it then."""

        async def work() -> ApproveTaskPayload:
            done = await info.context.services.tasks.approve(
                info.context.viewer,
                input.task_id,
                key=input.idempotency_key,
                metadata=input.metadata,
                network_channel=input.network_channel,
            )
            found = await _task(info, input.task_id, done.sequence)
            run = done.run if isinstance(done, Queued) else None
            return ApproveTaskPayload(
                task=found.task, run=None if run is None else shown(Run, run), sequence=found.sequence
            )

        return await outcome(ApproveTaskPayload, input, work())

    @strawberry.mutation(description="Decide against a task that waits for approval; it stays blocked.")
    async def reject_task(
        self, info: Info, input: Annotated[RejectTaskInput, strawberry.argument(description="Which task.")]
    ) -> TaskPayload:
        """Final until its approval policy is changed."""

        async def work() -> TaskPayload:
            done = await info.context.services.task_changes.reject(info.context.viewer, input.task_id)
            return await _task(info, done.task_id, done.sequence)

        return await outcome(TaskPayload, input, work())

    @strawberry.mutation(description="Let a task wait for another; at most 32, and never in a circle.")
    async def add_dependency(
        self, info: Info, input: Annotated[AddDependencyInput, strawberry.argument(description="Who waits for whom.")]
    ) -> TaskPayload:
        """Only a completed task resolves a dependency."""

        async def work() -> TaskPayload:
            done = await info.context.services.task_graph.add_dependency(
                info.context.viewer, input.task_id, input.depends_on_task_id
            )
            return await _task(info, done.task_id, done.sequence)

        return await outcome(TaskPayload, input, work())

    @strawberry.mutation(description="Let a task no longer wait for another.")
    async def remove_dependency(
        self,
        info: Info,
        input: Annotated[RemoveDependencyInput, strawberry.argument(description="Who no longer waits for whom.")],
    ) -> TaskPayload:
        """It becomes ready if this was its last open dependency."""

        async def work() -> TaskPayload:
            done = await info.context.services.task_graph.remove_dependency(
                info.context.viewer, input.task_id, input.depends_on_task_id
            )
            return await _task(info, done.task_id, done.sequence)

        return await outcome(TaskPayload, input, work())


async def _task(info: Info, task_id: str, sequence: int | None) -> TaskPayload:
    info.context.fresh_loaders()
    task = await info.context.loaders.task_by_id.load(task_id)
    return TaskPayload(task=shown(Task, task), sequence=known_sequence(sequence))
