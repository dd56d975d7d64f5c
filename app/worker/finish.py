"""The last call about a run: complete, fail or release it, once, however bad the line is."""

import traceback
from dataclasses import dataclass
from typing import Any, Final

import orjson
import structlog

from app.worker.backoff import Backoff
from app.worker.client import GraphQLClient, payload
from app.worker.documents import COMPLETE, FAIL, RELEASE, RUN_STATE
from app.worker.errors import Refused, Unavailable
from app.worker.hold import Hold

log = structlog.get_logger(__name__)

LEASE_LOST: Final = "LEASE_LOST"
CALL_SECONDS_MIN: Final = 1.0
CALL_SECONDS_MAX: Final = 10.0
ERROR_LENGTH_MAX: Final = 4_000
REASON_LENGTH_MAX: Final = 1_000
TRACEBACK_LENGTH_MAX: Final = 4_000
RETRY_SECONDS_MOST: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A way to end a run: the call, and the status in which the run is left."""

    document: str
    status: str


COMPLETED: Final = Ending(document=COMPLETE, status="COMPLETED")
FAILED: Final = Ending(document=FAIL, status="FAILED")
RELEASED: Final = Ending(document=RELEASE, status="QUEUED")


class Finisher:
    """Ends runs. Each method answers whether the run ended as asked; it never raises for what the line does."""

    def __init__(self, client: GraphQLClient, *, debug: bool) -> None:
        self._client = client
        self._debug = debug

    async def complete(self, hold: Hold, result: object) -> bool:
        """With its result; one that the server cannot take fails the run with the reason."""
        try:
            orjson.dumps(result)
            return await self._end(hold, COMPLETED, {"result": result})
        except TypeError as problem:
            return await self.fail(hold, TypeError(f"the result is no JSON: {problem}"))
        except Refused as no:
            return await self.fail(hold, ValueError(f"the result was refused: {no.message}"))

    async def fail(self, hold: Hold, problem: BaseException) -> bool:
        """With the kind and message of what was raised; a traceback only goes along when debugging."""
        given: dict[str, Any] = {"error": clean(f"{type(problem).__name__}: {problem}", ERROR_LENGTH_MAX)}
        if self._debug:
            trace = "".join(traceback.format_exception(problem))
            given["metadata"] = {"traceback": clean(trace[-TRACEBACK_LENGTH_MAX:], TRACEBACK_LENGTH_MAX)}
        return await self._end_or_log(hold, FAILED, given)

    async def release(self, hold: Hold, reason: str) -> bool:
        """With the reason."""
        return await self._end_or_log(hold, RELEASED, {"reason": clean(reason, REASON_LENGTH_MAX)})

    async def _end_or_log(self, hold: Hold, ending: Ending, given: dict[str, Any]) -> bool:
        try:
            return await self._end(hold, ending, given)
        except Refused as no:
            log.error("run.ending_refused", run_id=hold.claim.run_id, reason=str(no))
            return False

    async def _end(self, hold: Hold, ending: Ending, given: dict[str, Any]) -> bool:
        backoff = Backoff(most=RETRY_SECONDS_MOST)
        unknown = False
        while hold.valid:
            try:
                await self._call(hold, ending, given)
            except Unavailable as gone:
                unknown = unknown or gone.sent
                log.warning("run.ending_unanswered", run_id=hold.claim.run_id, reason=str(gone))
                await backoff.pause()
                continue
            except Refused as no:
                if no.code != LEASE_LOST:
                    raise
                if not unknown:
                    log.warning("run.lost", run_id=hold.claim.run_id, reason=no.message)
                    return False
                return await self._ended_before(hold, ending)
            log.info("run.ended", run_id=hold.claim.run_id, status=ending.status)
            return True
        log.warning("run.ending_given_up", run_id=hold.claim.run_id, status=ending.status, unknown=unknown)
        return False

    async def _call(self, hold: Hold, ending: Ending, given: dict[str, Any]) -> None:
        within = min(CALL_SECONDS_MAX, max(CALL_SECONDS_MIN, hold.remaining))
        payload(await self._client.send(ending.document, {"input": hold.claim.input(**given)}, within=within))

    async def _ended_before(self, hold: Hold, ending: Ending) -> bool:
        """LEASE_LOST after a call whose answer was lost: that call may be what ended the run."""
        claim = hold.claim
        try:
            run = (await self._client.query(RUN_STATE, {"id": claim.run_id}, patience=max(1.0, hold.remaining)))["run"]
        except (Unavailable, Refused) as problem:
            log.warning("run.ending_unknown", run_id=claim.run_id, reason=str(problem))
            return False
        holder = (run or {}).get("agentSession")
        ours = holder is None if ending is RELEASED else holder is not None and holder["id"] == claim.session_id
        done = bool(run) and run["status"] == ending.status and run["attempt"] == claim.attempt and ours
        if done:
            log.info("run.ended", run_id=claim.run_id, status=ending.status, seen_later=True)
        else:
            log.warning("run.lost", run_id=claim.run_id, status=run and run["status"])
        return done


def clean(text: str, longest: int) -> str:
    """Text that the server stores: no NUL, no lone surrogates, not blank, not too long."""
    kept = text.replace("\x00", "").encode(errors="replace").decode()
    if len(kept) > longest:
        kept = kept[: longest - 1] + "…"
    return kept.strip() or "no reason given"
