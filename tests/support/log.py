"""What the log and the tables hold, so that a refusal can prove that nothing appeared."""

from app.db.engine import Database
from app.storage.statements import composed

EVENTS = composed("SELECT e.type FROM events e WHERE e.tenant_id = :tenant_id ORDER BY e.sequence")
COUNTS = composed(
    """
    SELECT (SELECT count(*) FROM tasks) AS tasks, (SELECT count(*) FROM runs) AS runs,
           (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM agent_sessions) AS agent_sessions,
           (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM api_keys) AS api_keys,
           (SELECT count(*) FROM enqueue_keys) AS enqueue_keys, (SELECT count(*) FROM run_reports) AS run_reports,
           (SELECT count(*) FROM tables) AS tables, (SELECT count(*) FROM workspaces) AS workspaces,
           (SELECT count(*) FROM charts) AS charts, (SELECT count(*) FROM artifacts) AS artifacts,
           (SELECT count(*) FROM workspace_shares) AS shares, (SELECT count(*) FROM tags) AS tags,
           (SELECT count(*) FROM workspace_recipients) AS recipients, (SELECT count(*) FROM workspace_tags) AS tagged
    """
)


async def event_types(db: Database, tenant_id: object) -> list[str]:
    """The types of all events of a tenant, in order."""
    return [row["type"] for row in await db.fetch(EVENTS, tenant_id=tenant_id)]


async def counts(db: Database) -> dict[str, int]:
    """How many rows there are; compared before and after a refusal."""
    row = await db.fetchrow(COUNTS)
    assert row is not None
    return dict(row)
