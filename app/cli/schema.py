"""`taskloom schema`: the GraphQL schema as SDL."""

from pathlib import Path

import click

from app.resolvers.root import build_schema


@click.command(help="Print the GraphQL schema, or compare it with a file.")
@click.option("--check", type=click.Path(path_type=Path), help="Exit status 1 if this file differs from the schema.")
@click.option("--output", type=click.Path(path_type=Path), help="Write it to this file.")
def command(check: Path | None, output: Path | None) -> None:
    """SDL on standard output."""
    text = build_schema().as_str() + "\n"
    if check is not None:
        if not check.exists() or check.read_text(encoding="utf-8") != text:
            raise click.ClickException(f"{check} differs from the schema that runs; run `make schema` and review it.")
    elif output is not None:
        output.write_text(text, encoding="utf-8")
    else:
        click.echo(text, nl=False)
