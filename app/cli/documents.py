"""`taskloom documents`: what workers send, as a list of trusted documents."""

import hashlib
import json
from typing import Final

import click

from app.worker import documents, rows, tables

SENT: Final = (
    documents.REGISTER,
    documents.END,
    documents.SESSION_STATE,
    documents.CLAIM,
    documents.HEARTBEAT,
    documents.COMPLETE,
    documents.FAIL,
    documents.RELEASE,
    documents.REPORT,
    documents.RUN_STATE,
    documents.WORK_EVENTS,
    rows.ROWS,
    tables.CREATE,
    tables.IMPORT,
    tables.DELETE,
    tables.FIND,
)


@click.command(help="Print the documents of the worker kit by their hashes, for TRUSTED_DOCUMENTS.")
def command() -> None:
    """A JSON object on standard output."""
    listed = {hashlib.sha256(text.encode()).hexdigest(): text for text in SENT}
    click.echo(json.dumps(listed, indent=1))
