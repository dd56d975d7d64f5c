"""`taskloom keys`: API keys for operators."""

import json

import click

from app.cli.errors import told
from app.cli.session import with_app
from app.main import App


@click.group(help="API keys.")
def command() -> None:
    """The group."""


@command.command(help="Make a key for a user; tenant and user are made if they are missing. The key is printed once.")
@click.option("--tenant", default="default", show_default=True, help="Name of the tenant.")
@click.option("--email", required=True, help="Address of the user.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def create(tenant: str, email: str, as_json: bool) -> None:
    """The key on standard output."""

    async def work(app: App) -> str:
        return str(await app.services.identity.owner_key(tenant, email))

    key = told(with_app, work)
    click.echo(json.dumps({"tenant": tenant, "email": email.lower(), "key": key}) if as_json else key)
