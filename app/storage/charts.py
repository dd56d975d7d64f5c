"""Statements about charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.tx import Tx
from app.domain.tasks.events import TABLE_CHANGES
from app.storage.catalog import of_entries
from app.storage.rows.workspace import ChartRow
from app.storage.statements import composed

# The version of the spec, the table that is shown if there is one, the sequence of the last change of its rows.
Mark = tuple[int, UUID | None, int | None]
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
# What follows is done under the lock of the workspace's row: nobody else moves, makes or deletes a chart of it.
IN_WORKSPACE: Final = composed(
    """
    SELECT {chart:c} FROM charts c
     WHERE c.tenant_id = :tenant_id AND c.workspace_id = :workspace_id AND c.id = :id
    """
)
COUNT: Final = composed(
    "SELECT count(*) AS total FROM charts c WHERE c.tenant_id = :tenant_id AND c.workspace_id = :workspace_id"
)
UPDATE: Final = composed(
    """
    UPDATE charts c
       SET chart_spec_version = :chart_spec_version, spec = CAST(:spec AS jsonb),
           renderer_config = CAST(:renderer_config AS jsonb), title = CAST(:title AS text), collapsed = :collapsed,
           last_edited_by = CAST(:last_edited_by AS uuid), updated_at = greatest(now(), c.updated_at)
     WHERE c.tenant_id = :tenant_id AND c.id = :id
    RETURNING {chart:c}
    """
)
# The chart takes its new place, and those between the old and the new one step aside.
MOVE: Final = composed(
    """
    UPDATE charts c
       SET position = CASE WHEN c.id = :id THEN CAST(:goal AS int)
                           WHEN c.position > CAST(:start AS int) THEN c.position - 1
                           ELSE c.position + 1 END
     WHERE c.tenant_id = :tenant_id AND c.workspace_id = :workspace_id
       AND c.position BETWEEN least(CAST(:start AS int), CAST(:goal AS int))
                          AND greatest(CAST(:start AS int), CAST(:goal AS int))
    """
)
DELETE: Final = composed(
    """
    WITH gone AS (
        DELETE FROM charts WHERE tenant_id = :tenant_id AND id = :id
        RETURNING position
    )
    UPDATE charts c SET position = c.position - 1
      FROM gone
     WHERE c.tenant_id = :tenant_id AND c.workspace_id = :workspace_id AND c.position > gone.position
    """
)
# What the data of a chart depends on: its spec, whether the workspace shows its table, and the last change of the rows.
STATE: Final = of_entries(
    f"""
    SELECT {{chart:c}},
           (SELECT x.id FROM {{entries}} x
             WHERE x.tenant_id = w.tenant_id AND x.id = w.table_id AND {{owner_reads}}) AS shown,
           (SELECT e.sequence FROM events e
             WHERE e.tenant_id = :tenant_id AND e.payload ->> 'tableId' = CAST(w.table_id AS text)
               AND e.type IN ({", ".join(f"'{type.value}'" for type in sorted(TABLE_CHANGES))})
             ORDER BY e.sequence DESC LIMIT 1) AS changed
      FROM charts c
      JOIN workspaces w ON w.tenant_id = c.tenant_id AND w.id = c.workspace_id
     WHERE c.tenant_id = :tenant_id AND c.id = :id AND c.workspace_id = ANY ({{readable}})
    """  # noqa: S608  # words of our own
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedChart:
    """What a chart is to be; spec and renderer_config are JSON text."""

    chart_spec_version: int
    spec: str
    renderer_config: str
    title: str | None
    collapsed: bool
    last_edited_by: UUID | None


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


async def in_workspace(tx: Tx, tenant_id: UUID, workspace_id: UUID, id: UUID) -> ChartRow | None:
    """A chart of a locked workspace; None if it is gone."""
    row = await tx.fetchrow(IN_WORKSPACE, tenant_id=tenant_id, workspace_id=workspace_id, id=id)
    return None if row is None else ChartRow.of(row)


async def count(tx: Tx, tenant_id: UUID, workspace_id: UUID) -> int:
    """How many charts a workspace has."""
    row = await tx.fetchrow(COUNT, tenant_id=tenant_id, workspace_id=workspace_id)
    assert row is not None
    total: int = row["total"]
    return total


async def update(tx: Tx, tenant_id: UUID, id: UUID, new: ChangedChart) -> ChartRow:
    """The chart with what is to be; it is there, and its workspace is locked."""
    row = await tx.fetchrow(
        UPDATE,
        tenant_id=tenant_id,
        id=id,
        chart_spec_version=new.chart_spec_version,
        spec=new.spec,
        renderer_config=new.renderer_config,
        title=new.title,
        collapsed=new.collapsed,
        last_edited_by=new.last_edited_by,
    )
    assert row is not None
    return ChartRow.of(row)


async def move(tx: Tx, tenant_id: UUID, workspace_id: UUID, id: UUID, *, start: int, goal: int) -> None:
    """Put a chart of a locked workspace from one place to another."""
    await tx.fetch(MOVE, tenant_id=tenant_id, workspace_id=workspace_id, id=id, start=start, goal=goal)


async def delete(tx: Tx, tenant_id: UUID, workspace_id: UUID, id: UUID) -> None:
    """Take a chart out of a locked workspace and close the gap; its artifact stays."""
    await tx.fetch(DELETE, tenant_id=tenant_id, workspace_id=workspace_id, id=id)


async def visible_by_id(db: Database, tenant_id: UUID, user_id: UUID, ids: Sequence[UUID]) -> list[ChartRow]:
    """The charts among the ids that the user may see."""
    rows = await db.fetch(VISIBLE_BY_ID, tenant_id=tenant_id, user_id=user_id, ids=ids)
    return ChartRow.all(rows)


async def state(db: Database, tenant_id: UUID, user_id: UUID, id: UUID) -> tuple[ChartRow, Mark] | None:
    """A chart that the user may see, and a sign that is the same for as long as its data is."""
    row = await db.fetchrow(STATE, Lane.STREAM, tenant_id=tenant_id, user_id=user_id, id=id)
    if row is None:
        return None
    chart = ChartRow.of(row)
    return chart, (chart.chart_spec_version, row["shown"], row["changed"])


async def by_workspace(db: Database, tenant_id: UUID, workspace_ids: Sequence[UUID]) -> list[ChartRow]:
    """The charts of workspaces, each in its order."""
    rows = await db.fetch(BY_WORKSPACE, tenant_id=tenant_id, workspace_ids=workspace_ids)
    return ChartRow.all(rows)
