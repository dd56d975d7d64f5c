"""Inputs and payloads of what an operator does to a run by hand."""

import strawberry

from app.graph.inputs.base import MutationInput, RecordedPayload
from app.graph.scalars import JSON
from app.graph.types.run import Run


@strawberry.type(description="The answer to an operator's mutation of a run.")
class RunPayload(RecordedPayload):
    """The run after the change."""

    run: Run | None = strawberry.field(default=None, description="The run, after the change.")


@strawberry.input(description="A queued run to take by hand: it has no lease and never expires.")
class ClaimRunInput(MutationInput):
    """Which run."""

    run_id: strawberry.ID = strawberry.field(description="The run.")


@strawberry.input(description="A claimed run that begins.")
class StartRunInput(MutationInput):
    """Which run."""

    run_id: strawberry.ID = strawberry.field(description="The run.")


@strawberry.input(description="An agent session to bind to a claimed run.")
class AttachRunSessionInput(MutationInput):
    """Which run and which session."""

    run_id: strawberry.ID = strawberry.field(description="The run.")
    session_id: strawberry.ID = strawberry.field(description="An active agent session.")


@strawberry.input(description="A running run that ended well; not under an agent's lease.")
class CompleteRunInput(MutationInput):
    """Which run, and what it gave."""

    run_id: strawberry.ID = strawberry.field(description="The run.")
    result: JSON | None = strawberry.field(default=None, description="Any JSON of at most 64 KiB.")


@strawberry.input(description="A starting or running run that ended with an error; not under an agent's lease.")
class FailRunInput(MutationInput):
    """Which run, and why."""

    run_id: strawberry.ID = strawberry.field(description="The run.")
    error: str = strawberry.field(description="What went wrong.")
    metadata: JSON | None = strawberry.field(default=None, description="Details for the event.")
