"""Steps of runs."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.domain.tasks.steps import StepSource, StepStatus
from app.graph.context import Info
from app.graph.relation import related, value
from app.graph.scalars import JSON, BigInt
from app.storage.rows.run import RunStepRow

if TYPE_CHECKING:
    from app.graph.types.run import Run

PAYLOAD = "an object with truncated, bytes and the first 16 KiB of its text where it was larger."


@strawberry.type(description="A step of a run, as its worker reported it.")
class RunStep:
    """A step."""

    step_key: str = value("Names the step within its run.")
    sequence: int = value("Its place among the steps of the run.")
    source_type: StepSource = value("What carries it out.")
    status: StepStatus = value("Where it stands.")
    tool_name: str | None = value("The tool that was called.")
    tool_call_id: str | None = value("Which call of the tool.")
    error: str | None = value("What went wrong.")
    started_at: datetime | None = value("When it began.")
    completed_at: datetime | None = value("When it ended, well or not.")
    duration_ms: BigInt | None = value("How long it took, in whole milliseconds; null until it ended.")
    run: Annotated["Run", strawberry.lazy("app.graph.types.run")] | None = related(
        lambda x: x.run_by_id, lambda step: step.run_id, "The run it belongs to."
    )

    @strawberry.field(description=f"What went into it; {PAYLOAD}")
    async def input(root: strawberry.Parent[RunStepRow], info: Info) -> JSON | None:
        """Null if the worker did not say."""
        found = await info.context.loaders.payload_by_step.load(root.key)
        return None if found is None or found.input is None else JSON(found.input)

    @strawberry.field(description=f"What came out of it; {PAYLOAD}")
    async def output(root: strawberry.Parent[RunStepRow], info: Info) -> JSON | None:
        """Null if the worker did not say."""
        found = await info.context.loaders.payload_by_step.load(root.key)
        return None if found is None or found.output is None else JSON(found.output)
