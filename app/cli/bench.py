"""`taskloom bench`: the benchmarks of the checkout."""

import subprocess
import sys
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[2]


@click.command(help="Run the benchmarks (all, or those named); each prints a line of JSON.")
@click.argument("names", nargs=-1)
@click.option("--quick", is_flag=True, help="Shorter runs, rougher numbers.")
def command(names: tuple[str, ...], quick: bool) -> None:
    """They stand beside the tests, so they need the checkout and `make test`'s packages."""
    if not (ROOT / "tests" / "benchmarks").is_dir():
        raise click.ClickException("The benchmarks come with the source checkout; clone it and run `make bench`.")
    asked = [*names, *(["--quick"] if quick else [])]
    program = [sys.executable, "-m", "tests.benchmarks", *asked]
    raise SystemExit(subprocess.run(program, cwd=ROOT, check=False).returncode)
