"""Files in and out over HTTP: typed, whole or not at all, with the caller's rights, told by line and column."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from app.domain.access.viewer import UserRole, Viewer
from app.domain.grid.column import ColumnType
from app.domain.tasks.events import EventType
from app.services.row_files import AT_ONCE_MAX
from app.storage.events import Range
from app.storage.rows.grid import TableRow
from tests.support.eventually import eventually
from tests.support.grid import (
    INTEGER,
    STRING,
    make_empty,
    make_snapshot,
    make_table,
    make_workspace,
    read_table,
    share,
    unchanged,
)
from tests.support.listening import Listening
from tests.support.people import make_viewer

EVERY_TYPE = {"id": INTEGER, **{kind.value: kind for kind in ColumnType}}
FULL: dict[str, Any] = {
    "id": 1,
    "string": 'a "quoted", text\r\nof two lines',
    "integer": str(2**63 - 1),
    "number": 1e300,
    "decimal": "0.1000",
    "boolean": True,
    "date": "0001-01-01",
    "datetime": "9999-12-31T23:59:59.999999Z",
    "json": {"b": [1, None], "a": "x"},
}
EMPTY = {"id": 2, **dict.fromkeys(list(FULL)[1:])}
NAMES = iter(range(10_000))


@pytest.fixture
async def owner(site: Listening) -> Viewer:
    """The user whose key the site's client sends."""
    found = await site.app.services.auth.viewer(api_key=site.key)
    assert found is not None
    return found


async def a_table(site: Listening, owner: Viewer, types: Any = None, rows: Any = (), **more: Any) -> TableRow:
    """A table of a name of its own."""
    types = types or {"id": INTEGER, "name": STRING}
    return await make_table(site.app.services, owner, types, rows, name=f"table {next(NAMES)}", **more)


async def send(site: Listening, table: object, content: Any, kind: str = "text/csv", **headers: str) -> httpx.Response:
    """A file for a table."""
    url = f"{site.http}/api/v1/tables/{table}/rows"
    return await site.client.post(url, content=content, headers={"content-type": kind, **headers})


async def key_of(site: Listening, email: str) -> tuple[Viewer, dict[str, str]]:
    """An ordinary user of the tenant, and the header that says so."""
    who = await make_viewer(site.app.db, tenant="default", email=email, role=UserRole.MEMBER)
    key = await site.app.services.identity.owner_key("default", email)
    return who, {"authorization": f"Bearer {key}"}


async def test_csv_becomes_rows(site: Listening, owner: Viewer) -> None:
    table = await a_table(site, owner, key=("id",))
    stream = await site.app.web.streams.open(owner, Range(types=(EventType.TABLE_ROWS_IMPORTED,)), None)
    answer = await send(
        site, table.id, '\ufeffname,id\r\n"Ada, ""Countess""",1\r\n\r\n,2\r\n', "text/csv; charset=UTF-8"
    )
    told = answer.json()
    sequence = told.pop("sequence")
    assert (answer.status_code, told) == (200, {"tableId": str(table.id), "rowCount": 2, "totalRows": 2})
    page = await read_table(site.app.db, owner, table)
    assert page.items == [{"id": 1, "name": 'Ada, "Countess"'}, {"id": 2, "name": None}]
    [event] = await anext(stream.batches())
    assert (str(event.sequence), event.payload["rowCount"], event.payload["tableId"]) == (sequence, 2, str(table.id))
    stream.close()


async def test_json_lines_and_tabs_become_rows(site: Listening, owner: Viewer) -> None:
    table = await a_table(site, owner)
    lines = b'{"id": 1, "name": "a"}\n\n{"id": "2"}\n'
    assert (await send(site, table.id, lines, "application/x-ndjson")).json()["rowCount"] == 2
    assert (await send(site, table.id, b"id\tname\n3\tc", "text/tab-separated-values")).json()["totalRows"] == 3
    page = await read_table(site.app.db, owner, table)
    assert page.items == [{"id": 1, "name": "a"}, {"id": 2, "name": None}, {"id": 3, "name": "c"}]


