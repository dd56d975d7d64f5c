"""Files become tables, whole or not at all; what is bad is told by line and column."""

import asyncio
from pathlib import Path

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, NotFound
from app.domain.grid.batch import BATCH_ROWS
from app.domain.invalid import InvalidInput
from app.services.imports import Step
from app.services.operators import operator
from app.services.registry import Services
from app.storage import events
from app.storage.events import Range
from tests.support.grid import make_table, read_table, unchanged, vega_file


def written(folder: Path, name: str, text: str | bytes) -> Path:
    """A file."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


async def test_a_real_file_becomes_a_typed_table(db: Database, services: Services, viewer: Viewer) -> None:
    heard: list[tuple[Step, int]] = []
    path = vega_file("seattle-weather.csv")
    done = await services.imports.run(
        viewer, path, key=("date",), progress=lambda step, bytes_read: heard.append((step, bytes_read))
    )
    table = done.table
    assert (table.name, table.row_count, table.primary_key) == ("seattle_weather", 1461, ("date",))
    page = await read_table(db, viewer, table, limit=1)
    assert (page.items[0]["date"], page.items[0]["temp_max"], page.total) == ("2012-01-01", 12.8, 1461)
    assert heard[0][0] is Step.READING
    assert heard[-1] == (Step.IMPORTING, path.stat().st_size)
    found, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, Range(), most=9)
    assert [e.type.value for e in found] == ["table.created", "table.rows_imported"]
    assert (found[1].payload["rowCount"], found[1].sequence) == (1461, done.sequence)
    assert found[1].origin.kind == "cli"


@pytest.mark.parametrize("name", ["cars.json", "stocks.csv", "barley.json", "iris.json", "us-employment.csv"])
async def test_other_real_files_are_read_whole(db: Database, services: Services, viewer: Viewer, name: str) -> None:
    table = (await services.imports.run(viewer, vega_file(name))).table
    page = await read_table(db, viewer, table, limit=5_000)
    assert page.total == table.row_count == len(page.items) > 0


async def test_a_file_of_several_batches_keeps_its_order(
    db: Database, services: Services, viewer: Viewer, tmp_path: Path
) -> None:
    count = 2 * BATCH_ROWS + 17
    path = written(tmp_path, "many.jsonl", "".join(f'{{"n": {at}}}\n' for at in range(count)))
    table = (await services.imports.run(viewer, path)).table
    page = await read_table(db, viewer, table, offset=count - 3)
    assert ([row["n"] for row in page.items], page.total) == ([count - 3, count - 2, count - 1], count)


async def test_a_file_with_a_header_alone_is_an_empty_table(
    db: Database, services: Services, viewer: Viewer, tmp_path: Path
) -> None:
    done = await services.imports.run(viewer, written(tmp_path, "empty.csv", "a,b\n"), name="nothing")
    assert (done.table.name, done.table.row_count, done.table.last_write_at) == ("nothing", 0, None)


BAD: list[tuple[str, str | bytes, tuple[str, ...], str]] = [
    ("a.csv", "id,x\n1,a\n2\n", (), "line 3: 1 cells"),
    ("a.csv", 'id,x\n1,"a\n', (), "line 2: The record is not well formed"),
    ("a.csv", "", (), "line 1: The file is empty"),
    ("a.csv", "id,ID\n1,2\n", (), "line 1: 'id' and 'ID' differ only in case"),
    ("a.csv", b"id\n\xff\n", (), "line 2: Byte 1 of the line is not UTF-8"),
    ("a.csv", "id,x\n1,a\n\n,b\n", ("id",), "line 4, column 'id': 'id' belongs to the key"),
    ("a.csv", "id,x\n1,a\n\n2,b\n1,c\n", ("id",), "line 5: The record repeats the key"),
    ("a.jsonl", '{"id": 1}\n{"id": 2}\n\n{"id": 1}\n', ("id",), "line 4: The record repeats the key"),
    ("a.jsonl", '{"id": 1}\n{"id"\n', (), "line 2: No JSON at character"),
    ("a.json", '[{"id": 1}, {"x": 1}]', ("id",), "element 2, column 'id': 'id' belongs to the key"),
    ("a.json", '[{"id": 1}, 2]', (), "element 2: Each one is an object"),
    ("a.csv", "id\n1\n", ("nobody",), "There is no column 'nobody'"),
    ("a.csv", "a\n" + "1\n" * BATCH_ROWS + "x" * 9_000 + "\n", ("a",), "line 3: The record repeats the key"),
]


@pytest.mark.parametrize(("name", "text", "key", "message"), BAD)
async def test_what_is_bad_is_told_with_its_place_and_nothing_is_half_imported(
    db: Database,
    services: Services,
    viewer: Viewer,
    tmp_path: Path,
    name: str,
    text: str | bytes,
    key: tuple[str, ...],
    message: str,
) -> None:
    async with unchanged(db):
        with pytest.raises(InvalidInput) as refusal:
            await services.imports.run(viewer, written(tmp_path, name, text), key=key)
    assert refusal.value.problems[0].message.startswith(message)


async def test_a_repetition_in_a_later_batch_has_its_line(
    db: Database, services: Services, viewer: Viewer, tmp_path: Path
) -> None:
    lines = [f"{at}\n" for at in range(2 * BATCH_ROWS)]
    path = written(tmp_path, "late.csv", "id\n" + "".join(lines) + "7\n")
    async with unchanged(db):
        with pytest.raises(InvalidInput) as refusal:
            await services.imports.run(viewer, path, key=("id",))
    assert refusal.value.problems[0].loc == (2 * BATCH_ROWS + 2,)


async def test_a_record_too_large_for_a_key_has_its_line(
    db: Database, services: Services, viewer: Viewer, tmp_path: Path
) -> None:
    noise = "".join(chr(0x4E00 + (at * 7919) % 20_000) for at in range(3_000))
    path = written(tmp_path, "long.csv", f"id\na\nb\n{noise}\nc\n")
    async with unchanged(db):
        with pytest.raises(InvalidInput) as refusal:
            await services.imports.run(viewer, path, key=("id",))
    assert refusal.value.problems[0].message.startswith("line 4: The record is larger")


async def test_files_of_no_known_kind_are_refused(
    db: Database, services: Services, viewer: Viewer, tmp_path: Path
) -> None:
    for path in (written(tmp_path, "a.xlsx", "x"), tmp_path / "missing.csv", tmp_path):
        async with unchanged(db):
            with pytest.raises(BadInput) as refusal:
                await services.imports.run(viewer, path)
        assert refusal.value.field == "file"


async def test_a_taken_name_is_refused(db: Database, services: Services, viewer: Viewer, tmp_path: Path) -> None:
    await make_table(services, viewer, name="people")
    async with unchanged(db):
        with pytest.raises(Conflict) as refusal:
            await services.imports.run(viewer, written(tmp_path, "people.csv", "a\n1\n"))
    assert refusal.value.field == "name"


async def test_an_import_that_is_called_off_leaves_nothing(
    db: Database, services: Services, viewer: Viewer, tmp_path: Path
) -> None:
    path = written(tmp_path, "many.csv", "n\n" + "".join(f"{at}\n" for at in range(4 * BATCH_ROWS)))
    half = asyncio.Event()
    loop = asyncio.get_running_loop()

    def heard(step: Step, bytes_read: int) -> None:
        if step is Step.IMPORTING:
            loop.call_soon_threadsafe(half.set)

    async with unchanged(db):
        importing = asyncio.create_task(services.imports.run(viewer, path, progress=heard))
        await half.wait()
        importing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await importing


async def test_an_operator_acts_as_the_user_they_name(db: Database, viewer: Viewer) -> None:
    found = await operator(db, "acme", " OWNER@example.com ")
    assert (found.tenant_id, found.user_id, found.role) == (viewer.tenant_id, viewer.user_id, viewer.role)
    for tenant, email in (("acme", "nobody@example.com"), ("nowhere", "owner@example.com")):
        with pytest.raises(NotFound, match="taskloom keys create"):
            await operator(db, tenant, email)
