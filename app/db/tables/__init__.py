"""The tables as SQLAlchemy describes them; migrations must arrive at exactly this."""

from app.db.tables import cells, events, grid, identity, tags, tasks, threads, workspaces
from app.db.tables.base import metadata

__all__ = ["cells", "events", "grid", "identity", "metadata", "tags", "tasks", "threads", "workspaces"]
