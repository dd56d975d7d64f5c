"""What stands beside runs, written as rows: where they came from, their channels, what they made and used."""

from typing import Any
from uuid import UUID

import orjson

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.ids import uuid7
from app.storage.statements import composed

LINEAGE = composed(
    """
    INSERT INTO run_lineage (tenant_id, run_id, parent_run_id, root_run_id, depth, retry_of_run_id, triggered_by,
                             trigger_ref)
    VALUES (:tenant_id, :run_id, :parent, :root, :depth, :retry_of, :triggered_by, :trigger_ref)
    ON CONFLICT (tenant_id, run_id) DO UPDATE
       SET parent_run_id = excluded.parent_run_id, root_run_id = excluded.root_run_id, depth = excluded.depth,
           retry_of_run_id = excluded.retry_of_run_id, triggered_by = excluded.triggered_by,
           trigger_ref = excluded.trigger_ref
    """
)
BIND = composed(
    """
    WITH made AS (
        INSERT INTO coordination_channels (tenant_id, workspace_id, name, purpose, created_by)
        SELECT :tenant_id, r.workspace_id, :name, 'task_run_coordination', 'http:test'
          FROM runs r WHERE r.tenant_id = :tenant_id AND r.id = CAST(:run_id AS uuid)
        ON CONFLICT DO NOTHING
    )
    UPDATE runs SET coordination_channel_id = :name, metadata = CAST(:metadata AS jsonb)
     WHERE tenant_id = :tenant_id AND id = CAST(:run_id AS uuid)
    """
)
ARTIFACT = composed(
    """
    INSERT INTO artifacts (tenant_id, id, name, kind, workspace_id, run_id)
    VALUES (:tenant_id, :id, :name, 'json', CAST(:workspace_id AS uuid), :run_id)
    """
)
USED = composed(
    """
    INSERT INTO run_reports (tenant_id, run_id, usage) VALUES (:tenant_id, :run_id, CAST(:usage AS jsonb))
    ON CONFLICT (tenant_id, run_id) DO UPDATE SET usage = excluded.usage
    """
)


async def descend(
    db: Database, viewer: Viewer, run_id: UUID, parent: UUID | None = None, root: UUID | None = None, **more: Any
) -> None:
    """The run came from another, or is a root."""
    given = {"depth": 0 if parent is None else 1, "retry_of": None, "triggered_by": "run", "trigger_ref": None, **more}
    await db.fetch(
        LINEAGE, tenant_id=viewer.tenant_id, run_id=run_id, parent=parent, root=root or parent or run_id, **given
    )


async def bind(db: Database, viewer: Viewer, run_id: UUID, name: str, metadata: object = None) -> None:
    """The run of a workspace talks on a channel of that name."""
    text = None if metadata is None else orjson.dumps(metadata).decode()
    await db.fetch(BIND, tenant_id=viewer.tenant_id, run_id=run_id, name=name, metadata=text)


async def make_artifact(
    db: Database, viewer: Viewer, run_id: UUID, name: str = "made", workspace_id: UUID | None = None
) -> UUID:
    """Something that the run made."""
    id = uuid7(utc_now())
    await db.fetch(ARTIFACT, tenant_id=viewer.tenant_id, id=id, name=name, workspace_id=workspace_id, run_id=run_id)
    return id


async def used(db: Database, viewer: Viewer, run_id: UUID, usage: object) -> None:
    """The run used so much."""
    await db.fetch(USED, tenant_id=viewer.tenant_id, run_id=run_id, usage=orjson.dumps(usage).decode())
