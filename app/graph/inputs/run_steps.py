"""What a worker says about the steps of its run."""

from datetime import datetime

import strawberry

from app.domain.tasks.steps import SaidStep, StepSource, StepStatus
from app.graph.scalars import JSON

PAYLOAD = "kept whole up to 16 KiB of JSON; of more, the beginning of its text is kept."


@strawberry.input(description="A step that is new or has changed; absent members stay as they are.")
class RunStepInput:
    """Which step, and what about it."""

    step_key: str = strawberry.field(description="Names the step within its run; 1 to 128 characters.")
    sequence: int | None = strawberry.field(
        default=None, description="Its place among the steps; a new one without it comes last."
    )
    source_type: StepSource | None = strawberry.field(
        default=None, description="What carries it out; TOOL for a new one that names a tool, else SYSTEM."
    )
    status: StepStatus | None = strawberry.field(
        default=None, description="Where it stands; RUNNING for a new one. One that begins again forgets how it ended."
    )
    tool_name: str | None = strawberry.field(default=None, description="The tool; at most 128 characters.")
    tool_call_id: str | None = strawberry.field(default=None, description="Which call; at most 256 characters.")
    input: JSON | None = strawberry.field(default=None, description=f"What went in; {PAYLOAD}")
    output: JSON | None = strawberry.field(default=None, description=f"What came out; {PAYLOAD}")
    error: str | None = strawberry.field(default=None, description="What went wrong.")
    started_at: datetime | None = strawberry.field(
        default=None, description="When it began; if absent, when it was first said to run."
    )
    completed_at: datetime | None = strawberry.field(
        default=None, description="When it ended; if absent, when that was first said. Needs a status that ends it."
    )

    def to_step(self) -> SaidStep:
        """In the words of the domain."""
        return SaidStep(
            step_key=self.step_key,
            sequence=self.sequence,
            source_type=self.source_type,
            status=self.status,
            tool_name=self.tool_name,
            tool_call_id=self.tool_call_id,
            input=self.input,
            output=self.output,
            error=self.error,
            started_at=self.started_at,
            completed_at=self.completed_at,
        )
