"""Retention: weeks of the log that are older than they are to be kept are dropped. Runs in every process."""

from datetime import timedelta

import structlog

from app.clock import Now
from app.db.engine import Database
from app.storage import partitions

log = structlog.get_logger(__name__)


class Retention:
    """Drops whole weeks, once all of one is older than so many days; 0 keeps everything."""

    def __init__(self, db: Database, now: Now, days: int) -> None:
        self._db = db
        self._now = now
        self._days = days

    async def run_once(self) -> list[str]:
        """Returns the partitions that were dropped."""
        if not self._days:
            return []
        dropped = await partitions.drop_older(self._db, self._now() - timedelta(days=self._days))
        for name in dropped:
            log.info("events.dropped", partition=name)
        return dropped
