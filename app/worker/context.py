"""What a handler knows about its run, and what it can do with it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from app.worker.client import GraphQLClient
from app.worker.errors import Stopped
from app.worker.hold import Hold, Task
from app.worker.progress import Reporter
from app.worker.rows import Row, pages
from app.worker.step import Step, told
from app.worker.tables import NewTable, Table, put_table

PAGE_DEFAULT: Final = 1_000
ROWS_MAX: Final = 100_000
SUFFIX_LENGTH: Final = 12  # of the run's id: its random part


class RunContext:
    """One run in the hands of a handler. Once the run is stopped every method raises why."""

    def __init__(self, client: GraphQLClient, hold: Hold, reporter: Reporter) -> None:
        self._client = client
        self._hold = hold
        self._reporter = reporter

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self._hold.claim.run_id

    @property
    def task(self) -> Task:
        """The task, as it was when the run was claimed."""
        return self._hold.claim.task

    @property
    def attempt(self) -> int:
        """1 for the first attempt of the task."""
        return self._hold.claim.attempt

    @property
    def lease_epoch(self) -> int:
        """Rises with each claim of the run: what is written under it can be told from what an earlier holder wrote."""
        return int(self._hold.claim.lease_epoch)

    @property
    def metadata(self) -> Any:
        """What the run was queued with."""
        return self._hold.claim.metadata

    @property
    def cancelled(self) -> bool:
        """Whether to stop: the run was canceled, its lease is lost, or the worker must end now."""
        return self._hold.stopped is not None

    @property
    def stopped(self) -> Stopped | None:
        """Why to stop: Canceled, LeaseLost or Draining; None while all is well."""
        return self._hold.stopped

    async def progress(self, fraction: float, message: str | None = None) -> None:
        """Say how far the run is, 0 to 1. It returns at once; a few reports a second are sent, always the latest."""
        self._hold.require()
        self._reporter.put(fraction, message)
        # A handler that computes in a loop gives heartbeats a chance here.
        await asyncio.sleep(0)

    @asynccontextmanager
    async def step(
        self,
        key: str,
        *,
        source: str | None = None,
        tool: str | None = None,
        call_id: str | None = None,
        input: Any = None,
    ) -> AsyncIterator[Step]:
        """A step of the run: `async with run.step("read", tool="csv") as step: step.output = ...`.

        It is told when the block begins and when it ends: completed, or failed by what it raises. `key` names the step
        within the run; one of an earlier attempt is replaced. Best effort, like progress.
        """
        self._hold.require()
        async with told(self._reporter, key, source=source, tool=tool, call_id=call_id, input=input) as step:
            yield step

    async def graphql(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Carry out any operation once and return its data; raises Unavailable, Refused or Unauthorized."""
        self._hold.require()
        return await self._client.send(query, variables)

    async def rows(self, page: int = PAGE_DEFAULT, *, workspace_id: str | None = None) -> AsyncIterator[list[Row]]:
        """The rows of the task's workspace, or of another, page by page."""
        place = workspace_id or self.task.workspace_id
        if place is None:
            raise ValueError("This run belongs to no workspace; give workspace_id.")
        self._hold.require()
        async for batch in pages(self._client, place, page):
            self._hold.require()
            yield batch.rows

    async def rows_all(self, limit: int = ROWS_MAX, *, workspace_id: str | None = None) -> list[Row]:
        """All rows at once; raises ValueError if there are more than `limit`."""
        found: list[Row] = []
        async for batch in self.rows(workspace_id=workspace_id):
            found += batch
            if len(found) > limit:
                raise ValueError(f"The workspace holds more than {limit} rows; raise the limit, or read page by page.")
        return found

    async def write_table(
        self,
        name: str,
        columns: Mapping[str, str],
        rows: Iterable[Mapping[str, Any]],
        primary_key: Sequence[str] | None = None,
    ) -> Table:
        """Make an output table of the task; columns map names to types such as "string", "integer", "number", "date".

        Its name gets a suffix of the run's id. A later attempt of the same run replaces what an earlier one wrote.
        """
        self._hold.require()
        wanted = NewTable(
            name=f"{name}_{self.run_id[-SUFFIX_LENGTH:]}",
            columns=dict(columns),
            primary_key=tuple(primary_key or ()),
            task_id=self.task.id,
        )
        return await put_table(self._client, wanted, list(rows), check=self._hold.require)
