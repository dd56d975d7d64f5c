"""Statements about the steps of runs."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.db.tx import Tx
from app.domain.tasks.steps import ENDED, SEQUENCE_MAX
from app.storage.rows.run import RunStepRow, StepPayload
from app.storage.statements import composed

ENDED_WORDS: Final = ", ".join(f"'{word}'" for word in ENDED)
# The run is locked by its holder: nobody else changes its steps. A step that begins again forgets how it ended.
STORE: Final = composed(
    """
    WITH said AS (
        SELECT x.*, s.run_id IS NULL AS made, s.status IN ({ended}) AND x.status NOT IN ({ended}) AS again,
               coalesce(x.status, s.status, 'running') AS new_status,
               coalesce(x.sequence, s.sequence, least(last.sequence + x.ord, {most})) AS new_sequence,
               coalesce(x.source_type, s.source_type,
                        CASE WHEN x.tool_name IS NULL THEN 'system' ELSE 'tool' END) AS new_source_type,
               coalesce(x.tool_name, s.tool_name) AS new_tool_name,
               coalesce(x.tool_call_id, s.tool_call_id) AS new_tool_call_id,
               coalesce(x.input, s.input) AS new_input, s.output AS old_output, s.error AS old_error,
               s.started_at AS old_started_at, s.completed_at AS old_completed_at
          FROM jsonb_to_recordset(CAST(:steps AS jsonb)) AS x(
               ord int, step_key text, sequence int, source_type text, status text, tool_name text,
               tool_call_id text, input jsonb, output jsonb, error text, started_at timestamptz,
               completed_at timestamptz)
          CROSS JOIN (SELECT CAST(coalesce(max(k.sequence), 0) AS bigint) AS sequence FROM run_steps k
                       WHERE k.tenant_id = :tenant_id AND k.run_id = CAST(:run_id AS uuid)) last
          LEFT JOIN run_steps s ON s.tenant_id = :tenant_id AND s.run_id = CAST(:run_id AS uuid)
                                AND s.step_key = x.step_key
    ), stored AS (
        INSERT INTO run_steps (tenant_id, run_id, step_key, sequence, source_type, status, tool_name, tool_call_id,
                               input, output, error, started_at, completed_at)
        SELECT :tenant_id, CAST(:run_id AS uuid), n.step_key, n.new_sequence, n.new_source_type, n.new_status,
               n.new_tool_name, n.new_tool_call_id, n.new_input,
               CASE WHEN n.again THEN n.output ELSE coalesce(n.output, n.old_output) END,
               CASE WHEN n.again THEN n.error ELSE coalesce(n.error, n.old_error) END,
               coalesce(n.started_at, CASE WHEN n.again THEN NULL ELSE n.old_started_at END,
                        CASE WHEN n.new_status = 'running' THEN now() END),
               CASE WHEN n.new_status IN ({ended}) THEN coalesce(n.completed_at, n.old_completed_at, now()) END
          FROM said n
        ON CONFLICT (tenant_id, run_id, step_key) DO UPDATE
           SET sequence = excluded.sequence, source_type = excluded.source_type, status = excluded.status,
               tool_name = excluded.tool_name, tool_call_id = excluded.tool_call_id, input = excluded.input,
               output = excluded.output, error = excluded.error, started_at = excluded.started_at,
               completed_at = excluded.completed_at
    )
    SELECT (SELECT count(*) FROM run_steps k
             WHERE k.tenant_id = :tenant_id AND k.run_id = CAST(:run_id AS uuid))
           + (SELECT count(*) FROM said WHERE said.made) AS total
    """.replace("{ended}", ENDED_WORDS).replace("{most}", str(SEQUENCE_MAX))
)
BY_RUN: Final = composed(
    """
    SELECT {run_step:s} FROM run_steps s
     WHERE s.tenant_id = :tenant_id AND s.run_id = ANY (CAST(:run_ids AS uuid[]))
     ORDER BY s.run_id, s.sequence, s.step_key
    """
)
PAYLOADS: Final = composed(
    """
    SELECT s.run_id, s.step_key, s.input, s.output
      FROM unnest(CAST(:run_ids AS uuid[]), CAST(:step_keys AS text[])) AS asked(run_id, step_key)
      JOIN run_steps s ON s.tenant_id = :tenant_id AND s.run_id = asked.run_id AND s.step_key = asked.step_key
    """
)


async def store(tx: Tx, tenant_id: UUID, run_id: UUID, steps: str) -> int:
    """Make or change the steps of a run that is locked; how many it has then. `steps` is JSON text."""
    row = await tx.fetchrow(STORE, tenant_id=tenant_id, run_id=run_id, steps=steps)
    assert row is not None
    total: int = row["total"]
    return total


async def by_run(db: Database, tenant_id: UUID, run_ids: Sequence[UUID]) -> list[RunStepRow]:
    """The steps of runs in their order, without inputs and outputs."""
    return RunStepRow.all(await db.fetch(BY_RUN, tenant_id=tenant_id, run_ids=run_ids))


async def payloads(
    db: Database, tenant_id: UUID, keys: Sequence[tuple[UUID, str]]
) -> list[tuple[tuple[UUID, str], StepPayload]]:
    """Inputs and outputs of steps by run and key."""
    run_ids, step_keys = [run for run, _ in keys], [key for _, key in keys]
    rows = await db.fetch(PAYLOADS, tenant_id=tenant_id, run_ids=run_ids, step_keys=step_keys)
    return [((row["run_id"], row["step_key"]), StepPayload(input=row["input"], output=row["output"])) for row in rows]
