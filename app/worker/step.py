"""A step of a run, told when it begins and when it ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from app.worker.errors import Release
from app.worker.finish import ERROR_LENGTH_MAX, clean
from app.worker.progress import Reporter

SOURCES: Final = ("tool", "agent", "query", "approval", "system")


class Step:
    """What the block of a step may add: set `output` to what came of it."""

    def __init__(self) -> None:
        self.output: Any = None


@asynccontextmanager
async def told(
    reporter: Reporter, key: str, *, source: str | None, tool: str | None, call_id: str | None, input: Any
) -> AsyncIterator[Step]:
    """The step ends as its block does; once the run was stopped nothing more is said: it is no longer ours."""
    if source is not None and source not in SOURCES:
        raise ValueError(f"source is {source!r}; give one of {', '.join(SOURCES)}.")
    facts = {"sourceType": source and source.upper(), "toolName": tool, "toolCallId": call_id, "input": input}
    known = {name: value for name, value in facts.items() if value is not None}
    await reporter.tell(steps=[{"stepKey": key, "status": "RUNNING", **known}])
    step = Step()
    try:
        yield step
    except Exception as problem:
        status = "CANCELED" if isinstance(problem, Release) else "FAILED"
        error = clean(f"{type(problem).__name__}: {problem}", ERROR_LENGTH_MAX)
        await reporter.tell(steps=[{"stepKey": key, "status": status, "error": error, "output": step.output}])
        raise
    await reporter.tell(steps=[{"stepKey": key, "status": "COMPLETED", "output": step.output}])
