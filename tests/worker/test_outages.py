"""A worker while the line or the server is gone: nothing is done twice, nothing is forgotten."""

import asyncio

import pytest

from app.worker import GraphQLClient, LeaseLost, RunContext
from app.worker.finish import Finisher
from app.worker.hold import Claim, Hold
from app.worker.options import Options
from app.worker.session import AgentSession
from tests.support.database import TestDatabases
from tests.support.server import ServerProcess
from tests.worker.office import Office, at_work, worker_of
from tests.worker.proxy import Proxy


async def test_the_watchdog_stops_a_run_whose_server_cannot_be_reached(server: ServerProcess, office: Office) -> None:
    began, stopped = asyncio.Event(), asyncio.Event()
    met: list[tuple[int, object]] = []

    async def handle(run: RunContext) -> int:
        if run.attempt > 1:
            return run.attempt
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            met.append((run.attempt, type(run.stopped)))
            stopped.set()
        return 0

    async with (
        Proxy(server.url) as proxy,
        at_work(worker_of(server, office, url=proxy.url, handler=handle, lease_seconds=2)),
    ):
        run_id = await office.start()
        await began.wait()
        cut_at = asyncio.get_running_loop().time()
        await proxy.cut()
        await stopped.wait()
        stopped_after = asyncio.get_running_loop().time() - cut_at
        await office.event(run_id, "TASK_RUN_LEASE_EXPIRED")
        await proxy.mend()
        await office.event(run_id, "TASK_RUN_COMPLETED")
    assert met == [(1, LeaseLost)]
    assert stopped_after <= 2.1
    assert (await office.run(run_id))["result"] == 2


async def test_work_made_while_the_line_is_cut_is_claimed_when_it_is_mended(
    server: ServerProcess, office: Office
) -> None:
    async def handle(run: RunContext) -> str:
        return run.task.title

    async with Proxy(server.url) as proxy, at_work(worker_of(server, office, url=proxy.url, handler=handle)):
        first = await office.start("before")
        await office.event(first, "TASK_RUN_COMPLETED")
        await proxy.cut()
        second = await office.start("meanwhile")
        await proxy.mend()
        # Within the 15 s that this waits: the slow claim that stands behind it comes only every 30 s.
        await office.event(second, "TASK_RUN_COMPLETED")
        third = await office.start("after")
        await office.event(third, "TASK_RUN_COMPLETED")


async def hold_of(client: GraphQLClient, office: Office) -> Hold:
    """A run that was claimed by hand."""
    options = Options(
        agent_name="by hand",
        workspace_id=None,
        capabilities=(office.skill,),
        concurrency=1,
        lease_seconds=10,
        drain_seconds=0,
        debug=False,
    )
    session = AgentSession(client, options)
    await session.register()
    claims = await session.claim(1)
    assert [type(claim) for claim in claims] == [Claim]
    return Hold(claims[0], sent_at=asyncio.get_running_loop().time(), lease_seconds=10)


async def test_a_completion_whose_answer_was_lost_is_recognised(server: ServerProcess, office: Office) -> None:
    async with Proxy(server.url) as proxy, GraphQLClient(proxy.url, server.key) as client:
        run_id = await office.start()
        hold = await hold_of(client, office)
        proxy.answers.clear()
        ending = asyncio.create_task(Finisher(client, debug=False).complete(hold, "once"))
        await office.event(run_id, "TASK_RUN_COMPLETED")
        await proxy.cut()
        await proxy.mend()
        assert await ending is True
        hold.close()
    assert (await office.run(run_id))["result"] == "once"


async def test_a_release_whose_answer_was_lost_is_recognised(server: ServerProcess, office: Office) -> None:
    async with Proxy(server.url) as proxy, GraphQLClient(proxy.url, server.key) as client:
        run_id = await office.start()
        hold = await hold_of(client, office)
        proxy.answers.clear()
        ending = asyncio.create_task(Finisher(client, debug=False).release(hold, "later"))
        await office.event(run_id, "TASK_RUN_RELEASED")
        await proxy.cut()
        await proxy.mend()
        assert await ending is True
        hold.close()
    await office.cancel(run_id)


async def test_a_completion_after_somebody_canceled_is_told_and_dropped(server: ServerProcess, office: Office) -> None:
    async with GraphQLClient(server.url, server.key) as client:
        run_id = await office.start()
        hold = await hold_of(client, office)
        await office.cancel(run_id)
        assert await Finisher(client, debug=False).complete(hold, "too late") is False
        hold.close()
    run = await office.run(run_id)
    assert (run["status"], run["result"]) == ("CANCELED", None)


async def test_the_end_of_a_run_is_told_once_the_server_is_back(own_server: ServerProcess, own_office: Office) -> None:
    began, go = asyncio.Event(), asyncio.Event()

    async def handle(run: RunContext) -> str:
        began.set()
        await go.wait()
        return f"attempt {run.attempt}"

    async with at_work(worker_of(own_server, own_office, handler=handle)):
        run_id = await own_office.start()
        await began.wait()
        await own_server.kill()
        go.set()
        await own_server.start()
        await own_office.event(run_id, "TASK_RUN_COMPLETED")
        # The worker still hears of new work.
        later = await own_office.start("later")
        await own_office.event(later, "TASK_RUN_COMPLETED")
    assert (await own_office.run(run_id))["result"] == "attempt 1"


async def test_a_worker_may_be_started_before_its_server(own_server: ServerProcess, own_office: Office) -> None:
    async def handle(run: RunContext) -> str:
        return "done"

    run_id = await own_office.start()
    await own_server.terminate()
    async with at_work(worker_of(own_server, own_office, handler=handle)):
        await own_server.start()
        await own_office.event(run_id, "TASK_RUN_COMPLETED")


async def test_a_worker_that_waits_for_its_server_can_be_stopped(server: ServerProcess, office: Office) -> None:
    async def handle(run: RunContext) -> None: ...

    async with Proxy(server.url) as proxy:
        await proxy.cut()
        worker = worker_of(server, office, url=proxy.url, handler=handle)
        running = asyncio.create_task(worker.run())
        worker.stop()
        async with asyncio.timeout(5):
            await running
        await proxy.mend()


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_a_worker_outlives_the_data_of_its_server(
    own_server: ServerProcess, own_office: Office, databases: TestDatabases
) -> None:
    async def handle(run: RunContext) -> str:
        return "done"

    async with databases.clone() as other:
        async with at_work(worker_of(own_server, own_office, handler=handle)):
            for title in ("one", "two", "three"):
                await own_office.event(await own_office.start(title), "TASK_RUN_COMPLETED")
            await own_server.kill()
            own_server.move_to(other)
            await own_server.start()
            # Session and cursor of the worker mean nothing to this server.
            await own_office.event(await own_office.start("four"), "TASK_RUN_COMPLETED")
        await own_server.terminate()
