"""pgbench as the limit: the same SQL on the same server from a client that costs next to nothing."""

import asyncio
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.db.statement import Statement
from tests.benchmarks.harness import quantile
from tests.benchmarks.server import BenchServer

TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
PLACE = re.compile(r"\$(\d+)")
EDGES = 6  # the first and the last sixth of a run are compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """Scripts carried out per second, how long one took, and the rate near the start and near the end."""

    per_second: float
    p50_ms: float
    p99_ms: float
    first_per_second: float
    last_per_second: float


def script_of(statement: Statement, names: Mapping[str, str]) -> str:
    """A compiled statement as pgbench writes it: no comments, `:variable` instead of `$n`."""
    places = statement.arguments(names)
    return PLACE.sub(lambda found: f":{places[int(found[1]) - 1]}", COMMENT.sub("", statement.sql)).strip()


async def pgbench(
    server: BenchServer,
    database: str,
    script: str,
    *,
    clients: int,
    seconds: float,
    variables: Mapping[str, str] | None = None,
    planner: Mapping[str, str] | None = None,
) -> Ran:
    """Run a script for some seconds with prepared statements; a script that fails is an error."""
    with tempfile.TemporaryDirectory(dir=server.home) as place:
        file = Path(place) / "script.sql"
        file.write_text(script, encoding="utf-8")
        given = [word for name, value in (variables or {}).items() for word in ("-D", f"{name}={value}")]
        process = await asyncio.create_subprocess_exec(
            str(server.programs / "pgbench"),
            *("-h", str(server.socket_directory), "-U", "postgres", "-n", "-M", "prepared"),
            *("-c", str(clients), "-j", str(min(clients, 2)), "-T", str(max(1, round(seconds)))),
            *("-l", "--log-prefix", str(Path(place) / "log"), "-f", str(file), *given, database),
            env={**os.environ, "PGOPTIONS": " ".join(f"-c {n}={v}" for n, v in (planner or {}).items())},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await process.communicate()
        found = TPS.search(said.decode())
        if process.returncode or found is None:
            raise RuntimeError(f"pgbench failed: {complained.decode()[-2_000:]}")
        return _read(float(found[1]), _lines(Path(place)))


def _lines(place: Path) -> list[list[str]]:
    """What pgbench logged: client, number, microseconds taken, script, second and microsecond of its end."""
    return [line.split() for log in place.glob("log*") for line in log.read_text(encoding="utf-8").splitlines()]


def _read(per_second: float, lines: Sequence[Sequence[str]]) -> Ran:
    spent = [int(line[2]) for line in lines]
    ends = sorted(int(line[4]) + int(line[5]) / 1e6 for line in lines)
    window = (ends[-1] - ends[0]) / EDGES
    return Ran(
        per_second=per_second,
        p50_ms=quantile(spent, 0.5) / 1_000,
        p99_ms=quantile(spent, 0.99) / 1_000,
        first_per_second=sum(end <= ends[0] + window for end in ends) / window,
        last_per_second=sum(end >= ends[-1] - window for end in ends) / window,
    )
