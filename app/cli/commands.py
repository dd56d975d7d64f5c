"""The `taskloom` program: a group whose commands are imported when they are called."""

from importlib import import_module
from typing import Final

import click

COMMANDS: Final = {
    "bench": "bench",
    "demo": "demo",
    "documents": "documents",
    "import": "import_file",
    "keys": "keys",
    "migrate": "migrate",
    "schema": "schema",
    "serve": "serve",
    "worker": "worker",
}


class LazyGroup(click.Group):
    """Knows its commands by name; a worker need not load a server."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a module in this package."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        found: click.Command = import_module(f"app.cli.{module}").command
        return found


@click.group(cls=LazyGroup, help="Taskloom: workspaces and durable tasks as one GraphQL API.")
@click.version_option(package_name="taskloom")
def main() -> None:
    """The group."""
