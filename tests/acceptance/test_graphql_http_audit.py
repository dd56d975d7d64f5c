"""GraphQL over HTTP by the own audit of its specification: npm's `graphql-http` against a server as it is started."""

from pathlib import Path
from typing import Final

import pytest

from tests.support.npm import install, node
from tests.support.server import running_server

PACKAGES: Final = {"graphql": "16.15.0", "graphql-http": "1.23.1"}
SCRIPT: Final = Path(__file__).with_name("graphql_http_audit.mjs")
AUDITS: Final = 61


@pytest.mark.timeout(180)
async def test_every_audit_passes_without_a_warning(dsn: str, tmp_path: Path) -> None:
    await install(tmp_path, PACKAGES)
    async with running_server(tmp_path / "data", database_url=dsn) as server:
        results = await node(tmp_path, SCRIPT, f"{server.url}/graphql", server.key)
    assert [result for result in results if result["status"] != "ok"] == []
    assert len({result["id"] for result in results}) == len(results) == AUDITS
