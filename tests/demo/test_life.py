"""Processes of the demo end with whoever started them."""

import asyncio
import os
import signal
import sys

import pytest
from click.testing import CliRunner

from app.cli.demo import command
from app.demo.life import live, until_orphaned
from tests.support.server import Program

ORPHAN = """
import asyncio, os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", '''
import asyncio, os
from app.demo.life import until_orphaned
print("child", os.getpid(), flush=True)
asyncio.run(until_orphaned(%d))
print("orphaned", flush=True)
''' % os.getpid()])
child.wait()
"""


class Endless:
    """Runs until it is stopped."""

    def __init__(self) -> None:
        self.stopped = asyncio.Event()

    async def run(self) -> None:
        await self.stopped.wait()

    def stop(self) -> None:
        self.stopped.set()


async def test_a_child_notices_that_its_parent_was_killed() -> None:
    parent = Program(sys.executable, "-c", ORPHAN)
    await parent.start()
    try:
        await parent.saying("child")
        parent.signal(signal.SIGKILL)
        await parent.saying("orphaned")
    finally:
        await parent.close()


async def test_somebody_elses_child_is_orphaned_at_once() -> None:
    async with asyncio.timeout(1):
        await until_orphaned(os.getppid() + 1)


async def test_what_lives_stops_when_the_parent_is_gone() -> None:
    one, two = Endless(), Endless()
    async with asyncio.timeout(5):
        await live(one, two, parent=os.getppid() + 1)
    assert one.stopped.is_set()
    assert two.stopped.is_set()


def test_without_data_files_the_demo_says_so_and_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.demo.data.PACKAGE", "no_such_package")
    monkeypatch.setattr("app.cli.demo.log_as", lambda *_: None)  # logging is set up for a process, not for a test
    found = CliRunner().invoke(command, ["--key", "tlk_any"])
    assert (found.exit_code, found.output) == (
        0,
        "demo stage  The demo's data files are not installed: pip install 'taskloom[demo]' brings them."
        " The server works without them.\n",
    )
