"""`taskloom import`: what it prints, how it ends, and a bar on a terminal."""

import asyncio
import json
import os
import pty
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli.import_file import command
from app.db.engine import Database
from app.domain.access.viewer import Viewer
from tests.support.grid import unchanged, vega_file

OWNER = ("--tenant", "acme", "--email", "owner@example.com")


async def run(dsn: str, *arguments: str, who: tuple[str, ...] = OWNER) -> Result:
    """The command in a thread of its own: it makes its own event loop."""
    return await asyncio.to_thread(CliRunner().invoke, command, [*arguments, "--database-url", dsn, *who])


async def test_a_file_is_imported_and_told_in_words(db: Database, dsn: str, viewer: Viewer) -> None:
    done = await run(dsn, str(vega_file("seattle-weather.csv")))
    assert (done.exit_code, done.exception) == (0, None)
    assert done.stdout.startswith("imported 1461 rows into seattle_weather (date date, precipitation number,")
    assert done.stderr.splitlines()[-1] == "importing 100 %"


async def test_json_holds_the_table_alone(db: Database, dsn: str, viewer: Viewer, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text('{"id": 1, "name": "Ada"}\n{"id": 2, "name": "Bob"}\n', encoding="utf-8")
    done = await run(dsn, str(path), "--json", "--name", "folk", "--key-columns", "id, name")
    report = json.loads(done.stdout)
    assert report.pop("tableId")
    assert report == {
        "name": "folk",
        "rowCount": 2,
        "columns": [{"name": "id", "dataType": "integer"}, {"name": "name", "dataType": "string"}],
    }


@pytest.mark.parametrize("as_json", [False, True])
async def test_every_bad_row_is_told_and_nothing_is_imported(
    db: Database, dsn: str, viewer: Viewer, tmp_path: Path, as_json: bool
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("id,x\n1,a\n2\n3,b,c\n", encoding="utf-8")
    async with unchanged(db):
        done = await run(dsn, str(path), *(["--json"] if as_json else []))
    assert done.exit_code == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    assert errors == [
        "Error: line 3: 1 cells; the header names 2 columns.",
        "Error: line 4: 3 cells; the header names 2 columns.",
    ]
    assert done.stderr.splitlines()[-1] == "Nothing was imported."
    if as_json:
        report = json.loads(done.stdout)
        assert (report["code"], len(report["problems"])) == ("BAD_USER_INPUT", 2)
    else:
        assert done.stdout == ""


@pytest.mark.parametrize(
    "who", [("--email", "nobody@example.com"), ("--tenant", "elsewhere"), ("--tenant", "'; DROP TABLE users")]
)
async def test_an_unknown_user_is_told_what_to_do(
    db: Database, dsn: str, viewer: Viewer, tmp_path: Path, who: tuple[str, str]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n", encoding="utf-8")
    async with unchanged(db):
        done = await run(dsn, str(path), who=(*OWNER, *who))
    assert (done.exit_code, "taskloom keys create" in done.stderr) == (1, True)


async def test_a_database_that_cannot_be_reached_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n", encoding="utf-8")
    done = await run("postgresql://postgres@127.0.0.1:1/nowhere", str(path))
    assert done.exit_code == 1
    assert "Traceback" not in done.output


async def test_a_terminal_shows_a_bar(db: Database, dsn: str, viewer: Viewer) -> None:
    terminal, side = pty.openpty()
    program = "from app.cli.import_file import command; command()"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", program, str(vega_file("seattle-weather.csv")), "--database-url", dsn, *OWNER),
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TERM": "xterm"},
        stdout=asyncio.subprocess.PIPE,
        stderr=side,
    )
    os.close(side)
    out, _ = await process.communicate()
    shown = await asyncio.to_thread(os.read, terminal, 1 << 16)
    os.close(terminal)
    assert process.returncode == 0
    assert out.decode().startswith("imported 1461 rows")
    assert b"reading" in shown
    assert "━".encode() in shown
