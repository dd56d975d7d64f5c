"""Write a table through the graph: made new, filled in bounded calls, whole or made again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import structlog

from app.worker.backoff import Backoff
from app.worker.client import GraphQLClient, payload
from app.worker.documents import ERRORS
from app.worker.errors import Refused, Unavailable

log = structlog.get_logger(__name__)

ROWS_PER_CALL_MAX: Final = 1_000
BYTES_PER_CALL_MAX: Final = 256 * 1024

CREATE: Final = f"""
mutation CreateTable($input: CreateTableInput!) {{
  createTable(input: $input) {{ table {{ id name }} {ERRORS} }}
}}
"""

IMPORT: Final = f"""
mutation ImportRows($input: ImportRowsInput!) {{
  importRows(input: $input) {{ rowCount {ERRORS} }}
}}
"""

DELETE: Final = f"""
mutation DeleteTable($input: DeleteTableInput!) {{
  deleteTable(input: $input) {{ {ERRORS} }}
}}
"""

# The list is searched by part of a name; tables whose names contain one another are few.
FIND: Final = """
query FindTable($name: String!, $scope: TableScope!) {
  tables(filter: { search: $name, scope: $scope }, first: 100) { nodes { id name rowCount task { id } } }
}
"""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTable:
    """A table to make; columns map a name to a type. It belongs to a task, or to the tenant as a whole."""

    name: str
    columns: Mapping[str, str]
    primary_key: tuple[str, ...] = ()
    task_id: str | None = None

    @property
    def scope(self) -> str:
        """Whom it belongs to."""
        return "TENANT" if self.task_id is None else "TASK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that was written."""

    id: str
    name: str
    row_count: int


def _nothing() -> None:
    """The check of a caller that cannot lose anything."""


def _quiet(count: int) -> None:
    """The listener of a caller that does not care."""


async def put_table(
    client: GraphQLClient,
    wanted: NewTable,
    rows: Sequence[Row],
    *,
    check: Callable[[], None] = _nothing,
    written: Callable[[int], None] = _quiet,
) -> Table:
    """Make the table with exactly these rows, in place of any that has its name.

    Rows that may or may not have arrived would be there twice if they were sent again, so then all is begun again.
    `check` raises when there is no right to go on; `written` hears how many rows are there.
    """
    backoff = Backoff()
    while True:
        check()
        written(0)
        try:
            table_id = await _make(client, wanted)
            count = 0
            for batch in batches(rows):
                check()
                answer = payload(await client.send(IMPORT, {"input": {"tableId": table_id, "rows": batch}}))
                count += int(answer["rowCount"])
                written(count)
            return Table(id=table_id, name=wanted.name, row_count=count)
        except Unavailable as gone:
            log.info("table.begun_again", name=wanted.name, reason=str(gone))
        await backoff.pause()


async def find_table(client: GraphQLClient, wanted: NewTable) -> Table | None:
    """The table of that name in that place, if there is one."""
    asked = {"name": wanted.name, "scope": wanted.scope}
    for found in (await client.query(FIND, asked))["tables"]["nodes"]:
        owner = found["task"]["id"] if found["task"] else None
        if (found["name"], owner) == (wanted.name, wanted.task_id):
            return Table(id=found["id"], name=wanted.name, row_count=int(found["rowCount"]))
    return None


async def delete_table(client: GraphQLClient, table_id: str) -> None:
    """Drop a table; one that is gone already is as good."""
    try:
        payload(await client.send(DELETE, {"input": {"tableId": table_id}}))
    except Refused as no:
        if no.code != "NOT_FOUND":
            raise


async def _make(client: GraphQLClient, wanted: NewTable) -> str:
    asked = {
        "name": wanted.name,
        "columns": [{"name": name, "dataType": kind.upper()} for name, kind in wanted.columns.items()],
        "primaryKey": wanted.primary_key,
        "scope": wanted.scope,
        "taskId": wanted.task_id,
    }
    while True:
        try:
            made: str = payload(await client.send(CREATE, {"input": asked}))["table"]["id"]
            return made
        except Refused as no:
            existing = await find_table(client, wanted) if no.code == "CONFLICT" else None
            if existing is None:
                raise
        await delete_table(client, existing.id)


def batches(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows in pieces that a request can carry."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        weight = len(orjson.dumps(row))
        if batch and (len(batch) == ROWS_PER_CALL_MAX or size + weight > BYTES_PER_CALL_MAX):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += weight
    if batch:
        yield batch