async def test_parquet_becomes_rows(site: Listening, owner: Viewer) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = await a_table(site, owner)
    file = io.BytesIO()
    parquet.write_table(arrow.table({"name": ["a", None, "ü"], "id": [1, 2, 3]}), file)
    answer = await send(site, table.id, file.getvalue(), "application/vnd.apache.parquet")
    assert (answer.status_code, answer.json()["rowCount"]) == (200, 3)
    page = await read_table(site.app.db, owner, table)
    assert page.items == [{"id": 1, "name": "a"}, {"id": 2, "name": None}, {"id": 3, "name": "ü"}]
    broken = await send(site, table.id, file.getvalue()[:-9], "application/vnd.apache.parquet")
    assert (broken.status_code, broken.json()["detail"][0]["type"]) == (422, "unreadable")


async def test_a_file_without_rows_changes_nothing(site: Listening, owner: Viewer) -> None:
    table = await a_table(site, owner)
    async with unchanged(site.app.db):
        answer = await send(site, table.id, "id,name\n")
    assert (answer.status_code, answer.json()) == (200, {"tableId": str(table.id), "rowCount": 0, "totalRows": 0})


def many(count: int, last: str) -> str:
    """So many good lines and one more."""
    return "id,name\n" + "".join(f"{at},x\n" for at in range(count)) + last


BAD: list[tuple[str, Any, list[Any], str]] = [
    ("text/csv", "id,name\n1,a\nx,b\n", ["body", 3, "id"], "int_type"),
    ("text/csv", many(12_000, "y,z\n"), ["body", 12_002, "id"], "int_type"),
    ("text/csv", many(12_000, "5,z\n"), ["body", 12_002], "duplicate"),
    ("text/csv", many(3, ",z\n"), ["body", 5, "id"], "missing"),
    ("text/csv", "id,name\n1\n", ["body", 2], "row_length"),
    ("text/csv", 'id,name\n1,"a\n', ["body", 2], "unreadable"),
    ("text/csv", b"id,name\n1,\xff\n", ["body", 2], "unreadable"),
    ("text/csv", b"id,name\n1,a\0b\n", ["body", 2, "name"], "unstorable_text"),
    ("text/csv", "id,nome\n1,a\n", ["body", 1], "unknown_column"),
    ("text/csv", "", ["body", 1], "missing"),
    ("text/csv", "id,id\n1,1\n", ["body", 1], "duplicate"),
    ("application/x-ndjson", '{"id": 1}\n[2]\n', ["body", 2], "row_type"),
    ("application/x-ndjson", '{"id": 1}\n{"id": }\n', ["body", 2], "json_invalid"),
    ("application/x-ndjson", '{"id": 1, "x": 2}\n', ["body", 1], "unknown_column"),
    ("application/x-ndjson", b'{"id": 1, "name": "\\ud800"}\n', ["body", 1], "json_invalid"),
    ("application/x-ndjson", '{"id": 99999999999999999999}\n', ["body", 1, "id"], "int_type"),
    ("application/vnd.apache.parquet", b"PAR1 and nothing more", ["body"], "unreadable"),
]


@pytest.mark.parametrize(("kind", "content", "loc", "code"), BAD)
async def test_what_is_bad_is_told_by_its_line_and_nothing_is_imported(
    site: Listening, owner: Viewer, kind: str, content: Any, loc: list[Any], code: str
) -> None:
    table = await a_table(site, owner, key=("id",))
    async with unchanged(site.app.db):
        answer = await send(site, table.id, content, kind)
    first = answer.json()["detail"][0]
    assert (answer.status_code, first["loc"], first["type"]) == (422, loc, code)
    assert set(first) == {"loc", "msg", "type"}


async def test_what_cannot_be_taken_is_refused_before_it_is_read(site: Listening, owner: Viewer) -> None:
    table = await a_table(site, owner)
    _, member = await key_of(site, "reader@example.com")
    async with unchanged(site.app.db):
        for kind, more in (
            ("application/json", {}),
            ("", {}),
            ("text/csv; charset=latin-1", {}),
            ("text/csv", {"content-encoding": "gzip"}),
        ):
            assert (await send(site, table.id, b"x", kind, **more)).status_code == 415
        for id in ("nothing", "01890000-0000-7000-8000-000000000000", "%00", "..%2f"):
            unknown = await send(site, id, b"id\n1\n")
            assert (unknown.status_code, unknown.json()["code"]) == (404, "table_not_found")
        refused = await send(site, table.id, b"id\n1\n", **member)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert (await send(site, table.id, b"id\n1\n", authorization="Bearer nothing")).status_code == 401
        url = f"{site.http}/api/v1/tables/{table.id}/rows"
        wrong = await site.client.get(url)
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
        elsewhere = {"origin": "https://elsewhere.example", "cookie": f"vai_token={site.key}"}
        async with httpx.AsyncClient() as browser:
            foreign = await browser.post(url, content=b"id\n1\n", headers=elsewhere)
        assert foreign.status_code == 403


