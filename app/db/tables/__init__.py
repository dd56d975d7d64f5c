"""The tables as SQLAlchemy describes them; migrations must arrive at exactly this."""

from app.db.tables import events, grid, identity, tasks, workspaces
from app.db.tables.base import metadata

__all__ = ["events", "grid", "identity", "metadata", "tasks", "workspaces"]
