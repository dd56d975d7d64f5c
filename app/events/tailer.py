"""The tailer: reads what is new in the logs once per process and hands it to the hub."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from typing import Final
from uuid import UUID

import structlog

from app.clock import monotonic
from app.db.engine import Database, Lane
from app.domain.errors import ServiceUnavailable
from app.domain.tasks.events import CHANGES_RIGHTS
from app.events.bell import Bell
from app.events.hub import Hub
from app.events.rights import Rights
from app.storage import catalog, events, visibility
from app.storage.rows.event import EventRow

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 1.0
PAGE: Final = 500


class Tailer:
    """Wakes by the bell, and every second without it; the log alone says what happened."""

    def __init__(self, db: Database, hub: Hub, bell: Bell, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._db = db
        self._hub = hub
        self._bell = bell
        self._poll_seconds = poll_seconds
        self.rights = Rights(db, hub)
        self._task: asyncio.Task[None] | None = None
        self._read_at = monotonic()

    @property
    def stale_seconds(self) -> float:
        """How long ago the logs were read last; for readiness."""
        return monotonic() - self._read_at

    async def start(self) -> None:
        """Begin to read; may be called twice."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="tailer")

    async def stop(self) -> None:
        """Stop reading; may be called twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def run_once(self) -> int:
        """Read until nothing is new; returns how many events were read."""
        total = 0
        while positions := self._hub.positions():
            found = await events.tail(self._db, positions, most=PAGE)
            for tenant_id, group in groupby(found, key=lambda event: event.tenant_id):
                await self._hand_over(tenant_id, list(group))
            if tenants := {event.tenant_id for event in found if event.type in CHANGES_RIGHTS}:
                await self.rights.changed(tenants)
            total += len(found)
            if len(found) < PAGE:
                break
        self._read_at = monotonic()
        return total

    async def _hand_over(self, tenant_id: UUID, batch: Sequence[EventRow]) -> None:
        through = self._hub.through(tenant_id, batch)
        places = through | {event.workspace_id for event in batch if event.workspace_id is not None}
        readers = await visibility.readers_of(self._db, tenant_id, list(places)) if places else visibility.NOBODY
        if through:
            shown = await catalog.shown_by(self._db, tenant_id, list(through), Lane.STREAM)
            readers = replace(readers, shown=frozenset((place, table.id) for place, table in shown))
        self._hub.publish(tenant_id, batch, readers)

    async def _run(self) -> None:
        while True:
            await self._bell.wait(self._poll_seconds)
            try:
                await self.run_once()
            except ServiceUnavailable as problem:
                log.warning("tailer.read_failed", reason=str(problem))
                await asyncio.sleep(0.1)
