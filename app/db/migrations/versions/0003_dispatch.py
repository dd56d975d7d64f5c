"""How runs are dispatched: schedule, retries, concurrency keys, pauses, dead letters, lineage, channels.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The wait before the next attempt: it grows with each one up to a bound, and a part of it is left to chance, so that
# what failed together does not come back together.
RETRY_WAIT = """
CREATE FUNCTION retry_wait(policy jsonb, attempt int, chance double precision) RETURNS interval
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT make_interval(secs =>
        least((policy ->> 'max_seconds')::float8,
              (policy ->> 'initial_seconds')::float8 * power((policy ->> 'factor')::float8, least(attempt - 1, 30)))
        * (1 - (policy ->> 'jitter')::float8 * chance))
$$
"""


def upgrade() -> None:
    op.create_table(
        "concurrency_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("most", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("most BETWEEN 1 AND 10000", name=op.f("ck_concurrency_keys_most")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_concurrency_keys_")),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_concurrency_keys")),
    )
    op.create_table(
        "coordination_channels",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_coordination_channels_")),
        sa.PrimaryKeyConstraint("tenant_id", "workspace_id", "name", name=op.f("pk_coordination_channels")),
    )
    op.create_table(
        "unique_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "task_id"],
            ["tasks.tenant_id", "tasks.id"],
            name=op.f("fk_unique_keys_task_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_unique_keys")),
    )
    op.create_index("ix_unique_keys_task", "unique_keys", ["tenant_id", "task_id"], unique=False)
    op.create_table(
        "run_lineage",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("parent_run_id", sa.Uuid(), nullable=True),
        sa.Column("root_run_id", sa.Uuid(), nullable=False),
        sa.Column("depth", sa.SmallInteger(), nullable=False),
        sa.Column("retry_of_run_id", sa.Uuid(), nullable=True),
        sa.Column("thread_id", sa.Uuid(), nullable=True),
        sa.Column("triggered_by", sa.Text(), nullable=False),
        sa.Column("trigger_ref", sa.Text(), nullable=True),
        sa.CheckConstraint("(parent_run_id IS NULL) = (depth = 0)", name=op.f("ck_run_lineage_parent")),
        sa.CheckConstraint("depth BETWEEN 0 AND 5", name=op.f("ck_run_lineage_depth")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"],
            ["runs.tenant_id", "runs.id"],
            name=op.f("fk_run_lineage_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", name=op.f("pk_run_lineage")),
    )
    op.create_index("ix_run_lineage_parent", "run_lineage", ["tenant_id", "parent_run_id", "run_id"], unique=False)
    op.create_index("ix_run_lineage_root", "run_lineage", ["tenant_id", "root_run_id", "run_id"], unique=False)
    op.add_column(
        "runs",
        sa.Column(
            "preferred_capabilities", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
    )
    op.add_column("runs", sa.Column("gated", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("runs", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
    op.add_column("runs", sa.Column("concurrency_key", sa.Text(), nullable=True))
    op.create_index(
        "ix_runs_gated",
        "runs",
        ["not_before", "tenant_id"],
        unique=False,
        postgresql_where=sa.text("status = 'queued' AND gated AND NOT claimable AND concurrency_key IS NULL"),
    )
    op.create_index(
        "ix_runs_keyed",
        "runs",
        ["tenant_id", "concurrency_key", sa.literal_column("priority DESC"), "queued_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'queued' AND NOT claimable AND concurrency_key IS NOT NULL"),
    )
    op.create_index(
        "ix_runs_admitted",
        "runs",
        ["tenant_id", "concurrency_key"],
        unique=False,
        postgresql_where=sa.text(
            "concurrency_key IS NOT NULL AND"
            " (status IN ('claimed', 'starting', 'running') OR (status = 'queued' AND claimable))"
        ),
    )
    op.create_index(
        "ix_runs_preferring",
        "runs",
        ["tenant_id", "place", "priority", "queued_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'queued' AND claimable AND preferred_capabilities <> '{}'"),
    )
    op.add_column(
        "tasks",
        sa.Column(
            "preferred_capabilities", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
    )
    op.add_column("tasks", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tasks", sa.Column("retry_policy", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("tasks", sa.Column("concurrency_key", sa.Text(), nullable=True))
    op.add_column("tasks", sa.Column("unique_key", sa.Text(), nullable=True))
    op.add_column(
        "tasks", sa.Column("enqueue_when_ready", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("tasks", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tasks", sa.Column("pauses", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column(
        "tasks", sa.Column("forgiven_attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("tasks", sa.Column("discarded_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_tasks_dead",
        "tasks",
        ["tenant_id", "closed_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'failed' AND discarded_at IS NULL"),
    )
    op.add_column("tenants", sa.Column("dispatch_paused_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_tasks_pauses"), "tasks", "pauses >= 0")
    op.create_check_constraint(op.f("ck_tasks_forgiven_attempts"), "tasks", "forgiven_attempts <= last_attempt")
    op.create_check_constraint(op.f("ck_runs_keyed_is_gated"), "runs", "concurrency_key IS NULL OR gated")
    op.execute(RETRY_WAIT)


def downgrade() -> None:
    op.execute("DROP FUNCTION retry_wait(jsonb, int, double precision)")
    op.drop_constraint(op.f("ck_runs_keyed_is_gated"), "runs", type_="check")
    op.drop_constraint(op.f("ck_tasks_forgiven_attempts"), "tasks", type_="check")
    op.drop_constraint(op.f("ck_tasks_pauses"), "tasks", type_="check")
    op.drop_column("tenants", "dispatch_paused_at")
    op.drop_index(
        "ix_tasks_dead", table_name="tasks", postgresql_where=sa.text("status = 'failed' AND discarded_at IS NULL")
    )
    op.drop_column("tasks", "discarded_at")
    op.drop_column("tasks", "forgiven_attempts")
    op.drop_column("tasks", "pauses")
    op.drop_column("tasks", "paused_at")
    op.drop_column("tasks", "enqueue_when_ready")
    op.drop_column("tasks", "unique_key")
    op.drop_column("tasks", "concurrency_key")
    op.drop_column("tasks", "retry_policy")
    op.drop_column("tasks", "not_before")
    op.drop_column("tasks", "preferred_capabilities")
    for name in ("ix_runs_preferring", "ix_runs_admitted", "ix_runs_keyed", "ix_runs_gated"):
        op.drop_index(name, table_name="runs")
    op.drop_column("runs", "concurrency_key")
    op.drop_column("runs", "not_before")
    op.drop_column("runs", "gated")
    op.drop_column("runs", "preferred_capabilities")
    op.drop_index("ix_run_lineage_root", table_name="run_lineage")
    op.drop_index("ix_run_lineage_parent", table_name="run_lineage")
    op.drop_table("run_lineage")
    op.drop_index("ix_unique_keys_task", table_name="unique_keys")
    op.drop_table("unique_keys")
    op.drop_table("coordination_channels")
    op.drop_table("concurrency_keys")
