"""One claimed run as its worker sees it: how long it is surely ours, and why it stopped being so."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from app.worker.errors import LeaseLost, Stopped

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The task of a run, as it was when the run was claimed; `workspace_id` is None for a global task."""

    id: str
    identifier: str | None
    title: str
    description: str | None
    metadata: Any
    max_attempts: int
    workspace_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a claim gave."""

    run_id: str
    session_id: str
    lease_epoch: str
    attempt: int
    metadata: Any
    task: Task

    @classmethod
    def of(cls, found: Mapping[str, Any], *, session_id: str, workspace_id: str | None) -> "Claim":
        """A claim of the answer to claimRuns."""
        run, task = found["run"], found["task"]
        return cls(
            run_id=run["id"],
            session_id=session_id,
            lease_epoch=found["lease"]["leaseEpoch"],
            attempt=run["attempt"],
            metadata=run["metadata"],
            task=Task(
                id=task["id"],
                identifier=task["identifier"],
                title=task["title"],
                description=task["description"],
                metadata=task["metadata"],
                max_attempts=task["maxAttempts"],
                workspace_id=workspace_id,
            ),
        )

    def input(self, **more: Any) -> dict[str, Any]:
        """The members by which every call names its claim, and more."""
        return {
            "runId": self.run_id,
            "agentSessionId": self.session_id,
            "leaseEpoch": self.lease_epoch,
            **more,
        }


class Hold:
    """A lease by the local clock.

    The server counts a lease from when it handles a call, we count it from when we sent the call. So what is valid
    here is valid there, whether or not the server can be reached.
    """

    def __init__(self, claim: Claim, *, sent_at: float, lease_seconds: float) -> None:
        self.claim = claim
        self.stopped: Stopped | None = None
        self._loop = asyncio.get_running_loop()
        self._lease_seconds = lease_seconds
        self._valid_until = sent_at + lease_seconds
        self._handler: asyncio.Task[Any] | None = None
        self._timer = self._loop.call_at(self._valid_until, self._watch)

    @property
    def valid(self) -> bool:
        """Whether the run is surely still ours."""
        return self.remaining > 0 and not isinstance(self.stopped, LeaseLost)

    @property
    def remaining(self) -> float:
        """Seconds until the lease ends by the local clock."""
        return self._valid_until - self._loop.time()

    def extend(self, sent_at: float) -> None:
        """A heartbeat sent at that time was answered well."""
        self._valid_until = max(self._valid_until, sent_at + self._lease_seconds)

    def carried_out_by(self, handler: "asyncio.Task[Any]") -> None:
        """Which task to cancel when the run stops."""
        self._handler = handler
        if self.stopped is not None:
            handler.cancel(str(self.stopped))

    def stop(self, why: Stopped) -> None:
        """Cancel the handler; once it has ended, or was stopped before, there is nothing to stop."""
        if self.stopped is not None or (self._handler is not None and self._handler.done()):
            return
        self.stopped = why
        log.warning("run.stopped", run_id=self.claim.run_id, reason=str(why), kind=type(why).__name__)
        if self._handler is not None:
            self._handler.cancel(str(why))

    def require(self) -> None:
        """Raise why the run stopped, if it did."""
        if self.stopped is not None:
            raise self.stopped

    def close(self) -> None:
        """The run is settled."""
        self._timer.cancel()

    def _watch(self) -> None:
        if self.remaining > 0:
            self._timer = self._loop.call_at(self._valid_until, self._watch)
        else:
            self.stop(LeaseLost(f"no heartbeat was answered for {self._lease_seconds:g} s"))
