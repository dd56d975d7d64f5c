"""The foundation: identity, tasks and runs, the event log, the catalogue, workspaces and charts.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The log's ticket: taken last in a transaction, held until after its commit, so that the numbers
# of a tenant become visible in the order in which they rise. See docs/decisions/0001.
TAKE_EVENT_SEQUENCES = """
CREATE FUNCTION take_event_sequences(tenant uuid, wanted bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    log_sequence regclass;
BEGIN
    IF wanted = 0 THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(tenant::text, 7021));
    log_sequence := format('data_%s.event_sequence', replace(tenant::text, '-', ''))::regclass;
    RETURN setval(log_sequence, nextval(log_sequence) + wanted - 1) - wanted + 1;
END $$
"""

# An instant as the APIs write it (RFC 3339, UTC, Z).
WIRE_TIME = """
CREATE FUNCTION wire_time(moment timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$
"""


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(collation="C"), nullable=True),
        sa.Column("task_path", postgresql.ARRAY(Text(collation="C")), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_ref", sa.Text(), nullable=False),
        sa.Column("origin_kind", sa.Text(), nullable=False),
        sa.Column("origin_ref", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "sequence", "created_at", name=op.f("pk_events")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index(
        "ix_events_path",
        "events",
        ["task_path"],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text("task_path <> '{}'"),
    )
    op.create_index("ix_events_run", "events", ["tenant_id", "run_id", "sequence"], unique=False)
    op.create_index("ix_events_task", "events", ["tenant_id", "task_id", "sequence"], unique=False)
    op.create_index("ix_events_workspace", "events", ["tenant_id", "workspace_id", "sequence"], unique=False)
    op.create_table(
        "tenants",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_tenants")),
        sa.UniqueConstraint("name", name=op.f("uq_tenants_name")),
    )
    op.create_table(
        "artifacts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('table', 'chart', 'markdown', 'json', 'file')", name=op.f("ck_artifacts_kind")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_artifacts_")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_artifacts")),
    )
    op.create_index("ix_artifacts_created", "artifacts", ["tenant_id", "created_at", "id"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=True),
        sa.Column("parent_task_id", sa.Text(collation="C"), nullable=True),
        sa.Column("path", postgresql.ARRAY(Text(collation="C")), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("network_channel", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("max_attempts", sa.SmallInteger(), nullable=False),
        sa.Column("approval_policy", sa.Text(), nullable=False),
        sa.Column("approval_state", sa.Text(), nullable=False),
        sa.Column("owner_kind", sa.Text(), nullable=True),
        sa.Column("owner_ref", sa.Text(), nullable=True),
        sa.Column("required_capabilities", postgresql.ARRAY(Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("metadata", postgresql.JSONB(astext_type=Text()), nullable=True),
        sa.Column("created_by_kind", sa.Text(), nullable=False),
        sa.Column("created_by_ref", sa.Text(), nullable=False),
        sa.Column("origin_kind", sa.Text(), nullable=False),
        sa.Column("origin_ref", sa.Text(), nullable=False),
        sa.Column("open_dependencies", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("dependent_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("child_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_attempt", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("open_run_id", sa.Uuid(), nullable=True),
        sa.Column("latest_run_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(approval_policy = 'none' AND approval_state = 'not_required') OR (approval_policy = 'manual' AND approval_state IN ('pending', 'approved', 'rejected'))",
            name=op.f("ck_tasks_approval"),
        ),
        sa.CheckConstraint("(scope = 'workspace') = (workspace_id IS NOT NULL)", name=op.f("ck_tasks_scope_binding")),
        sa.CheckConstraint("scope IN ('global', 'workspace')", name=op.f("ck_tasks_scope")),
        sa.CheckConstraint(
            "status IN ('draft', 'pending', 'blocked', 'ready', 'in_progress', 'completed', 'failed', 'canceled')",
            name=op.f("ck_tasks_status"),
        ),
        sa.CheckConstraint("(owner_kind IS NULL) = (owner_ref IS NULL)", name=op.f("ck_tasks_owner")),
        sa.CheckConstraint("length(id) BETWEEN 1 AND 128", name=op.f("ck_tasks_id")),
        sa.CheckConstraint("max_attempts BETWEEN 1 AND 10", name=op.f("ck_tasks_max_attempts")),
        sa.CheckConstraint("parent_task_id <> id", name=op.f("ck_tasks_parent")),
        sa.CheckConstraint("priority IN (10, 20, 30, 40)", name=op.f("ck_tasks_priority")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_task_id"], ["tasks.tenant_id", "tasks.id"], name=op.f("fk_tasks_parent_task_id")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_tasks_")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_tasks")),
    )
    op.create_index("ix_tasks_created", "tasks", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_tasks_parent",
        "tasks",
        ["tenant_id", "parent_task_id"],
        unique=False,
        postgresql_where=sa.text("parent_task_id IS NOT NULL"),
    )
    op.create_index(
        "ix_tasks_path",
        "tasks",
        ["path"],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text("path <> '{}'"),
    )
    op.create_index("ix_tasks_workspace", "tasks", ["tenant_id", "workspace_id", "created_at", "id"], unique=False)
    op.create_table(
        "users",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role IN ('admin', 'member')", name=op.f("ck_users_role")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_users_email_lower")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_users_")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_users")),
        sa.UniqueConstraint("tenant_id", "email", name=op.f("uq_users_tenant_id_email")),
    )
    op.create_table(
        "api_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_api_keys_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("tenant_id", "key_hash", name=op.f("uq_api_keys_tenant_id_key_hash")),
    )
    op.create_index("ix_api_keys_key_hash", "api_keys", ["key_hash"], unique=False)
    op.create_table(
        "artifact_versions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("artifact_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=Text()), nullable=True),
        sa.Column("metadata", postgresql.JSONB(astext_type=Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "artifact_id"],
            ["artifacts.tenant_id", "artifacts.id"],
            name=op.f("fk_artifact_versions_artifact_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_artifact_versions")),
        sa.UniqueConstraint(
            "tenant_id", "artifact_id", "version", name=op.f("uq_artifact_versions_tenant_id_artifact_id_version")
        ),
    )
    op.create_table(
        "runs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Text(collation="C"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=True),
        sa.Column(
            "place",
            sa.Uuid(),
            sa.Computed("coalesce(workspace_id, '00000000-0000-0000-0000-000000000000'::uuid)", persisted=True),
            nullable=False,
        ),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("claimable", sa.Boolean(), nullable=False),
        sa.Column("required_capabilities", postgresql.ARRAY(Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("claimed_by_kind", sa.Text(), nullable=True),
        sa.Column("claimed_by_ref", sa.Text(), nullable=True),
        sa.Column("agent_session_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("lease_epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("result", postgresql.JSONB(astext_type=Text()), nullable=True),
        sa.Column("metadata", postgresql.JSONB(astext_type=Text()), nullable=True),
        sa.Column("network_channel", sa.Text(), nullable=True),
        sa.Column("coordination_channel_id", sa.Text(), nullable=True),
        sa.Column("origin_kind", sa.Text(), nullable=False),
        sa.Column("origin_ref", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status <> 'queued' OR (agent_session_id IS NULL AND lease_until IS NULL)",
            name=op.f("ck_runs_queued_is_free"),
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'claimed', 'starting', 'running', 'completed', 'failed', 'canceled')",
            name=op.f("ck_runs_status"),
        ),
        sa.CheckConstraint("attempt > 0", name=op.f("ck_runs_attempt")),
        sa.CheckConstraint(
            "lease_until IS NULL OR agent_session_id IS NOT NULL", name=op.f("ck_runs_lease_has_holder")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "task_id"], ["tasks.tenant_id", "tasks.id"], name=op.f("fk_runs_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_runs")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(
        "ix_runs_claimable",
        "runs",
        ["tenant_id", "place", sa.literal_column("priority DESC"), "queued_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'queued' AND claimable"),
    )
    op.create_index(
        "ix_runs_held",
        "runs",
        ["tenant_id", "id"],
        unique=False,
        postgresql_where=sa.text("status IN ('claimed', 'starting', 'running')"),
    )
    op.create_index("ix_runs_task", "runs", ["tenant_id", "task_id", "attempt"], unique=False)
    op.create_table(
        "task_dependencies",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Text(collation="C"), nullable=False),
        sa.Column("depends_on_task_id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind = 'blocks'", name=op.f("ck_task_dependencies_kind")),
        sa.CheckConstraint("task_id <> depends_on_task_id", name=op.f("ck_task_dependencies_self")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "depends_on_task_id"],
            ["tasks.tenant_id", "tasks.id"],
            name=op.f("fk_task_dependencies_depends_on_task_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "task_id"],
            ["tasks.tenant_id", "tasks.id"],
            name=op.f("fk_task_dependencies_task_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "task_id", "depends_on_task_id", "kind", name=op.f("pk_task_dependencies")
        ),
    )
    op.create_index(
        "ix_task_dependencies_blocker",
        "task_dependencies",
        ["tenant_id", "depends_on_task_id", "task_id"],
        unique=False,
    )
    op.create_table(
        "workspaces",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("table_id", sa.Uuid(), nullable=True),
        sa.Column("seed_artifact_version_id", sa.Uuid(), nullable=True),
        sa.Column("row_id_column", sa.Text(), nullable=True),
        sa.Column(
            "renderer_config", postgresql.JSONB(astext_type=Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("mode IN ('snapshot', 'operational')", name=op.f("ck_workspaces_mode")),
        sa.CheckConstraint("status IN ('active', 'archived')", name=op.f("ck_workspaces_status")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"], ["users.tenant_id", "users.id"], name=op.f("fk_workspaces_owner_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_workspaces")),
    )
    op.create_index("ix_workspaces_owner", "workspaces", ["tenant_id", "owner_id", "updated_at", "id"], unique=False)
    op.create_index("ix_workspaces_table", "workspaces", ["tenant_id", "table_id"], unique=False)
    op.create_table(
        "agent_sessions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("agent_name", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=True),
        sa.Column("capabilities", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("max_concurrency", sa.Integer(), nullable=False),
        sa.Column("active_runs", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('active', 'ended')", name=op.f("ck_agent_sessions_state")),
        sa.CheckConstraint("active_runs >= 0", name=op.f("ck_agent_sessions_active_runs")),
        sa.CheckConstraint("max_concurrency BETWEEN 1 AND 1000", name=op.f("ck_agent_sessions_max_concurrency")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_agent_sessions_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "workspace_id"],
            ["workspaces.tenant_id", "workspaces.id"],
            name=op.f("fk_agent_sessions_workspace_id"),
            ondelete="SET NULL (workspace_id)",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agent_sessions")),
    )
    op.create_index("ix_agent_sessions_created", "agent_sessions", ["tenant_id", "created_at", "id"], unique=False)
    op.create_table(
        "charts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("artifact_id", sa.Uuid(), nullable=False),
        sa.Column("chart_spec_version", sa.Integer(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("renderer_config", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("collapsed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("last_edited_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "artifact_id"], ["artifacts.tenant_id", "artifacts.id"], name=op.f("fk_charts_artifact_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "workspace_id"],
            ["workspaces.tenant_id", "workspaces.id"],
            name=op.f("fk_charts_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_charts")),
    )
    op.create_index("ix_charts_workspace", "charts", ["tenant_id", "workspace_id", "position"], unique=False)
    op.create_table(
        "enqueue_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("origin_ref", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"],
            ["runs.tenant_id", "runs.id"],
            name=op.f("fk_enqueue_keys_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "origin_ref", "key", name=op.f("pk_enqueue_keys")),
    )
    op.create_index("ix_enqueue_keys_run", "enqueue_keys", ["tenant_id", "run_id"], unique=False)
    op.create_table(
        "run_reports",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("progress_fraction", sa.Double(), nullable=True),
        sa.Column("progress_message", sa.Text(), nullable=True),
        sa.Column("outcome", postgresql.JSONB(astext_type=Text()), nullable=True),
        sa.Column("usage", postgresql.JSONB(astext_type=Text()), nullable=True),
        sa.Column("transcript", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("progress_fraction BETWEEN 0 AND 1", name=op.f("ck_run_reports_fraction")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"],
            ["runs.tenant_id", "runs.id"],
            name=op.f("fk_run_reports_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", name=op.f("pk_run_reports")),
    )
    op.create_table(
        "run_steps",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("step_key", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("source_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("tool_name", sa.Text(), nullable=True),
        sa.Column("tool_call_id", sa.Text(), nullable=True),
        sa.Column("input", postgresql.JSONB(astext_type=Text()), nullable=True),
        sa.Column("output", postgresql.JSONB(astext_type=Text()), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"], name=op.f("fk_run_steps_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "step_key", name=op.f("pk_run_steps")),
    )
    op.create_table(
        "tables",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("logical_name", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("owner_task_id", sa.Text(collation="C"), nullable=True),
        sa.Column("owner_workspace_id", sa.Uuid(), nullable=True),
        sa.Column("source_type", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("primary_key", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("row_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_write_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(scope = 'task') = (owner_task_id IS NOT NULL)", name=op.f("ck_tables_task_owner")),
        sa.CheckConstraint(
            "(scope IN ('workspace', 'snapshot')) = (owner_workspace_id IS NOT NULL)",
            name=op.f("ck_tables_workspace_owner"),
        ),
        sa.CheckConstraint("scope IN ('tenant', 'workspace', 'task', 'snapshot')", name=op.f("ck_tables_scope")),
        sa.CheckConstraint("source_type IN ('table', 'view', 'external')", name=op.f("ck_tables_source_type")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_task_id"],
            ["tasks.tenant_id", "tasks.id"],
            name=op.f("fk_tables_owner_task_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_workspace_id"],
            ["workspaces.tenant_id", "workspaces.id"],
            name=op.f("fk_tables_owner_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_tables_")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_tables")),
    )
    op.create_index("ix_tables_created", "tables", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index(
        "uq_tables_live_name",
        "tables",
        ["tenant_id", "scope", "owner_task_id", "owner_workspace_id", "name"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("scope <> 'snapshot'"),
    )
    op.create_table(
        "task_bindings",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mutates_workspace", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "task_id"],
            ["tasks.tenant_id", "tasks.id"],
            name=op.f("fk_task_bindings_task_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "workspace_id"],
            ["workspaces.tenant_id", "workspaces.id"],
            name=op.f("fk_task_bindings_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "workspace_id", "task_id", name=op.f("pk_task_bindings")),
    )
    op.create_index("ix_task_bindings_task", "task_bindings", ["tenant_id", "task_id"], unique=False)
    op.create_table(
        "workspace_shares",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('active', 'expired', 'revoked')", name=op.f("ck_workspace_shares_status")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "workspace_id"],
            ["workspaces.tenant_id", "workspaces.id"],
            name=op.f("fk_workspace_shares_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "workspace_id", name=op.f("pk_workspace_shares")),
    )
    op.create_table(
        "workspace_recipients",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_workspace_recipients_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "workspace_id"],
            ["workspace_shares.tenant_id", "workspace_shares.workspace_id"],
            name=op.f("fk_workspace_recipients_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "workspace_id", "user_id", name=op.f("pk_workspace_recipients")),
    )
    op.create_index(
        "ix_workspace_recipients_user", "workspace_recipients", ["tenant_id", "user_id", "workspace_id"], unique=False
    )
    op.execute("CREATE TABLE events_rest PARTITION OF events DEFAULT")
    op.execute(TAKE_EVENT_SEQUENCES)
    op.execute(WIRE_TIME)


def downgrade() -> None:
    op.execute("DROP FUNCTION wire_time(timestamptz)")
    op.execute("DROP FUNCTION take_event_sequences(uuid, bigint)")
    op.drop_index("ix_workspace_recipients_user", table_name="workspace_recipients")
    op.drop_table("workspace_recipients")
    op.drop_table("workspace_shares")
    op.drop_index("ix_task_bindings_task", table_name="task_bindings")
    op.drop_table("task_bindings")
    op.drop_index(
        "uq_tables_live_name",
        table_name="tables",
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("scope <> 'snapshot'"),
    )
    op.drop_index("ix_tables_created", table_name="tables")
    op.drop_table("tables")
    op.drop_table("run_steps")
    op.drop_table("run_reports")
    op.drop_index("ix_enqueue_keys_run", table_name="enqueue_keys")
    op.drop_table("enqueue_keys")
    op.drop_index("ix_charts_workspace", table_name="charts")
    op.drop_table("charts")
    op.drop_index("ix_agent_sessions_created", table_name="agent_sessions")
    op.drop_table("agent_sessions")
    op.drop_index("ix_workspaces_table", table_name="workspaces")
    op.drop_index("ix_workspaces_owner", table_name="workspaces")
    op.drop_table("workspaces")
    op.drop_index("ix_task_dependencies_blocker", table_name="task_dependencies")
    op.drop_table("task_dependencies")
    op.drop_index("ix_runs_task", table_name="runs")
    op.drop_index(
        "ix_runs_held", table_name="runs", postgresql_where=sa.text("status IN ('claimed', 'starting', 'running')")
    )
    op.drop_index("ix_runs_claimable", table_name="runs", postgresql_where=sa.text("status = 'queued' AND claimable"))
    op.drop_table("runs")
    op.drop_table("artifact_versions")
    op.drop_index("ix_api_keys_key_hash", table_name="api_keys")
    op.drop_table("api_keys")
    op.drop_table("users")
    op.drop_index("ix_tasks_workspace", table_name="tasks")
    op.drop_index("ix_tasks_path", table_name="tasks", postgresql_using="gin", postgresql_where=sa.text("path <> '{}'"))
    op.drop_index("ix_tasks_parent", table_name="tasks", postgresql_where=sa.text("parent_task_id IS NOT NULL"))
    op.drop_index("ix_tasks_created", table_name="tasks")
    op.drop_table("tasks")
    op.drop_index("ix_artifacts_created", table_name="artifacts")
    op.drop_table("artifacts")
    op.drop_table("tenants")
    op.drop_index("ix_events_workspace", table_name="events")
    op.drop_index("ix_events_task", table_name="events")
    op.drop_index("ix_events_run", table_name="events")
    op.drop_index(
        "ix_events_path", table_name="events", postgresql_using="gin", postgresql_where=sa.text("task_path <> '{}'")
    )
    op.drop_table("events")
