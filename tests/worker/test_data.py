"""Rows that a handler reads and tables that it writes, over a good line and a bad one."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from app.worker import GraphQLClient, Refused, Release, RunContext
from app.worker.client import payload
from app.worker.tables import NewTable, delete_table, find_table, put_table
from tests.support.server import ServerProcess
from tests.worker.office import Office, at_work, worker_of
from tests.worker.proxy import Proxy

OPEN = """mutation Open($input: CreateWorkspaceInput!) {
  createWorkspace(input: $input) { workspace { id } userErrors { code message field } }
}"""
READ = "query Rows($id: ID!) { table(id: $id) { name scope task { id } rows(limit: 5000) { items } } }"

COLUMNS = {"n": "integer", "text": "string", "part": "number", "day": "date", "yes": "boolean", "more": "json"}


def rows(count: int) -> list[dict[str, Any]]:
    """Rows of every type, with gaps."""
    return [
        {
            "n": n,
            "text": f"é {n}" if n % 3 else None,
            "part": n / 4,
            "day": f"2026-01-{n % 28 + 1:02}",
            "yes": n % 2 == 0,
            "more": {"deep": [n]} if n % 5 else None,
        }
        for n in range(count)
    ]


async def workspace(office: Office, content: Sequence[dict[str, Any]]) -> str:
    """A live workspace on a table with these rows."""
    name = f"rows of {office.skill}"
    await put_table(office.client, NewTable(name=name, columns=COLUMNS, primary_key=("n",)), content)
    asked = {"title": name, "mode": "OPERATIONAL", "backingTableName": name}
    id: str = payload(await office.client.send(OPEN, {"input": asked}))["workspace"]["id"]
    return id


async def read(office: Office, table_id: str) -> dict[str, Any]:
    """A table as it is."""
    found: dict[str, Any] = (await office.client.send(READ, {"id": table_id}))["table"]
    return found


async def test_a_handler_reads_every_row_of_its_workspace_once(server: ServerProcess, office: Office) -> None:
    content = rows(2_345)
    place = await workspace(office, content)
    met: dict[str, Any] = {}

    async def handle(run: RunContext) -> int:
        met["batches"] = [batch async for batch in run.rows(1_000)]
        met["all"] = await run.rows_all(2_345)
        with pytest.raises(ValueError, match="more than 2344 rows"):
            await run.rows_all(2_344)
        return len(met["all"])

    async with at_work(worker_of(server, office, handler=handle, workspace_id=place)):
        run_id = await office.start(scope="WORKSPACE", workspaceId=place)
        await office.event(run_id, "TASK_RUN_COMPLETED")
    assert [len(batch) for batch in met["batches"]] == [1_000, 1_000, 345]
    assert [row for batch in met["batches"] for row in batch] == content
    assert met["all"] == content


async def test_rows_of_a_global_run_need_a_workspace(server: ServerProcess, office: Office) -> None:
    async def handle(run: RunContext) -> None:
        await run.rows_all()

    async with at_work(worker_of(server, office, handler=handle)):
        run_id = await office.start()
        await office.event(run_id, "TASK_RUN_FAILED")
    assert (await office.run(run_id))["error"] == "ValueError: This run belongs to no workspace; give workspace_id."


async def test_a_later_attempt_replaces_what_an_earlier_one_wrote(server: ServerProcess, office: Office) -> None:
    written: list[str] = []

    async def handle(run: RunContext) -> dict[str, Any]:
        table = await run.write_table("found", {"n": "integer"}, [{"n": n} for n in range(3 - len(written))], ["n"])
        written.append(table.id)
        if len(written) == 1:
            raise Release("once more")
        return {"id": table.id, "name": table.name, "rows": table.row_count}

    async with at_work(worker_of(server, office, handler=handle)):
        run_id = await office.start()
        await office.event(run_id, "TASK_RUN_COMPLETED")
    result = (await office.run(run_id))["result"]
    assert result == {"id": written[1], "name": f"found_{run_id[-12:]}", "rows": 2}
    assert await read(office, written[0]) is None
    table = await read(office, written[1])
    assert (table["scope"], table["rows"]["items"]) == ("TASK", [{"n": 0}, {"n": 1}])


async def test_rows_whose_arrival_is_unknown_are_not_there_twice(server: ServerProcess, office: Office) -> None:
    content = rows(2_500)
    wanted = NewTable(name=f"cut {office.skill}", columns=COLUMNS)
    counts: list[int] = []
    async with Proxy(server.url) as proxy, GraphQLClient(proxy.url, server.key) as client:

        def written(count: int) -> None:
            counts.append(count)
            if counts == [0, 1_000]:
                proxy.answers.clear()  # the second batch arrives, its answer does not

        writing = asyncio.create_task(put_table(client, wanted, content, written=written))
        while (found := await find_table(office.client, wanted)) is None or found.row_count < 2_000:
            assert not writing.done()
        await proxy.cut()
        await proxy.mend()
        table = await writing
    assert counts == [0, 1_000, 0, 1_000, 2_000, 2_500]
    assert table.row_count == 2_500
    assert [row["n"] for row in (await read(office, table.id))["rows"]["items"]] == list(range(2_500))


async def test_a_row_that_does_not_fit_is_refused(server: ServerProcess, office: Office) -> None:
    wanted = NewTable(name=f"bad {office.skill}", columns={"n": "integer"})
    with pytest.raises(Refused) as caught:
        await put_table(office.client, wanted, [{"n": 1}, {"n": "one"}])
    assert caught.value.code == "BAD_USER_INPUT"
    found = await find_table(office.client, wanted)
    assert found is not None
    assert found.row_count == 0


async def test_a_table_that_is_gone_is_deleted_as_well(office: Office) -> None:
    table = await put_table(office.client, NewTable(name=f"gone {office.skill}", columns={"n": "integer"}), [])
    await delete_table(office.client, table.id)
    await delete_table(office.client, table.id)
    assert await read(office, table.id) is None
