"""The demo's worker: reads the rows of a workspace, computes what the task asks, and writes what it found."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.demo.findings import CannotCompute, Row, compute
from app.demo.stories import MARK, is_faulty
from app.worker import RunContext

PAGE_ROWS: Final = 250
SHOWN_ROWS: Final = 12
READ_SHARE: Final = 0.7  # of the progress: reading is most of the work

COUNT: Final = "query CountRows($id: ID!) { workspace(id: $id) { rows(limit: 1) { total } } }"


class SimulatedFault(Exception):
    """Nothing went wrong: the demo shows what happens when something does."""


@dataclass(frozen=True, slots=True)
class Labour:
    """A handler at a pace that a person can follow: so many seconds between two steps."""

    step_seconds: float

    async def handle(self, run: RunContext) -> dict[str, Any]:
        """The finding in words and numbers, and the table it was written to."""
        asked = question_of(run)
        rows = await self._read(run)
        await self._step(run, READ_SHARE, f"read {len(rows)} rows; computing")
        finding = compute(asked["question"], rows)
        if is_faulty(asked, run.attempt):
            raise SimulatedFault(
                "the demo lets the first attempt of every seventh task fail, to show that it is tried again"
            )
        await self._step(run, 0.9, f"found: {finding.summary}; writing {len(finding.rows)} rows")
        table = await run.write_table(asked["story"], finding.columns, finding.rows, finding.key)
        return {
            "summary": finding.summary,
            "rowsRead": len(rows),
            "table": {"id": table.id, "name": table.name, "rowCount": table.row_count},
            "rows": list(finding.rows[:SHOWN_ROWS]),
        }

    async def _read(self, run: RunContext) -> list[Row]:
        counted = await run.graphql(COUNT, {"id": run.task.workspace_id})
        total = counted["workspace"]["rows"]["total"]
        rows: list[Row] = []
        async for batch in run.rows(PAGE_ROWS):
            rows += batch
            await self._step(run, READ_SHARE * len(rows) / max(total, len(rows)), f"read {len(rows)} of {total} rows")
        return rows

    async def _step(self, run: RunContext, fraction: float, message: str) -> None:
        await run.progress(fraction, message)
        await asyncio.sleep(self.step_seconds)


def question_of(run: RunContext) -> Mapping[str, Any]:
    """What the task asks; a task that somebody else put into the demo's workspace may ask nothing."""
    asked = run.task.metadata
    if not isinstance(asked, dict) or not asked.get(MARK):
        raise CannotCompute("The demo's worker answers only the demo's tasks; start a worker of your own for this one.")
    return asked
