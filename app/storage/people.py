"""The people of a tenant, to choose from."""

from functools import cache
from typing import Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.storage.rows.identity import UserRow
from app.storage.statements import composed

PAGE: Final = """
    SELECT {user:u} FROM users u
     WHERE u.tenant_id = :tenant_id {conditions}
     ORDER BY u.email COLLATE "C"
     LIMIT CAST(:most AS int)
"""
COUNT: Final = "SELECT count(*) AS total FROM users u WHERE u.tenant_id = :tenant_id {conditions}"
CONDITIONS: Final = {
    "search": """AND (strpos(lower(u.email), lower(:search)) > 0
                      OR strpos(lower(concat_ws(' ', u.first_name, u.last_name)), lower(:search)) > 0)""",
    "after": 'AND u.email COLLATE "C" > CAST(:after AS text) COLLATE "C"',
}


@cache
def statement(source: str, names: tuple[str, ...]) -> Statement:
    """The statement for one combination of conditions."""
    return composed(source.replace("{conditions}", " ".join(CONDITIONS[name] for name in names)))


def _given(**given: str | None) -> dict[str, str]:
    return {name: value for name, value in given.items() if value is not None}


async def page(db: Database, tenant_id: UUID, search: str | None, *, after: str | None, most: int) -> list[UserRow]:
    """Users by address, after an address; a search is looked for in address and name."""
    given = _given(search=search, after=after)
    rows = await db.fetch(statement(PAGE, tuple(given)), Lane.MAIN, tenant_id=tenant_id, most=most, **given)
    return UserRow.all(rows)


async def count(db: Database, tenant_id: UUID, search: str | None) -> int:
    """How many users there are."""
    given = _given(search=search)
    row = await db.fetchrow(statement(COUNT, tuple(given)), Lane.MAIN, tenant_id=tenant_id, **given)
    assert row is not None
    total: int = row["total"]
    return total
