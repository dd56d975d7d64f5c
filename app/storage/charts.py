"""Statements about charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.db.tx import Tx
from app.storage.rows.workspace import ChartRow
from app.storage.statements import composed

# The workspace's row is locked by whoever adds a chart, so positions stay dense.
INSERT: Final = composed(
    """
    INSERT INTO charts AS c (tenant_id, id, workspace_id, artifact_id, chart_spec_version, spec, renderer_config, title,
                             position, created_by, last_edited_by)
    SELECT :tenant_id, :id, :workspace_id, :artifact_id, 1, CAST(:spec AS jsonb), CAST(:renderer_config AS jsonb),
           CAST(:title AS text), count(x.id), CAST(:created_by AS uuid), CAST(:created_by AS uuid)
      FROM (SELECT o.id FROM charts o WHERE o.tenant_id = :tenant_id AND o.workspace_id = :workspace_id) x
    RETURNING {chart:c}
    """
)
VISIBLE_BY_ID: Final = composed(
    """
    SELECT {chart:c} FROM charts c
     WHERE c.tenant_id = :tenant_id AND c.id = ANY (CAST(:ids AS uuid[])) AND c.workspace_id = ANY ({readable})
    """
)
BY_WORKSPACE: Final = composed(
    """
    SELECT {chart:c} FROM charts c
     WHERE c.tenant_id = :tenant_id AND c.workspace_id = ANY (CAST(:workspace_ids AS uuid[]))
     ORDER BY c.workspace_id, c.position
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChart:
    """A chart that is made; spec and renderer_config are JSON text."""

    id: UUID
    workspace_id: UUID
    artifact_id: UUID
    spec: str
    renderer_config: str
    title: str | None
    created_by: UUID


async def insert(tx: Tx, tenant_id: UUID, new: NewChart) -> ChartRow:
    """A new chart behind the last one of its workspace."""
    row = await tx.fetchrow(
        INSERT,
        tenant_id=tenant_id,
        id=new.id,
        workspace_id=new.workspace_id,
        artifact_id=new.artifact_id,
        spec=new.spec,
        renderer_config=new.renderer_config,
        title=new.title,
        created_by=new.created_by,
    )
    assert row is not None
    return ChartRow.of(row)


async def visible_by_id(db: Database, tenant_id: UUID, user_id: UUID, ids: Sequence[UUID]) -> list[ChartRow]:
    """The charts among the ids that the user may see."""
    rows = await db.fetch(VISIBLE_BY_ID, tenant_id=tenant_id, user_id=user_id, ids=ids)
    return [ChartRow.of(row) for row in rows]


async def by_workspace(db: Database, tenant_id: UUID, workspace_ids: Sequence[UUID]) -> list[ChartRow]:
    """The charts of workspaces, each in its order."""
    rows = await db.fetch(BY_WORKSPACE, tenant_id=tenant_id, workspace_ids=workspace_ids)
    return [ChartRow.of(row) for row in rows]
