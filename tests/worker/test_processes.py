"""Workers as processes: stopped politely, killed, put to sleep."""

import signal
import sys
from collections.abc import AsyncIterator, Callable

import pytest

from tests.support.server import Program, ServerProcess
from tests.worker.office import Office

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

Starter = Callable[..., Program]


@pytest.fixture
async def program(server: ServerProcess, office: Office) -> AsyncIterator[Starter]:
    """Makes `taskloom worker` programs for the tasks of the office."""
    made: list[Program] = []

    def make(handler: str, *options: str) -> Program:
        made.append(
            Program(
                sys.executable,
                # The same command as `taskloom worker`, without the time it takes to load the server's.
                "-c",
                "from app.cli.worker import command; command()",
                f"tests.worker.handlers:{handler}",
                f"--capability={office.skill}",
                *options,
                env={"TASKLOOM_URL": server.url, "TASKLOOM_KEY": server.key},
            )
        )
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def test_sigterm_gives_back_what_cannot_end(program: Starter, office: Office) -> None:
    run_id = await office.start()
    worker = program("for_ever", "--drain-seconds=0")
    await worker.start()
    await office.event(run_id, "TASK_RUN_REPORTED")
    assert await worker.terminate() == 0, worker.output
    run = await office.run(run_id)
    assert (run["status"], run["attempt"]) == ("QUEUED", 1)
    assert (await office.event(run_id, "TASK_RUN_RELEASED"))["reason"] == "the worker is being stopped"
    successor = program("at_once")
    await successor.start()
    await office.event(run_id, "TASK_RUN_COMPLETED")
    assert await successor.terminate() == 0, successor.output


async def test_a_second_signal_ends_the_worker_at_once(program: Starter, office: Office) -> None:
    run_id = await office.start()
    worker = program("for_ever", "--drain-seconds=60", "--lease-seconds=1")
    await worker.start()
    await office.event(run_id, "TASK_RUN_REPORTED")
    worker.signal(signal.SIGINT)
    await worker.saying("worker.draining")
    worker.signal(signal.SIGINT)
    assert await worker.ended(within=5) == 0, worker.output
    # Nothing was given back: the lease ends by itself.
    await office.event(run_id, "TASK_RUN_LEASE_EXPIRED")
    await office.cancel(run_id)


async def test_the_run_of_a_killed_worker_is_done_by_another(program: Starter, office: Office) -> None:
    run_id = await office.start()
    worker = program("for_ever", "--lease-seconds=2")
    await worker.start()
    await office.event(run_id, "TASK_RUN_REPORTED")
    successor = program("at_once")
    await successor.start()
    await successor.saying("session.registered")
    await worker.kill()
    await office.event(run_id, "TASK_RUN_COMPLETED")
    run = await office.run(run_id)
    assert (run["attempt"], run["result"]) == (2, "attempt 2")
    assert await successor.terminate() == 0, successor.output


async def test_a_worker_that_slept_longer_than_its_lease_changes_nothing(program: Starter, office: Office) -> None:
    run_id = await office.start()
    worker = program("for_ever", "--lease-seconds=1")
    await worker.start()
    await office.event(run_id, "TASK_RUN_REPORTED")
    worker.signal(signal.SIGSTOP)
    await office.event(run_id, "TASK_RUN_LEASE_EXPIRED")
    successor = program("at_once")
    await successor.start()
    await office.event(run_id, "TASK_RUN_COMPLETED")
    worker.signal(signal.SIGCONT)
    stopped = await worker.saying("run.stopped")
    assert "LeaseLost" in stopped.string
    run = await office.run(run_id)
    assert (run["status"], run["result"]) == ("COMPLETED", "attempt 2")
    assert await worker.terminate() == 0, worker.output
    assert await successor.terminate() == 0, successor.output


async def test_a_refused_key_is_told_in_one_line(server: ServerProcess) -> None:
    worker = Program(
        sys.executable,
        "-m",
        "app",
        "worker",
        "tests.worker.handlers:at_once",
        f"--url={server.url}",
        "--key=tlk_wrong",
    )
    await worker.start()
    try:
        assert await worker.ended() == 1
        assert worker.lines == [
            "Error: The server does not accept this key (401); give one that is valid and not revoked."
        ]
    finally:
        await worker.close()
