"""Tasks, their runs, dependencies, enqueue keys and what people did with them in their inboxes."""

from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.db.tables.base import TASK_ID, id_column, metadata, moment, tenant_column, within_tenant

ZERO = text("0")

tasks = Table(
    "tasks",
    metadata,
    tenant_column(),
    Column("id", TASK_ID, primary_key=True),
    Column("identifier", Text),
    Column("scope", Text, nullable=False),
    Column("workspace_id", Uuid),
    Column("parent_task_id", TASK_ID),
    # Ancestors from the root down, without the task itself: a tree is one containment look-up.
    Column("path", ARRAY(TASK_ID), nullable=False, server_default=text("'{}'")),
    Column("network_channel", Text),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("status", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("max_attempts", SmallInteger, nullable=False),
    Column("approval_policy", Text, nullable=False),
    Column("approval_state", Text, nullable=False),
    Column("owner_kind", Text),
    Column("owner_ref", Text),
    Column("required_capabilities", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("metadata", JSONB),
    Column("created_by_kind", Text, nullable=False),
    Column("created_by_ref", Text, nullable=False),
    Column("origin_kind", Text, nullable=False),
    Column("origin_ref", Text, nullable=False),
    # Counters under the row's own lock, so that no rule depends on what another snapshot saw.
    Column("open_dependencies", Integer, nullable=False, server_default=ZERO),
    Column("dependent_count", Integer, nullable=False, server_default=ZERO),
    Column("child_count", Integer, nullable=False, server_default=ZERO),
    Column("last_attempt", SmallInteger, nullable=False, server_default=ZERO),
    Column("open_run_id", Uuid),
    Column("latest_run_id", Uuid),
    # How the next run is dispatched; what a run needs of it is copied when it is queued.
    Column("preferred_capabilities", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    moment("not_before", nullable=True),
    # {"initial_seconds", "factor", "max_seconds", "jitter"}: a failed attempt is queued again after a wait.
    Column("retry_policy", JSONB),
    Column("concurrency_key", Text),
    Column("unique_key", Text),
    Column("enqueue_when_ready", Boolean, nullable=False, server_default=text("false")),
    moment("paused_at", nullable=True),
    # How many of the task and its ancestors are paused.
    Column("pauses", SmallInteger, nullable=False, server_default=ZERO),
    # Attempts that an operator struck off when the task was queued again from the dead letters.
    Column("forgiven_attempts", SmallInteger, nullable=False, server_default=ZERO),
    moment("discarded_at", nullable=True),
    moment("created_at", default=True),
    moment("updated_at", default=True),
    moment("closed_at", nullable=True),
    # No reference to workspaces: tasks and runs stay for the record when their workspace is deleted.
    within_tenant("parent_task_id", "tasks"),
    ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
    CheckConstraint("scope IN ('global', 'workspace')", name="scope"),
    CheckConstraint("(scope = 'workspace') = (workspace_id IS NOT NULL)", name="scope_binding"),
    CheckConstraint(
        "status IN ('draft', 'pending', 'blocked', 'ready', 'in_progress', 'completed', 'failed', 'canceled')",
        name="status",
    ),
    CheckConstraint("priority IN (10, 20, 30, 40)", name="priority"),
    CheckConstraint("max_attempts BETWEEN 1 AND 10", name="max_attempts"),
    CheckConstraint(
        "(approval_policy = 'none' AND approval_state = 'not_required') OR"
        " (approval_policy = 'manual' AND approval_state IN ('pending', 'approved', 'rejected'))",
        name="approval",
    ),
    CheckConstraint("(owner_kind IS NULL) = (owner_ref IS NULL)", name="owner"),
    CheckConstraint("parent_task_id <> id", name="parent"),
    CheckConstraint("length(id) BETWEEN 1 AND 128", name="id"),
    CheckConstraint("pauses >= 0", name="pauses"),
    CheckConstraint("forgiven_attempts <= last_attempt", name="forgiven_attempts"),
    Index("ix_tasks_created", "tenant_id", "created_at", "id"),
    Index("ix_tasks_workspace", "tenant_id", "workspace_id", "created_at", "id"),
    Index("ix_tasks_parent", "tenant_id", "parent_task_id", postgresql_where=text("parent_task_id IS NOT NULL")),
    # Dead letters: tasks that used up their attempts, the newest last.
    Index(
        "ix_tasks_dead",
        "tenant_id",
        "closed_at",
        "id",
        postgresql_where=text("status = 'failed' AND discarded_at IS NULL"),
    ),
    Index("ix_tasks_path", "path", postgresql_using="gin", postgresql_where=text("path <> '{}'")),
)

runs = Table(
    "runs",
    metadata,
    tenant_column(),
    id_column(),
    Column("task_id", TASK_ID, nullable=False),
    Column("workspace_id", Uuid),
    # The workspace, or the nil UUID for global work: a NULL could not lead an ordered index scan.
    Column(
        "place",
        Uuid,
        Computed(f"coalesce(workspace_id, '{UUID(int=0)}'::uuid)", persisted=True),
        nullable=False,
    ),
    Column("attempt", SmallInteger, nullable=False),
    Column("status", Text, nullable=False),
    # Copies of the task's, kept by the statements that change a task: a claim reads runs alone.
    Column("priority", SmallInteger, nullable=False),
    Column("claimable", Boolean, nullable=False),
    Column("required_capabilities", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("preferred_capabilities", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    # Only the admission makes a gated run claimable: it waits for its time, for a place under its concurrency key, or
    # for the end of a pause. A claim looks at `claimable` alone.
    Column("gated", Boolean, nullable=False, server_default=text("false")),
    moment("not_before", nullable=True),
    Column("concurrency_key", Text),
    Column("claimed_by_kind", Text),
    Column("claimed_by_ref", Text),
    Column("agent_session_id", Uuid),
    Column("session_id", Text),
    Column("lease_epoch", BigInteger, nullable=False, server_default=ZERO),
    moment("lease_until", nullable=True),
    moment("heartbeat_at", nullable=True),
    moment("queued_at", default=True),
    moment("claimed_at", nullable=True),
    moment("started_at", nullable=True),
    moment("ended_at", nullable=True),
    Column("error", Text),
    Column("result", JSONB),
    Column("metadata", JSONB),
    Column("network_channel", Text),
    Column("coordination_channel_id", Text),
    Column("origin_kind", Text, nullable=False),
    Column("origin_ref", Text, nullable=False),
    Column("idempotency_key", Text),
    within_tenant("task_id", "tasks", on_delete="CASCADE"),
    CheckConstraint(
        "status IN ('queued', 'claimed', 'starting', 'running', 'completed', 'failed', 'canceled')",
        name="status",
    ),
    CheckConstraint("attempt > 0", name="attempt"),
    CheckConstraint("status <> 'queued' OR (agent_session_id IS NULL AND lease_until IS NULL)", name="queued_is_free"),
    CheckConstraint("lease_until IS NULL OR agent_session_id IS NOT NULL", name="lease_has_holder"),
    # The claim walks this index in the order in which runs are handed out.
    Index(
        "ix_runs_claimable",
        "tenant_id",
        "place",
        text("priority DESC"),
        "queued_at",
        "id",
        postgresql_where=text("status = 'queued' AND claimable"),
    ),
    # Without lease_until, so that a heartbeat changes no index (HOT); a sweep reads only what is held.
    Index(
        "ix_runs_held",
        "tenant_id",
        "id",
        postgresql_where=text("status IN ('claimed', 'starting', 'running')"),
    ),
    Index("ix_runs_task", "tenant_id", "task_id", "attempt"),
    # Runs that prefer some holders to others: of equally urgent ones a claim looks at these first.
    Index(
        "ix_runs_preferring",
        "tenant_id",
        "place",
        "priority",
        "queued_at",
        "id",
        postgresql_where=text("status = 'queued' AND claimable AND preferred_capabilities <> '{}'"),
    ),
    # What the admission walks: runs whose time has come, and of a key those that wait and those that hold a place.
    Index(
        "ix_runs_gated",
        "not_before",
        "tenant_id",
        postgresql_where=text("status = 'queued' AND gated AND NOT claimable AND concurrency_key IS NULL"),
    ),
    Index(
        "ix_runs_keyed",
        "tenant_id",
        "concurrency_key",
        text("priority DESC"),
        "queued_at",
        "id",
        postgresql_where=text("status = 'queued' AND NOT claimable AND concurrency_key IS NOT NULL"),
    ),
    Index(
        "ix_runs_admitted",
        "tenant_id",
        "concurrency_key",
        postgresql_where=text(
            "concurrency_key IS NOT NULL AND"
            " (status IN ('claimed', 'starting', 'running') OR (status = 'queued' AND claimable))"
        ),
    ),
    CheckConstraint("concurrency_key IS NULL OR gated", name="keyed_is_gated"),
    # Room on each page keeps the many small updates of a run on the page where it stands.
    postgresql_with={"fillfactor": "80"},
)

# Where a run came from, for those that another run, an operator or a conversation brought about.
run_lineage = Table(
    "run_lineage",
    metadata,
    tenant_column(),
    Column("run_id", Uuid, primary_key=True),
    Column("parent_run_id", Uuid),
    # The root's own id for a root, so that a whole tree is one index look-up.
    Column("root_run_id", Uuid, nullable=False),
    Column("depth", SmallInteger, nullable=False),
    Column("retry_of_run_id", Uuid),
    Column("thread_id", Uuid),
    Column("triggered_by", Text, nullable=False),
    Column("trigger_ref", Text),
    ForeignKeyConstraint(["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"], ondelete="CASCADE"),
    CheckConstraint("depth BETWEEN 0 AND 5", name="depth"),
    CheckConstraint("(parent_run_id IS NULL) = (depth = 0)", name="parent"),
    Index("ix_run_lineage_root", "tenant_id", "root_run_id", "run_id"),
    Index("ix_run_lineage_parent", "tenant_id", "parent_run_id", "run_id"),
)

run_reports = Table(
    "run_reports",
    metadata,
    tenant_column(),
    Column("run_id", Uuid, primary_key=True),
    Column("progress_fraction", Double),
    Column("progress_message", Text),
    Column("outcome", JSONB),
    Column("usage", JSONB),
    Column("transcript", Text),
    moment("updated_at", default=True),
    ForeignKeyConstraint(["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"], ondelete="CASCADE"),
    CheckConstraint("progress_fraction BETWEEN 0 AND 1", name="fraction"),
)

run_steps = Table(
    "run_steps",
    metadata,
    tenant_column(),
    Column("run_id", Uuid, primary_key=True),
    Column("step_key", Text, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("source_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("tool_name", Text),
    Column("tool_call_id", Text),
    Column("input", JSONB),
    Column("output", JSONB),
    Column("error", Text),
    moment("started_at", nullable=True),
    moment("completed_at", nullable=True),
    ForeignKeyConstraint(["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"], ondelete="CASCADE"),
)

task_dependencies = Table(
    "task_dependencies",
    metadata,
    tenant_column(),
    Column("task_id", TASK_ID, primary_key=True),
    Column("depends_on_task_id", TASK_ID, primary_key=True),
    Column("kind", Text, primary_key=True),
    moment("created_at", default=True),
    within_tenant("task_id", "tasks", on_delete="CASCADE"),
    within_tenant("depends_on_task_id", "tasks", on_delete="CASCADE"),
    CheckConstraint("kind = 'blocks'", name="kind"),
    CheckConstraint("task_id <> depends_on_task_id", name="self"),
    Index("ix_task_dependencies_blocker", "tenant_id", "depends_on_task_id", "task_id"),
)

enqueue_keys = Table(
    "enqueue_keys",
    metadata,
    tenant_column(),
    Column("origin_ref", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("task_id", TASK_ID, nullable=False),
    Column("run_id", Uuid, nullable=False),
    moment("created_at", default=True),
    ForeignKeyConstraint(["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"], ondelete="CASCADE"),
    Index("ix_enqueue_keys_run", "tenant_id", "run_id"),
)

# How many runs of one key may be dispatched at once; the row is locked by whoever admits more of them.
concurrency_keys = Table(
    "concurrency_keys",
    metadata,
    tenant_column(),
    Column("key", Text, primary_key=True),
    Column("most", Integer, nullable=False, server_default=text("1")),
    moment("created_at", default=True),
    ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
    CheckConstraint("most BETWEEN 1 AND 10000", name="most"),
)

# Which task holds a unique key: while that task is open, no other is made under the key.
unique_keys = Table(
    "unique_keys",
    metadata,
    tenant_column(),
    Column("key", Text, primary_key=True),
    Column("task_id", TASK_ID, nullable=False),
    moment("created_at", default=True),
    within_tenant("task_id", "tasks", on_delete="CASCADE"),
    Index("ix_unique_keys_task", "tenant_id", "task_id"),
)

# Where the agents of a workspace talk about a run; bound when the run is queued, and never changed.
coordination_channels = Table(
    "coordination_channels",
    metadata,
    tenant_column(),
    Column("workspace_id", Uuid, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    moment("created_at", default=True),
    moment("updated_at", default=True),
    ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
)

# What an actor did with a task in its inbox; a row means that it was read. The actor leads: an inbox reads its own.
task_triage = Table(
    "task_triage",
    metadata,
    tenant_column(),
    Column("actor_kind", Text, primary_key=True),
    Column("actor_ref", Text, primary_key=True),
    Column("task_id", TASK_ID, primary_key=True),
    Column("archived", Boolean, nullable=False),
    Column("dismissed", Boolean, nullable=False),
    # The task's latest activity when it was read: what is newer makes it unread again.
    moment("last_seen_activity_at"),
    moment("updated_at", default=True),
    within_tenant("task_id", "tasks", on_delete="CASCADE"),
    Index("ix_task_triage_task", "tenant_id", "task_id"),
    Index("ix_task_triage_changed", "tenant_id", "actor_kind", "actor_ref", "updated_at"),
)
