"""Health, readiness and metrics for those who run the server."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.observability.metrics import Metrics

STALE_SECONDS_MAX: Final = 10.0
Check = Callable[[], Awaitable[str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`/healthz` says that the process lives, `/readyz` that it can serve, `/metrics` how it does."""

    checks: dict[str, Check]
    metrics: Metrics

    async def live(self, _: Request) -> Response:
        """200 as long as the process answers."""
        return Response(b'{"status":"ok"}', media_type="application/json")

    async def ready(self, _: Request) -> Response:
        """200 when every check passes, else 503; each check by name with what is wrong, or ok."""
        found = {name: await check() for name, check in self.checks.items()}
        well = all(problem is None for problem in found.values())
        body = {"status": "ok" if well else "unavailable", "checks": {n: p or "ok" for n, p in found.items()}}
        return Response(orjson.dumps(body), 200 if well else 503, media_type="application/json")

    async def show_metrics(self, _: Request) -> Response:
        """Prometheus' text format."""
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
