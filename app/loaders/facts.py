"""What makes a shown run another one: not that its holder is still alive."""

from dataclasses import replace

from app.storage.rows.task import RunRow


def without_lease(run: RunRow) -> RunRow:
    """The run as it is apart from its heartbeats."""
    return replace(run, lease_until=None, heartbeat_at=None)
