"""Persisted documents as real clients use them: Apollo's link and urql's exchange, from npm."""

from pathlib import Path
from typing import Final

import pytest

from tests.support.npm import install, node
from tests.support.server import running_server

PACKAGES: Final = {
    "graphql": "16.15.0",
    "rxjs": "7.8.2",
    "@apollo/client": "4.3.8",
    "@urql/core": "6.0.3",
    "@urql/exchange-persisted": "5.0.1",
}
SCRIPT: Final = Path(__file__).with_name("persisted_clients.mjs")
EMAIL: Final = "owner@example.com"
# The hash alone, then the document beside it because the hash was unknown, and from then on the hash alone.
SENT: Final = {
    "apollo": [["GET", False], ["POST", True], ["GET", False]],
    "urql": [["GET", False], ["GET", True], ["GET", False]],
}


@pytest.mark.timeout(180)
async def test_clients_send_a_document_once_and_then_its_hash(dsn: str, tmp_path: Path) -> None:
    await install(tmp_path, PACKAGES)
    async with running_server(tmp_path / "data", database_url=dsn) as server:
        told = await node(tmp_path, SCRIPT, f"{server.url}/graphql", server.key)
    assert told == {client: {"got": [EMAIL, EMAIL], "sent": sent} for client, sent in SENT.items()}