async def test_a_file_over_the_limit_is_refused_declared_or_not(
    site: Listening, owner: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = await a_table(site, owner)
    monkeypatch.setattr(site.app.services.row_files, "bytes_max", 1_000)

    async def undeclared() -> AsyncIterator[bytes]:
        yield b"id\n"
        for at in range(400):
            yield b"%d\n" % at

    async with unchanged(site.app.db):
        for content in (b"id\n" + b"1\n" * 600, undeclared()):
            answer = await send(site, table.id, content)
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert (await send(site, table.id, b"id\n1\n")).status_code == 200


async def test_who_goes_away_leaves_nothing_and_frees_the_place(site: Listening, owner: Viewer) -> None:
    table = await a_table(site, owner)

    async def broken() -> AsyncIterator[bytes]:
        yield b"id\n1\n"
        raise ConnectionError

    async with unchanged(site.app.db):
        for _ in range(AT_ONCE_MAX + 1):
            with pytest.raises(ConnectionError):
                await send(site, table.id, broken())

        async def over() -> bool:
            return site.app.services.row_files._receiving == 0

        await eventually(over)
    assert (await send(site, table.id, b"id\n1\n")).status_code == 200


async def download(site: Listening, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    """A file of a workspace."""
    return await site.client.get(f"{site.http}/api/v1/workspaces/{path}", headers=headers)


async def test_a_grid_comes_out_as_it_went_in(site: Listening, owner: Viewer) -> None:
    table = await a_table(site, owner, EVERY_TYPE, [FULL, EMPTY], key=("id",))
    place = await make_workspace(site.app.services, owner, table, title="Größe & Preis")
    answer = await download(site, f"{place.id}/data.csv")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8; header=present")
    assert answer.headers["content-disposition"] == 'attachment; filename="groe-preis.csv"'
    lines = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert lines[0] == list(EVERY_TYPE)
    given = {**FULL, "boolean": "true", "number": "1e+300", "id": "1", "json": orjson.dumps(FULL["json"]).decode()}
    assert dict(zip(lines[0], lines[1], strict=True)) == given
    assert lines[2] == ["2", *[""] * 8]
    again = await a_table(site, owner, EVERY_TYPE, key=("id",))
    assert (await send(site, again.id, answer.content)).json()["rowCount"] == 2
    assert (await read_table(site.app.db, owner, again)).items == (await read_table(site.app.db, owner, table)).items


async def test_null_and_empty_text_differ_in_a_file(site: Listening, owner: Viewer) -> None:
    place = await make_snapshot(site.app.services, owner, {"a": STRING, "b": STRING}, [["", None], [None, ""]])
    assert (await download(site, f"{place.id}/data.csv")).text == 'a,b\r\n"",\r\n,""\r\n'
    single = await make_snapshot(site.app.services, owner, {"a": STRING}, [[None], ["x"]])
    assert (await download(site, f"{single.id}/data.csv")).text == 'a\r\n""\r\nx\r\n'
    empty = await make_empty(site.app.services, owner)
    assert (await download(site, f"{empty.id}/data.csv")).text == ""


async def test_a_grid_of_many_batches_comes_in_order(site: Listening, owner: Viewer) -> None:
    rows = [[at, f"n{at % 7}"] for at in range(7_000)]
    table = await a_table(site, owner, rows=rows, key=("id",))
    place = await make_workspace(site.app.services, owner, table)
    lines = (await download(site, f"{place.id}/data.csv")).text.splitlines()
    assert lines == ["id,name", *[f"{at},{name}" for at, name in rows]]
    down = (await download(site, f"{place.id}/data.csv?sort_column=name&sort_direction=desc")).text.splitlines()
    expected = sorted(rows, key=lambda row: str(row[1]), reverse=True)
    assert down == ["id,name", *[f"{at},{name}" for at, name in expected]]


async def test_formulas_are_only_disarmed_when_that_is_asked_for(site: Listening, owner: Viewer) -> None:
    rows = [["=1+1", -1], ["@x", None], ["+1", 2], ["-1", 3], ["\tx", 4], ["plain", 5]]
    place = await make_snapshot(site.app.services, owner, {"=name": STRING, "n": INTEGER}, rows)
    plain = (await download(site, f"{place.id}/data.csv")).text
    assert plain == '=name,n\r\n=1+1,-1\r\n@x,\r\n+1,2\r\n-1,3\r\n"\tx",4\r\nplain,5\r\n'
    safe = (await download(site, f"{place.id}/data.csv?escape_formulas=true")).text
    assert safe == "'=name,n\r\n'=1+1,-1\r\n'@x,\r\n'+1,2\r\n'-1,3\r\n'\tx,4\r\nplain,5\r\n"


async def test_a_chart_comes_out_in_its_order(site: Listening, owner: Viewer) -> None:
    services = site.app.services
    types = {"city": STRING, "year": INTEGER, "heat": ColumnType.NUMBER}
    rows = [["Rome", 1, 30.5], ["Bern", 1, 20], ["Rome", 2, 31], ["Bern", 2, None]]
    place = await make_snapshot(services, owner, types, rows)
    y = [{"column": "heat", "agg": "avg", "label": "Mean, °C"}]
    bar = {"kind": "bar", "x": {"column": "city"}, "y": y, "sort": {"by": "y", "order": "desc"}}
    made = (await services.charts.create(owner, str(place.id), bar)).chart
    answer = await download(site, f"{place.id}/charts/{made.id}/data.csv")
    assert answer.text == 'city,"Mean, °C"\r\nRome,30.75\r\nBern,20.0\r\n'
    lines = {
        "kind": "line",
        "x": {"column": "year"},
        "y": [{"column": "heat", "agg": "max"}],
        "group": {"column": "city"},
    }
    made = (await services.charts.create(owner, str(place.id), lines)).chart
    answer = await download(site, f"{place.id}/charts/{made.id}/data.csv")
    assert answer.text.splitlines()[0] == "year,Maximum of heat,city"
    assert answer.text.splitlines()[1:3] == ["1,20.0,Bern", "1,30.5,Rome"]


async def test_files_come_with_the_callers_rights(site: Listening, owner: Viewer) -> None:
    services = site.app.services
    place = await make_snapshot(services, owner, {"a": STRING}, [["x"]])
    chart = {"kind": "bar", "x": {"column": "a"}, "y": [{"column": "*", "agg": "count"}]}
    made = (await services.charts.create(owner, str(place.id), chart)).chart
    other = await make_empty(services, owner)
    friend, key = await key_of(site, "friend@example.com")
    paths = (f"{place.id}/data.csv", f"{place.id}/charts/{made.id}/data.csv")
    for path in paths:
        answer = await download(site, path, key)
        assert (answer.status_code, answer.json()["code"]) == (404, "workspace_not_found")
    await share(site.app.db, owner, place.id, friend)
    assert [(await download(site, path, key)).status_code for path in paths] == [200, 200]
    for path, code in (
        (f"{other.id}/charts/{made.id}/data.csv", "chart_not_found"),
        (f"{place.id}/charts/nothing/data.csv", "chart_not_found"),
        ("nothing/data.csv", "workspace_not_found"),
    ):
        answer = await download(site, path)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    wrong = await download(site, f"{place.id}/data.csv?sort_column=nope")
    assert (wrong.status_code, wrong.json()["detail"][0]["loc"]) == (422, ["query", "sort_column"])
    assert (await download(site, f"{place.id}/data.csv?sort_direction=up")).status_code == 422


async def test_who_stops_reading_gives_the_connection_back(site: Listening, owner: Viewer) -> None:
    table = await a_table(site, owner, rows=[[at, "x" * 2_000] for at in range(10_000)])
    place = await make_workspace(site.app.services, owner, table)
    for _ in range(4):
        async with site.client.stream("GET", f"{site.http}/api/v1/workspaces/{place.id}/data.csv") as answer:
            await anext(answer.aiter_bytes())

    async def free() -> bool:
        size, idle = {str(lane): counts for lane, counts in site.app.db.sizes().items()}["exports"]
        return size == idle

    await eventually(free)
    assert len((await download(site, f"{place.id}/data.csv")).text.splitlines()) == 10_001
