"""What is left of deleted workspaces, and an index for the activity of those that are there.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ACTIVITY = "type LIKE 'workspace.%' AND type NOT LIKE 'workspace.cell%'"


def upgrade() -> None:
    op.create_table(
        "deleted_workspaces",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_deleted_workspaces_owner_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_deleted_workspaces")),
    )
    op.create_index("ix_deleted_workspaces_owner", "deleted_workspaces", ["tenant_id", "owner_id", "id"], unique=False)
    op.create_index(
        "ix_events_activity",
        "events",
        ["tenant_id", "workspace_id", "sequence"],
        unique=False,
        postgresql_where=sa.text(ACTIVITY),
    )


def downgrade() -> None:
    op.drop_index("ix_events_activity", table_name="events", postgresql_where=sa.text(ACTIVITY))
    op.drop_index("ix_deleted_workspaces_owner", table_name="deleted_workspaces")
    op.drop_table("deleted_workspaces")
