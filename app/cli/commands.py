"""The `taskloom` program: a group of commands."""

import click

from app.cli import bench, demo, keys, migrate, schema, serve, worker


@click.group(help="Taskloom: workspaces and durable tasks as one GraphQL API.")
@click.version_option(package_name="taskloom")
def main() -> None:
    """The group."""


main.add_command(serve.command, "serve")
main.add_command(migrate.command, "migrate")
main.add_command(keys.command, "keys")
main.add_command(schema.command, "schema")
main.add_command(bench.command, "bench")
main.add_command(worker.command, "worker")
main.add_command(demo.command, "demo")
