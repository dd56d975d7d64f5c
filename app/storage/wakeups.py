"""The statement that wakes the other processes."""

from typing import Final

from app.db.engine import Database, Lane
from app.storage.statements import composed

CHANNEL: Final = "taskloom"
NOTIFY: Final = composed(f"SELECT pg_notify('{CHANNEL}', '')")  # a constant of this module


async def notify(db: Database, lane: Lane) -> None:
    """Wake whoever listens; no data goes with it."""
    await db.fetch(NOTIFY, lane)
