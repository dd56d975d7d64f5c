"""Health, readiness and metrics for those who run the server."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response

from app.observability.metrics import Metrics

log = structlog.get_logger(__name__)

STALE_SECONDS_MAX: Final = 10.0
CHECK_SECONDS_MAX: Final = 3.0
Check = Callable[[], Coroutine[Any, Any, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`/healthz` says that the process lives, `/readyz` that it can serve, `/metrics` how it does."""

    checks: dict[str, Check]
    metrics: Metrics
    seconds_max: float = CHECK_SECONDS_MAX
    # A check that hangs is asked once, not once for each probe.
    asked: dict[str, "asyncio.Future[str | None]"] = field(default_factory=dict)

    async def live(self, _: Request) -> Response:
        """200 as long as the process answers."""
        return Response(b'{"status":"ok"}', media_type="application/json")

    async def ready(self, _: Request) -> Response:
        """200 when every check passes, else 503; each check by name with what is wrong, or ok."""
        problems = await asyncio.gather(*[self._problem(name) for name in self.checks])
        well = all(problem is None for problem in problems)
        found = {name: problem or "ok" for name, problem in zip(self.checks, problems, strict=True)}
        body = {"status": "ok" if well else "unavailable", "checks": found}
        return Response(orjson.dumps(body), 200 if well else 503, media_type="application/json")

    async def show_metrics(self, _: Request) -> Response:
        """Prometheus' text format."""
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _problem(self, name: str) -> str | None:
        answer = self.asked.get(name)
        if answer is None:
            answer = self.asked[name] = asyncio.ensure_future(self.checks[name]())
            answer.add_done_callback(lambda _: self.asked.pop(name))
        await asyncio.wait({answer}, timeout=self.seconds_max)
        if not answer.done():
            return f"No answer within {self.seconds_max:g} s."
        try:
            return answer.result()
        except Exception as problem:
            log.error("health.check_failed", check=name, exc_info=problem)
            return "The check itself failed; see the log."
