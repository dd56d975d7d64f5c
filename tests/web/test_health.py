"""What those who run the server see: health, readiness and metrics, as docs/operations.md describes them."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.clock import monotonic
from app.db.embedded import EmbeddedPostgres
from app.main import App, Storage
from app.observability.metrics import Metrics
from app.settings import Settings
from app.storage.statements import composed
from app.web.health import Health
from tests.support.answers import refusal, tells_nothing_inside
from tests.support.eventually import eventually
from tests.support.listening import Listening, listening

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
WELL = {"status": "ok", "checks": {"database": "ok", "migrations": "ok", "stream": "ok"}}


async def get(site: Listening, path: str) -> httpx.Response:
    """Without any credential."""
    async with httpx.AsyncClient(timeout=15) as client:
        return await client.get(f"{site.http}{path}")


async def readiness(site: Listening) -> tuple[int, dict[str, Any]]:
    """Status and body of /readyz."""
    response = await get(site, "/readyz")
    assert response.headers["content-type"] == "application/json"
    tells_nothing_inside(response.text)
    body: dict[str, Any] = response.json()
    return response.status_code, body


async def test_a_well_server_says_so(site: Listening) -> None:
    alive = await get(site, "/healthz")
    assert (alive.status_code, alive.json(), alive.headers["content-type"]) == (
        200,
        {"status": "ok"},
        "application/json",
    )
    assert await readiness(site) == (200, WELL)


@asynccontextmanager
async def on_its_own_database(home: Path) -> AsyncIterator[tuple[Listening, EmbeddedPostgres]]:
    """A server on a PostgreSQL that may be stopped; it does not know that it is an embedded one."""
    postgres = await asyncio.to_thread(EmbeddedPostgres.start, home / "postgres", options={"fsync": "off"})
    try:
        settings = Settings.read({"DATABASE_URL": postgres.dsn, "DATA_DIR": str(home / "data")})
        app = App(settings, await Storage.open(settings))
        await app.start()
        async with listening(app) as found:
            yield found, postgres
        await app.stop()
    finally:
        await asyncio.to_thread(postgres.stop)


async def is_well(site: Listening) -> bool:
    """Whether it is ready again."""
    return await readiness(site) == (200, WELL)


async def test_a_server_without_its_database_is_alive_but_not_ready(tmp_path: Path) -> None:
    async with on_its_own_database(tmp_path) as (site, postgres):
        assert await readiness(site) == (200, WELL)
        await asyncio.to_thread(postgres.stop)
        status, body = await readiness(site)
        assert (status, body["status"]) == (503, "unavailable")
        assert body["checks"]["database"] == "The database cannot be reached right now; try again shortly."
        assert (await get(site, "/healthz")).status_code == 200
        assert (await get(site, "/metrics")).status_code == 200
        site.client.headers["authorization"] = "Bearer never-seen-before-0001"
        answer = await site.client.post(f"{site.http}/graphql", json={"query": "{ __typename }"})
        refusal(answer, 503, "SERVICE_UNAVAILABLE")
        assert answer.headers["retry-after"] == "1"
        with await asyncio.to_thread(EmbeddedPostgres.start, tmp_path / "postgres", options={"fsync": "off"}):
            await eventually(lambda: is_well(site))


def frozen(postmaster: int, number: signal.Signals) -> None:
    """Send a signal to a postmaster and to all of its children; stopped first, it makes no more of them."""
    os.kill(postmaster, number)
    for pid in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), number)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the children of a process in /proc")
async def test_a_database_that_hangs_is_told_within_seconds(tmp_path: Path) -> None:
    async with on_its_own_database(tmp_path) as (site, postgres):
        postmaster = postgres.postmaster_pid
        assert postmaster is not None
        frozen(postmaster, signal.SIGSTOP)
        try:
            started = monotonic()
            asked = await asyncio.gather(*[readiness(site) for _ in range(20)])
            assert monotonic() - started < 5
            assert {status for status, _ in asked} == {503}
            # Whether it hangs in a statement or in opening a connection for one.
            assert {body["checks"]["database"] for _, body in asked} <= {
                "No answer within 3 s.",
                "All database connections are busy; try again in a moment.",
            }
            assert (await get(site, "/healthz")).status_code == 200
        finally:
            frozen(postmaster, signal.SIGCONT)
        await eventually(lambda: is_well(site))


async def test_an_old_schema_is_not_ready_and_a_newer_one_is(site: Listening) -> None:
    move = composed("UPDATE alembic_version SET version_num = :revision")
    head = (await site.app.db.fetch(composed("SELECT version_num FROM alembic_version")))[0]["version_num"]
    try:
        await site.app.db.fetch(move, revision="of-a-later-release")
        assert await readiness(site) == (200, WELL)
        await site.app.db.fetch(composed("DELETE FROM alembic_version"))
        status, body = await readiness(site)
        assert status == 503
        assert body["checks"]["migrations"] == "The schema stands at None; run `taskloom migrate`."
    finally:
        await site.app.db.fetch(composed("DELETE FROM alembic_version"))
        await site.app.db.fetch(composed("INSERT INTO alembic_version VALUES (:revision)"), revision=head)


async def test_a_log_that_is_not_read_is_not_ready(site: Listening) -> None:
    await site.app.tailer.stop()
    site.app.tailer._read_at -= 11
    status, body = await readiness(site)
    await site.app.tailer.start()
    assert (status, body["checks"]["database"]) == (503, "ok")
    assert re.fullmatch(r"The log was read 1\d s ago\.", body["checks"]["stream"])
    await eventually(lambda: is_well(site))


async def test_a_check_that_breaks_is_told_without_its_inside() -> None:
    async def broken() -> str | None:
        raise ValueError("SELECT secret FROM somewhere")

    async def fine() -> str | None:
        return None

    health = Health(checks={"fine": fine, "broken": broken}, metrics=Metrics())
    answer = await health.ready(None)  # type: ignore[arg-type]  # the request is not looked at
    assert answer.status_code == 503
    assert b'"broken":"The check itself failed; see the log."' in answer.body
    assert b"secret" not in answer.body


async def test_a_check_that_hangs_is_asked_once() -> None:
    asked, go_on = 0, asyncio.Event()

    async def slow() -> str | None:
        nonlocal asked
        asked += 1
        await go_on.wait()
        return None

    health = Health(checks={"slow": slow}, metrics=Metrics(), seconds_max=0.01)
    for _ in range(5):
        assert b"No answer within 0.01 s." in (await health.ready(None)).body  # type: ignore[arg-type]  # as above
    assert asked == 1
    go_on.set()
    await health.asked["slow"]
    assert (await health.ready(None)).status_code == 200  # type: ignore[arg-type]  # as above
    assert asked == 2


def rows_of(heading: str) -> list[list[str]]:
    """The cells of the tables under a heading of docs/operations.md, without their header rows."""
    section = OPERATIONS.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


async def test_every_metric_is_documented_and_every_documented_one_exists(site: Listening) -> None:
    await get(site, "/healthz")
    response = await get(site, "/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = [f for f in text_string_to_metric_families(response.text) if not f.name.endswith("_created")]
    told = {
        (f.name + ("_total" if f.type == "counter" else ""), f.type, frozenset(f.samples[0].labels) - {"le"})
        for f in families
    }
    documented = {
        (name.strip("`"), kind, frozenset(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels, _ in rows_of("Metrics")
    }
    assert told == documented
    assert all(family.documentation for family in families)


def test_every_setting_is_documented_with_its_default() -> None:
    source = (Path(__file__).parents[2] / "app" / "settings.py").read_text("utf-8")
    known = set(re.findall(r'"([A-Z][A-Z_]+)"', source))
    documented = {name.strip("`"): default.strip("`") for name, default, _ in rows_of("Settings")}
    assert set(documented) == known
    unset = Settings.read({})
    given = Settings.read({name: value for name, value in documented.items() if value != "unset"})
    assert given == unset


@pytest.mark.parametrize("check", ["database", "migrations", "stream"])
def test_every_check_is_documented(check: str) -> None:
    assert [check] == [row[0].strip("`") for row in rows_of("Health") if row[0] == f"`{check}`"]
