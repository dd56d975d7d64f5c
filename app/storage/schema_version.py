"""The statement that asks which migration the database stands at."""

from typing import Final

from app.db.engine import Database, Lane
from app.storage.statements import composed

REVISION: Final = composed("SELECT version_num AS revision FROM alembic_version")


async def revision(db: Database) -> str | None:
    """The migration the database stands at; None for one that was never migrated."""
    row = await db.fetchrow(REVISION, Lane.STREAM)
    return None if row is None else str(row["revision"])
