"""Heartbeats: one call for all held runs, three times in each lease."""

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

import structlog

from app.worker.backoff import Backoff
from app.worker.client import GraphQLClient, payload
from app.worker.documents import HEARTBEAT
from app.worker.errors import Canceled, LeaseLost, Refused, Unavailable
from app.worker.hold import Hold

log = structlog.get_logger(__name__)

BATCH_MAX: Final = 100
BEATS_PER_LEASE: Final = 3
TIMEOUT_SECONDS_MIN: Final = 0.5


class Heart:
    """Keeps the leases of `holds`, a set that its owner fills and empties."""

    def __init__(self, client: GraphQLClient, holds: set[Hold], *, lease_seconds: int) -> None:
        self._client = client
        self._holds = holds
        self._lease_seconds = lease_seconds
        self._interval = lease_seconds / BEATS_PER_LEASE
        self._hurry = asyncio.Event()

    def beat_now(self) -> None:
        """Ask the server at once how our runs stand."""
        self._hurry.set()

    async def run(self) -> None:
        """Beat until cancelled; only a refused key ends it by itself."""
        backoff = Backoff(first=min(0.2, self._interval), most=self._interval)
        wait = self._interval
        while True:
            try:
                async with asyncio.timeout(wait):
                    await self._hurry.wait()
            except TimeoutError:
                pass
            self._hurry.clear()
            if await self.beat():
                backoff.reset()
                wait = self._interval
            else:
                wait = backoff.next()

    async def beat(self) -> bool:
        """One round; whether all of it was answered."""
        held = sorted(self._holds, key=_session)
        answered = True
        for session_id, group in groupby(held, key=_session):
            runs = list(group)
            for at in range(0, len(runs), BATCH_MAX):
                answered &= await self._batch(session_id, runs[at : at + BATCH_MAX])
        return answered

    async def _batch(self, session_id: str, runs: Sequence[Hold]) -> bool:
        given = {
            "agentSessionId": session_id,
            "leaseSeconds": self._lease_seconds,
            "runs": [{"runId": hold.claim.run_id, "leaseEpoch": hold.claim.lease_epoch} for hold in runs],
        }
        sent_at = asyncio.get_running_loop().time()
        try:
            data = await self._client.send(HEARTBEAT, {"input": given}, within=max(TIMEOUT_SECONDS_MIN, self._interval))
            results = payload(data)["results"]
        except Unavailable as gone:
            log.warning("heartbeat.unanswered", runs=len(runs), reason=str(gone))
            return False
        except Refused as no:
            # Whatever it is, it does not extend a lease: the watchdog of each run decides.
            log.error("heartbeat.refused", runs=len(runs), reason=str(no))
            return False
        for hold, result in zip(runs, results, strict=True):
            _apply(hold, result, sent_at)
        return True


def _session(hold: Hold) -> str:
    return hold.claim.session_id


def _apply(hold: Hold, result: dict[str, Any], sent_at: float) -> None:
    if result["cancelRequested"]:
        hold.stop(Canceled("the run was canceled"))
    elif result["leaseLost"]:
        hold.stop(LeaseLost("the server says that the lease is lost"))
    else:
        hold.extend(sent_at)
