"""Much data quickly: tasks with queued runs, and a log, made by generate_series."""

from uuid import UUID

from app.db.engine import Database, Lane
from app.storage.statements import composed

# Ids in the order of time, as the server makes them; they need no function that only newer servers have.
SEED_TASKS = composed(
    """
    INSERT INTO tasks (tenant_id, id, scope, title, status, priority, max_attempts, approval_policy, approval_state,
                       created_by_kind, created_by_ref, origin_kind, origin_ref, last_attempt, open_run_id,
                       latest_run_id, created_at)
    SELECT :tenant_id, '018f0000-0000-7000-8001-' || lpad(to_hex(n), 12, '0'), 'global', 'Task ' || n, 'ready',
           (ARRAY[10, 20, 20, 20, 30, 40])[1 + n % 6], 3, 'none', 'not_required', 'user', 'seed', 'http',
           'tasks.create', 1,
           ('018f0000-0000-7000-8002-' || lpad(to_hex(n), 12, '0'))::uuid,
           ('018f0000-0000-7000-8002-' || lpad(to_hex(n), 12, '0'))::uuid,
           now() - make_interval(secs => 1000 - n * 0.001)
      FROM generate_series(CAST(:first AS int), CAST(:first AS int) + CAST(:count AS int) - 1) AS n
    """
)
SEED_RUNS = composed(
    """
    INSERT INTO runs (tenant_id, id, task_id, attempt, status, priority, claimable, queued_at, origin_kind, origin_ref)
    SELECT t.tenant_id, t.open_run_id, t.id, 1, 'queued', t.priority, true, t.created_at, 'http', 'tasks.start'
      FROM tasks t
     WHERE t.tenant_id = :tenant_id AND t.open_run_id IS NOT NULL
       AND t.id >= '018f0000-0000-7000-8001-' || lpad(to_hex(CAST(:first AS int)), 12, '0')
       AND t.id < '018f0000-0000-7000-8001-' || lpad(to_hex(CAST(:first AS int) + CAST(:count AS int)), 12, '0')
    """
)
SEED_EVENTS = composed(
    """
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, actor_kind, actor_ref,
                        origin_kind, origin_ref, payload)
    SELECT :tenant_id, first + n - 1, now(), 'task.run_enqueued',
           '018f0000-0000-7000-8001-' || lpad(to_hex(1 + n % 1000), 12, '0'), '{}',
           ('018f0000-0000-7000-8002-' || lpad(to_hex(1 + n % 1000), 12, '0'))::uuid, 'user', 'seed', 'http',
           'tasks.start', '{"attempt": 1, "status": "queued", "task_status": "ready"}'
      FROM take_event_sequences(:tenant_id, CAST(:count AS int)) AS first,
           generate_series(1, CAST(:count AS int)) AS n
    """
)
ANALYZE = "VACUUM ANALYZE"


async def seed_queue(db: Database, tenant_id: UUID, count: int, *, first: int = 1) -> None:
    """So many tasks, each with one queued run; `first` numbers them."""
    await db.fetch(SEED_TASKS, Lane.IMPORTS, tenant_id=tenant_id, count=count, first=first)
    await db.fetch(SEED_RUNS, Lane.IMPORTS, tenant_id=tenant_id, count=count, first=first)


async def seed_events(db: Database, tenant_id: UUID, count: int) -> None:
    """So many events at the end of the tenant's log."""
    await db.fetch(SEED_EVENTS, Lane.IMPORTS, tenant_id=tenant_id, count=count)
