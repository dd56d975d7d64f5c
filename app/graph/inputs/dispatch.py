"""Inputs and payloads of mutations about dispatch: pauses and concurrency limits."""

import strawberry

from app.graph.inputs.base import MutationInput, MutationPayload, RecordedPayload
from app.graph.types.dispatch import ConcurrencyLimit, Dispatch
from app.graph.types.task import Task


@strawberry.input(description="A task to pause with all its descendants.")
class PauseTaskInput(MutationInput):
    """Which task, and what becomes of held runs."""

    task_id: strawberry.ID = strawberry.field(description="The task.")
    drain: bool = strawberry.field(
        default=True, description="Let held runs go on to their end; false takes them back into the queue."
    )


@strawberry.input(description="A task to resume with its descendants.")
class ResumeTaskInput(MutationInput):
    """Which task."""

    task_id: strawberry.ID = strawberry.field(description="The task.")


@strawberry.type(description="The answer to pauseTask and resumeTask.")
class PauseTaskPayload(RecordedPayload):
    """The task, and what is still held."""

    task: Task | None = strawberry.field(default=None, description="The task, after the change.")
    held: int | None = strawberry.field(default=None, description="How many runs of its tree are still held.")


@strawberry.input(description="Pause all claims of your tenant.")
class PauseDispatchInput(MutationInput):
    """What becomes of held runs."""

    drain: bool = strawberry.field(
        default=True, description="Let held runs go on to their end; false takes them back into the queue."
    )


@strawberry.input(description="Let runs of your tenant be claimed again.")
class ResumeDispatchInput(MutationInput):
    """Nothing more is to say."""


@strawberry.type(description="The answer to pauseDispatch and resumeDispatch.")
class DispatchPayload(RecordedPayload):
    """What the dispatch does now."""

    dispatch: Dispatch | None = strawberry.field(default=None, description="What the dispatch does now.")


@strawberry.input(description="How many runs that share a key may be dispatched at once.")
class SetConcurrencyLimitInput(MutationInput):
    """Key and limit."""

    key: str = strawberry.field(description="The concurrency key, 1 to 255 characters.")
    limit: int = strawberry.field(description="1 to 10 000; a key that was never given a limit has 1.")


@strawberry.type(description="The answer to setConcurrencyLimit.")
class SetConcurrencyLimitPayload(MutationPayload):
    """The key with its new limit."""

    concurrency_limit: ConcurrencyLimit | None = strawberry.field(
        default=None, description="The key, after the change; what is over a lower limit goes on to its end."
    )
