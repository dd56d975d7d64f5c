"""Memory of the server process for each idle subscription, beside that of a socket without one."""

import subprocess
from pathlib import Path

from tests.benchmarks.crowd import Crowd, crowd, live_server
from tests.benchmarks.harness import Report, Row, Scale, say, short
from tests.benchmarks.server import BenchServer

NAME = "memory"
WARM = 100  # the first ones also pay for what all share
KB_MAX = 100


def resident_kb(pid: int) -> int:
    """The resident memory of a process."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        lines = status.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return int(subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True).stdout)


async def measure(bench: BenchServer, size: int, *, subscribed: bool) -> Row:
    """A server of its own: warm, then so many more at rest."""
    async with live_server(bench) as (server, publisher), crowd(server, WARM, subscribed=subscribed) as first:
        await delivered(first, await publisher.publish(), subscribed)
        before = resident_kb(server.pid)
        async with crowd(server, size, subscribed=subscribed) as more:
            opened = resident_kb(server.pid)
            await delivered(more, await publisher.publish(), subscribed)
            after = resident_kb(server.pid)
    return {
        "kind": "subscription" if subscribed else "socket without one",
        "count": size,
        "server_mb_before": short(before / 1024),
        "kb_each": short((opened - before) / size),
        "kb_each_after_an_event": short((after - before) / size),
    }


async def delivered(listening: Crowd, sequence: int, subscribed: bool) -> None:
    """Wait for the event where somebody waits for it."""
    if subscribed:
        await listening.until(sequence)


async def run(bench: BenchServer, scale: Scale) -> Report:
    """Sockets, then subscriptions."""
    size = scale.count(1_000, 200)
    report = Report(name=NAME, settings={"count": size, "warm": WARM})
    for subscribed in (False, True):
        row = await measure(bench, size, subscribed=subscribed)
        say(f"{NAME}: {row}")
        report.measured.append(row)
    socket, subscription = (row["kb_each_after_an_event"] for row in report.measured)
    report.ratios["subscription/socket without one"] = subscription / socket
    report.aim("KB for each subscription that has had an event", subscription, KB_MAX, at_most=True)
    return report
