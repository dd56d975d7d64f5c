"""A log line tells of a failure with its stack, and never the values that were at hand."""

import asyncio
import sys
from pathlib import Path

import orjson
import pytest

REPOSITORY = Path(__file__).parents[2]
PROGRAM = """
import structlog
from app.observability.logs import configure

def fail(key):
    nested = [key]
    for _ in range(5_000):
        nested = [nested]
    raise ValueError("it broke")

configure({format!r}, "info")
log = structlog.get_logger("test")
log.debug("too.quiet")
log.info("run.claimed", run_id="r1", attempt=2)
try:
    fail("tlk_very_secret")
except ValueError as problem:
    log.error("request.failed", request_id="abc", exc_info=problem)
"""


async def logged(log_format: str) -> list[str]:
    """What a program says that logs a failure while it holds a key and something deep."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM.replace("{format!r}", repr(log_format))),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await asyncio.wait_for(process.communicate(), 15)
    return said.decode().splitlines()


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_a_failure_is_told_without_the_values_at_hand(log_format: str) -> None:
    lines = await logged(log_format)
    said = "\n".join(lines)
    assert "request.failed" in said
    assert "it broke" in said
    assert "in fail" in said or '"name":"fail"' in said.replace(": ", ":")
    assert "very_secret" not in said
    assert "too.quiet" not in said


async def test_json_is_one_object_a_line() -> None:
    claimed, failed = [orjson.loads(line) for line in await logged("json")]
    assert {key: claimed[key] for key in ("event", "level", "run_id", "attempt")} == {
        "event": "run.claimed",
        "level": "info",
        "run_id": "r1",
        "attempt": 2,
    }
    assert (failed["event"], failed["request_id"]) == ("request.failed", "abc")
    assert failed["exception"][0]["exc_value"] == "it broke"
