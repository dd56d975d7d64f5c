"""Runs all benchmarks, or those that are named; each prints one line of JSON."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from types import ModuleType

from tests.benchmarks import claim_complete, delivery, event_order, grid_and_chart, import_csv, memory, reads
from tests.benchmarks.harness import Scale, say
from tests.benchmarks.server import BenchServer

ALL: Sequence[ModuleType] = (event_order, claim_complete, delivery, memory, grid_and_chart, import_csv, reads)


def main() -> int:
    """0 when all ran; with --strict 1 when an aim was missed."""
    names = [one.NAME for one in ALL]
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(names)}; all if absent")
    parser.add_argument("--quick", action="store_true", help="a short run that shows that they work")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when an aim was missed")
    given = parser.parse_args()
    unknown = set(given.names) - set(names)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    chosen = [one for one in ALL if not given.names or one.NAME in given.names]
    met = asyncio.run(run(chosen, Scale(quick=given.quick)))
    return 0 if met or not given.strict else 1


async def run(chosen: Sequence[ModuleType], scale: Scale) -> bool:
    """One after another on one server."""
    server = await BenchServer.start()
    met = True
    try:
        for one in chosen:
            say(f"{one.NAME}: {one.__doc__}")
            report = await one.run(server, scale)
            sys.stdout.write(report.line() + "\n")
            sys.stdout.flush()
            met = met and report.met
    finally:
        await server.stop()
    return met


if __name__ == "__main__":
    sys.exit(main())
