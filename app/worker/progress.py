"""Reports about a held run: of progress a few in a second at most, and always the latest; of steps each."""

import asyncio
from typing import Any, Final

import structlog

from app.worker.client import GraphQLClient, payload
from app.worker.documents import REPORT
from app.worker.errors import ClientError, Refused
from app.worker.finish import LEASE_LOST, clean
from app.worker.heart import Heart
from app.worker.hold import Hold

log = structlog.get_logger(__name__)

INTERVAL_SECONDS: Final = 0.25
TIMEOUT_SECONDS: Final = 2.0
MESSAGE_LENGTH_MAX: Final = 1_000


class Reporter:
    """Sends what a handler says about its progress; best effort, for a report must not hold up the work."""

    def __init__(self, client: GraphQLClient, hold: Hold, heart: Heart) -> None:
        self._client = client
        self._hold = hold
        self._heart = heart
        self._latest: dict[str, Any] | None = None
        self._closing = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None

    def put(self, fraction: float, message: str | None) -> None:
        """Say how far the run is; what was put before and not sent yet is forgotten."""
        if not 0 <= fraction <= 1:
            raise ValueError(f"fraction is {fraction}; give 0 to 1.")
        self._latest = {"fraction": float(fraction)}
        if message is not None:
            self._latest["message"] = clean(message, MESSAGE_LENGTH_MAX)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send())

    async def tell(self, **said: Any) -> None:
        """Report these members now; a report that does not arrive is logged, and the work goes on."""
        try:
            given = self._hold.claim.input(**said)
            payload(await self._client.send(REPORT, {"input": given}, within=TIMEOUT_SECONDS))
        except (ClientError, TypeError) as problem:
            log.info("progress.not_reported", run_id=self._hold.claim.run_id, reason=str(problem))
            if isinstance(problem, Refused) and problem.code == LEASE_LOST:
                self._heart.beat_now()

    async def close(self) -> None:
        """Send the latest, if it was not sent, and end; about a run that stopped nothing more is said."""
        if self._hold.stopped is not None:
            self._latest = None
        self._closing.set()
        if self._sender is not None:
            await self._sender

    async def _send(self) -> None:
        while self._latest is not None:
            said, self._latest = self._latest, None
            await self.tell(progress=said)
            try:
                async with asyncio.timeout(INTERVAL_SECONDS):
                    await self._closing.wait()
            except TimeoutError:
                pass
