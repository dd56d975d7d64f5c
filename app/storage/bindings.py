"""Statements about the tasks that work on workspaces."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.db.tx import Tx
from app.storage.rows.grid import BindingRow, WorkspaceBindingRow
from app.storage.rows.task import TaskRow
from app.storage.rows.workspace import WorkspaceRow
from app.storage.statements import composed

# A task that is gone by now yields no row; Duplicate where one is bound already.
ATTACH: Final = composed(
    """
    WITH asked AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:task_ids AS text[]), CAST(:mutating AS boolean[]))
               WITH ORDINALITY AS a(id, task_id, mutates, place)
    ), held AS MATERIALIZED (
        SELECT t.id FROM tasks t
         WHERE t.tenant_id = :tenant_id AND t.id = ANY (CAST(:task_ids AS text[]))
         ORDER BY t.id FOR KEY SHARE
    )
    INSERT INTO task_bindings (tenant_id, workspace_id, task_id, id, mutates_workspace, created_at)
    SELECT :tenant_id, :workspace_id, a.task_id, a.id, a.mutates, clock_timestamp()
      FROM asked a JOIN held ON held.id = a.task_id
     ORDER BY a.place
    RETURNING task_id
    """
)
DETACH_ALL: Final = composed(
    """
    DELETE FROM task_bindings b WHERE b.tenant_id = :tenant_id AND b.workspace_id = CAST(:workspace_id AS uuid)
    RETURNING b.task_id, b.mutates_workspace
    """
)
DETACH: Final = composed(
    """
    DELETE FROM task_bindings
     WHERE tenant_id = :tenant_id AND workspace_id = :workspace_id AND task_id = :task_id
    RETURNING task_id
    """
)
MUTATES: Final = composed(
    """
    SELECT b.mutates_workspace FROM task_bindings b
     WHERE b.tenant_id = :tenant_id AND b.workspace_id = :workspace_id AND b.task_id = :task_id
    """
)
SET_MUTATES: Final = composed(
    """
    UPDATE task_bindings SET mutates_workspace = :mutates
     WHERE tenant_id = :tenant_id AND workspace_id = :workspace_id AND task_id = :task_id
    """
)
COUNT: Final = composed(
    "SELECT count(*) AS bound FROM task_bindings WHERE tenant_id = :tenant_id AND workspace_id = :workspace_id"
)
VISIBLE_BY_WORKSPACE: Final = composed(
    """
    SELECT b.id AS binding_id, b.workspace_id AS bound_to, b.mutates_workspace, b.created_at AS bound_at, {task:t}
      FROM task_bindings b JOIN tasks t ON t.tenant_id = b.tenant_id AND t.id = b.task_id
     WHERE b.tenant_id = :tenant_id AND b.workspace_id = ANY (CAST(:workspace_ids AS uuid[])) AND {visible:t}
     ORDER BY b.created_at, b.id
    """
)
VISIBLE_BY_TASK: Final = composed(
    """
    SELECT b.id AS binding_id, b.task_id AS bound_to, b.mutates_workspace, b.created_at AS bound_at, {workspace:w}
      FROM task_bindings b JOIN workspaces w ON w.tenant_id = b.tenant_id AND w.id = b.workspace_id
     WHERE b.tenant_id = :tenant_id AND b.task_id = ANY (CAST(:task_ids AS text[])) AND w.id = ANY ({readable})
     ORDER BY b.created_at, b.id
    """
)


async def attach(
    tx: Tx, tenant_id: UUID, workspace_id: UUID, bound: Sequence[tuple[UUID, str, bool]]
) -> frozenset[str]:
    """Bind tasks, each `(id of the binding, task, whether it writes)`; returns the tasks that were there to bind."""
    rows = await tx.fetch(
        ATTACH,
        tenant_id=tenant_id,
        workspace_id=workspace_id,
        ids=[id for id, _, _ in bound],
        task_ids=[task for _, task, _ in bound],
        mutating=[mutates for _, _, mutates in bound],
    )
    return frozenset(row["task_id"] for row in rows)


async def detach(tx: Tx, tenant_id: UUID, workspace_id: UUID, task_id: str) -> bool:
    """Unbind a task; false if it was not bound."""
    return bool(await tx.fetch(DETACH, tenant_id=tenant_id, workspace_id=workspace_id, task_id=task_id))


async def detach_all(tx: Tx, tenant_id: UUID, workspace_id: UUID) -> list[str]:
    """Unbind every task of a workspace; those that changed it."""
    rows = await tx.fetch(DETACH_ALL, tenant_id=tenant_id, workspace_id=workspace_id)
    return sorted(row["task_id"] for row in rows if row["mutates_workspace"])


async def mutates(db: Database | Tx, tenant_id: UUID, workspace_id: UUID, task_id: str) -> bool | None:
    """Whether the runs of a bound task may change the workspace; None if it is not bound."""
    row = await db.fetchrow(MUTATES, tenant_id=tenant_id, workspace_id=workspace_id, task_id=task_id)
    return None if row is None else bool(row["mutates_workspace"])


async def set_mutates(tx: Tx, tenant_id: UUID, workspace_id: UUID, task_id: str, *, mutates: bool) -> None:
    """Say so of a bound task."""
    await tx.fetch(SET_MUTATES, tenant_id=tenant_id, workspace_id=workspace_id, task_id=task_id, mutates=mutates)


async def count(tx: Tx, tenant_id: UUID, workspace_id: UUID) -> int:
    """How many tasks are bound."""
    row = await tx.fetchrow(COUNT, tenant_id=tenant_id, workspace_id=workspace_id)
    assert row is not None
    bound: int = row["bound"]
    return bound


async def visible_by_workspace(
    db: Database, tenant_id: UUID, user_id: UUID, workspace_ids: Sequence[UUID]
) -> list[BindingRow]:
    """The bindings of workspaces to tasks that the user may see, oldest first."""
    rows = await db.fetch(VISIBLE_BY_WORKSPACE, tenant_id=tenant_id, user_id=user_id, workspace_ids=workspace_ids)
    return [
        BindingRow(
            id=row["binding_id"],
            workspace_id=row["bound_to"],
            mutates_workspace=row["mutates_workspace"],
            created_at=row["bound_at"],
            task=TaskRow.of(row),
        )
        for row in rows
    ]


async def visible_by_task(
    db: Database, tenant_id: UUID, user_id: UUID, task_ids: Sequence[str]
) -> list[tuple[str, WorkspaceBindingRow]]:
    """The bindings of tasks to workspaces that the user may read, oldest first, by task."""
    rows = await db.fetch(VISIBLE_BY_TASK, tenant_id=tenant_id, user_id=user_id, task_ids=task_ids)
    return [
        (
            row["bound_to"],
            WorkspaceBindingRow(
                id=row["binding_id"],
                mutates_workspace=row["mutates_workspace"],
                created_at=row["bound_at"],
                workspace=WorkspaceRow.of(row),
            ),
        )
        for row in rows
    ]
