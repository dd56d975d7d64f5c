"""The admission: offers gated runs to claims as soon as what they wait for has come."""

import asyncio
from collections.abc import Iterable
from uuid import UUID

import structlog

from app.db.engine import Database
from app.domain.errors import TaskloomError
from app.domain.tasks.dispatch import ADMISSION_BATCH
from app.storage import admission
from app.storage.rows.task import RunRow

log = structlog.get_logger(__name__)


class Admission:
    """Nudged by whoever moved a gated run; a slow loop stands behind it, so that a lost nudge only costs time.

    One admission of a tenant is under way in a process at a time; what is asked for meanwhile is done by the next.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        # The keys of a tenant that are to be looked at, None for all of them; runs without a key always are.
        self._asked: dict[UUID, set[str] | None] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._busy: set[UUID] = set()

    def nudge(self, tenant_id: UUID, moved: Iterable[RunRow]) -> None:
        """Look again soon, if one of the runs that moved was gated; never waits."""
        gated = [run for run in moved if run.gated]
        if gated:
            self.look(tenant_id, {run.concurrency_key for run in gated if run.concurrency_key is not None})

    def look(self, tenant_id: UUID, keys: Iterable[str] | None = None) -> None:
        """Look soon at these keys, at all of them by default, and at runs without one."""
        asked = self._asked.get(tenant_id, set())
        self._asked[tenant_id] = None if asked is None or keys is None else asked.union(keys)
        if tenant_id not in self._busy:
            self._busy.add(tenant_id)
            task = asyncio.create_task(self._serve(tenant_id))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def run_once(self) -> int:
        """Look everywhere; returns how many runs were offered."""
        return sum([await self.admit(tenant_id) for tenant_id in await admission.tenants_waiting(self._db)])

    async def admit(self, tenant_id: UUID) -> int:
        """Offer whatever may be offered in a tenant; returns how many runs."""
        offered = 0
        while batch := await admission.admit(self._db, tenant_id, keys=None, most=ADMISSION_BATCH):
            offered += batch
        return offered

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._running:
            await asyncio.wait(set(self._running))

    async def _serve(self, tenant_id: UUID) -> None:
        try:
            while tenant_id in self._asked:
                keys = self._asked.pop(tenant_id)
                await admission.admit(self._db, tenant_id, keys=keys, most=ADMISSION_BATCH)
        except TaskloomError as problem:
            log.warning("admission.put_off", tenant_id=str(tenant_id), reason=problem.message)
        finally:
            self._busy.discard(tenant_id)
