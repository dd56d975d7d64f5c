"""What people did with tasks in their inboxes, and an index for the forced stops that the dashboard counts.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "task_triage",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_ref", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(collation="C"), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("dismissed", sa.Boolean(), nullable=False),
        sa.Column("last_seen_activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "task_id"],
            ["tasks.tenant_id", "tasks.id"],
            name=op.f("fk_task_triage_task_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "actor_kind", "actor_ref", "task_id", name=op.f("pk_task_triage")),
    )
    op.create_index("ix_task_triage_task", "task_triage", ["tenant_id", "task_id"], unique=False)
    op.create_index(
        "ix_task_triage_changed",
        "task_triage",
        ["tenant_id", "actor_kind", "actor_ref", "updated_at"],
        unique=False,
    )
    op.create_index(
        "ix_events_forced_stops",
        "events",
        ["tenant_id", "task_id"],
        unique=False,
        postgresql_where=sa.text("type = 'task.run_force_stopped'"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_events_forced_stops", table_name="events", postgresql_where=sa.text("type = 'task.run_force_stopped'")
    )
    op.drop_index("ix_task_triage_changed", table_name="task_triage")
    op.drop_index("ix_task_triage_task", table_name="task_triage")
    op.drop_table("task_triage")
