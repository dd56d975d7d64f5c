"""Read the rows of a workspace, page by page."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.worker.client import GraphQLClient
from app.worker.errors import Refused

PAGE_MAX: Final = 5_000
PATIENCE_SECONDS: Final = 20.0

ROWS: Final = """
query WorkspaceRows($id: ID!, $limit: Int!, $offset: Int!) {
  workspace(id: $id) {
    rows(limit: $limit, offset: $offset) { items total hasNext }
  }
}
"""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows, as objects by column name, and how many there are in all."""

    rows: list[Row]
    total: int


async def pages(client: GraphQLClient, workspace_id: str, size: int) -> AsyncIterator[Page]:
    """All rows of a workspace in the order of their identity; a server that is away for a moment is waited for."""
    if not 1 <= size <= PAGE_MAX:
        raise ValueError(f"The page size is {size}; give 1 to {PAGE_MAX}.")
    offset = 0
    while True:
        asked = {"id": workspace_id, "limit": size, "offset": offset}
        place = (await client.query(ROWS, asked, patience=PATIENCE_SECONDS))["workspace"]
        if place is None:
            raise Refused(f"There is no workspace {workspace_id!r}.", code="NOT_FOUND")
        found = place["rows"]
        yield Page(rows=found["items"], total=found["total"])
        offset += len(found["items"])
        if not found["hasNext"] or not found["items"]:
            return
