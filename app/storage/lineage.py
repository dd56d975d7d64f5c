"""Statements about where runs came from, what they brought about, and what a whole tree of them used."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.db.statement import Statement
from app.db.tx import Tx
from app.domain.tasks.lineage import DEPTH_MAX, Lineage
from app.domain.tasks.usage import COST_LIMIT, COST_PLACES_MAX, COST_TEXT, COUNT_LIMIT
from app.storage.rows.run import LineageRow, TreeUsageRow
from app.storage.rows.task import RunRow
from app.storage.statements import composed, load

RECORD: Final = load("record_lineage")
BY_RUN: Final = composed(
    """
    SELECT {lineage:l} FROM run_lineage l
     WHERE l.tenant_id = :tenant_id AND l.run_id = ANY (CAST(:run_ids AS uuid[]))
    """
)
PARENTS: Final = composed(
    """
    SELECT l.run_id AS of_id, {run:r}
      FROM run_lineage l
      JOIN runs r ON r.tenant_id = :tenant_id AND r.id = l.parent_run_id
     WHERE l.tenant_id = :tenant_id AND l.run_id = ANY (CAST(:run_ids AS uuid[])) AND {visible:r}
    """
)
RETRIED: Final = composed(
    """
    SELECT l.run_id AS of_id, {run:r}
      FROM run_lineage l
      JOIN runs r ON r.tenant_id = :tenant_id AND r.id = l.retry_of_run_id
     WHERE l.tenant_id = :tenant_id AND l.run_id = ANY (CAST(:run_ids AS uuid[])) AND {visible:r}
    """
)
ROOTS: Final = composed(
    """
    SELECT asked.run_id AS of_id, {run:r}
      FROM unnest(CAST(:run_ids AS uuid[])) AS asked(run_id)
      LEFT JOIN run_lineage l ON l.tenant_id = :tenant_id AND l.run_id = asked.run_id
      JOIN runs r ON r.tenant_id = :tenant_id AND r.id = coalesce(l.root_run_id, asked.run_id)
     WHERE {visible:r}
    """
)
CHILDREN: Final = composed(
    """
    SELECT asked.run_id AS of_id, {run:child}
      FROM unnest(CAST(:run_ids AS uuid[])) AS asked(run_id)
      CROSS JOIN LATERAL (
          SELECT r.*
            FROM run_lineage l
            JOIN runs r ON r.tenant_id = :tenant_id AND r.id = l.run_id
           WHERE l.tenant_id = :tenant_id AND l.parent_run_id = asked.run_id AND {visible:r}
           ORDER BY l.run_id
           LIMIT CAST(:most AS int)
      ) child
     ORDER BY asked.run_id, child.id
    """
)


# Each tree is summed once, however many of its runs are asked for; of it only what the user may see. What counts as a
# number is said in domain/tasks/usage.py as well, whose twin this is.
TREE_USAGE: Final = composed(
    """
    WITH asked AS MATERIALIZED (
        SELECT a.run_id, coalesce(l.root_run_id, a.run_id) AS root_id
          FROM unnest(CAST(:run_ids AS uuid[])) AS a(run_id)
          LEFT JOIN run_lineage l ON l.tenant_id = :tenant_id AND l.run_id = a.run_id
    ), member AS (
        SELECT asked.root_id, asked.root_id AS run_id FROM asked
        UNION
        SELECT l.root_run_id, l.run_id FROM run_lineage l
         WHERE l.tenant_id = :tenant_id AND l.root_run_id = ANY (ARRAY(SELECT asked.root_id FROM asked))
    ), said AS (
        SELECT member.root_id, r.id, m.name, coalesce(nullif(p.usage -> m.name, 'null'), p.usage -> m.other) AS value
          FROM member
          JOIN runs r ON r.tenant_id = :tenant_id AND r.id = member.run_id
          LEFT JOIN run_reports p ON p.tenant_id = :tenant_id AND p.run_id = r.id
          CROSS JOIN (VALUES ('inputTokens', 'input_tokens'), ('outputTokens', 'output_tokens'),
                             ('cachedInputTokens', 'cached_input_tokens'), ('cacheWriteTokens', 'cache_write_tokens'),
                             ('totalCost', 'total_cost')) AS m(name, other)
         WHERE {visible:r}
    ), told AS (
        SELECT said.root_id, said.id, said.name, said.name = 'totalCost' AS is_cost,
               CASE WHEN jsonb_typeof(said.value) = 'number'
                      OR (said.name = 'totalCost' AND jsonb_typeof(said.value) = 'string'
                          AND said.value #>> '{}' ~ '^{cost_text}$')
                    THEN CAST(said.value #>> '{}' AS numeric) END AS amount
          FROM said
    ), sound AS (
        SELECT told.root_id, told.id, told.name,
               CASE WHEN told.is_cost AND scale(told.amount) > {places} THEN round(told.amount, {places})
                    WHEN told.is_cost THEN told.amount ELSE trunc(told.amount) END AS amount
          FROM told
         WHERE told.amount >= 0 AND told.amount < CASE WHEN told.is_cost THEN {cost_limit} ELSE {count_limit} END
           AND (told.is_cost OR told.amount = trunc(told.amount))
    ), summed AS (
        SELECT sound.root_id, sum(sound.amount) FILTER (WHERE sound.name = 'inputTokens') AS input_tokens,
               sum(sound.amount) FILTER (WHERE sound.name = 'outputTokens') AS output_tokens,
               sum(sound.amount) FILTER (WHERE sound.name = 'cachedInputTokens') AS cached_input_tokens,
               sum(sound.amount) FILTER (WHERE sound.name = 'cacheWriteTokens') AS cache_write_tokens,
               sum(sound.amount) FILTER (WHERE sound.name = 'totalCost') AS total_cost
          FROM sound
         GROUP BY sound.root_id
    )
    SELECT asked.run_id AS of_id, counted.run_count, summed.*
      FROM asked
      JOIN (SELECT said.root_id, count(DISTINCT said.id) AS run_count FROM said
             GROUP BY said.root_id) counted USING (root_id)
      LEFT JOIN summed USING (root_id)
    """.replace("{cost_text}", COST_TEXT.pattern)
    .replace("{places}", str(COST_PLACES_MAX))
    .replace("{cost_limit}", str(COST_LIMIT))
    .replace("{count_limit}", str(COUNT_LIMIT))
)


async def record(tx: Tx, tenant_id: UUID, run_id: UUID, lineage: Lineage) -> bool:
    """Where a new run came from; False where runs would nest too deeply."""
    rows = await tx.fetch(
        RECORD,
        tenant_id=tenant_id,
        run_id=run_id,
        parent_run_id=lineage.parent_run_id,
        retry_of=lineage.retry_of,
        thread_id=lineage.thread_id,
        triggered_by=lineage.trigger.value,
        trigger_ref=lineage.trigger_ref,
        depth_max=DEPTH_MAX,
    )
    return bool(rows)


async def by_run(db: Database, tenant_id: UUID, run_ids: Sequence[UUID]) -> list[LineageRow]:
    """Where runs came from; those without a row are their own roots."""
    return LineageRow.all(await db.fetch(BY_RUN, tenant_id=tenant_id, run_ids=run_ids))


async def parents(db: Database, tenant_id: UUID, user_id: UUID, run_ids: Sequence[UUID]) -> list[tuple[UUID, RunRow]]:
    """`(run, parent)` for the parents that the user may see."""
    return await _related(PARENTS, db, tenant_id, user_id, run_ids)


async def retried(db: Database, tenant_id: UUID, user_id: UUID, run_ids: Sequence[UUID]) -> list[tuple[UUID, RunRow]]:
    """`(run, run that it repeats)` where the user may see that one."""
    return await _related(RETRIED, db, tenant_id, user_id, run_ids)


async def roots(db: Database, tenant_id: UUID, user_id: UUID, run_ids: Sequence[UUID]) -> list[tuple[UUID, RunRow]]:
    """`(run, root of its tree)` where the user may see that one."""
    return await _related(ROOTS, db, tenant_id, user_id, run_ids)


async def _related(
    statement: Statement, db: Database, tenant_id: UUID, user_id: UUID, run_ids: Sequence[UUID]
) -> list[tuple[UUID, RunRow]]:
    rows = await db.fetch(statement, tenant_id=tenant_id, user_id=user_id, run_ids=run_ids)
    return list(zip((row["of_id"] for row in rows), RunRow.all(rows), strict=True))


async def children(
    db: Database, tenant_id: UUID, user_id: UUID, run_ids: Sequence[UUID], *, most: int
) -> list[tuple[UUID, RunRow]]:
    """`(run, child)` for the children that the user may see, oldest first, at most so many each."""
    rows = await db.fetch(CHILDREN, tenant_id=tenant_id, user_id=user_id, run_ids=run_ids, most=most)
    return list(zip((row["of_id"] for row in rows), RunRow.all(rows), strict=True))


async def tree_usage(
    db: Database, tenant_id: UUID, user_id: UUID, run_ids: Sequence[UUID]
) -> list[tuple[UUID, TreeUsageRow]]:
    """`(run, what its tree used)`, as far as the user may see the tree."""
    rows = await db.fetch(TREE_USAGE, tenant_id=tenant_id, user_id=user_id, run_ids=run_ids)
    return list(zip((row["of_id"] for row in rows), TreeUsageRow.all(rows), strict=True))
