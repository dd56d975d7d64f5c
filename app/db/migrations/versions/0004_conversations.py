"""What people do with a workspace: cell edits, tags, and threads with their turns and messages.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cell_mutations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("table_id", sa.Uuid(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("row_identity", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ws_row_id", sa.BigInteger(), nullable=True),
        sa.Column("old_value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("new_value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor_type", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("undo_of", sa.Uuid(), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("actor_type IN ('user', 'agent', 'task')", name=op.f("ck_cell_mutations_actor_type")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_cell_mutations")),
    )
    op.create_index(
        "ix_cell_mutations_table", "cell_mutations", ["tenant_id", "table_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_cell_mutations_undo",
        "cell_mutations",
        ["tenant_id", "workspace_id", "actor_id", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("undone_by IS NULL AND undo_of IS NULL"),
    )
    op.create_index(
        "ix_cell_mutations_workspace", "cell_mutations", ["tenant_id", "workspace_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "agent_specs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lifecycle_status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("lifecycle_status IN ('active', 'archived')", name=op.f("ck_agent_specs_lifecycle_status")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_agent_specs_")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agent_specs")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("uq_agent_specs_tenant_id_slug")),
    )
    op.create_table(
        "tags",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=True),
        sa.Column("color", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column(
            "attributes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_tags_")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_tags")),
        sa.UniqueConstraint(
            "tenant_id",
            "namespace",
            "slug",
            name=op.f("uq_tags_tenant_id_namespace_slug"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_tags_slug", "tags", ["tenant_id", "slug"], unique=False)
    op.create_table(
        "threads",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("agent_spec_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("task_id", sa.Text(collation="C"), nullable=True),
        sa.Column("turn_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agent_spec_id"],
            ["agent_specs.tenant_id", "agent_specs.id"],
            name=op.f("fk_threads_agent_spec_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "task_id"],
            ["tasks.tenant_id", "tasks.id"],
            name=op.f("fk_threads_task_id"),
            ondelete="SET NULL (task_id)",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_threads_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "workspace_id"],
            ["workspaces.tenant_id", "workspaces.id"],
            name=op.f("fk_threads_workspace_id"),
            ondelete="SET NULL (workspace_id)",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_threads")),
    )
    op.create_index("ix_threads_task", "threads", ["tenant_id", "task_id"], unique=False)
    op.create_index(
        "ix_threads_workspace", "threads", ["tenant_id", "workspace_id", "user_id", "updated_at", "id"], unique=False
    )
    op.create_table(
        "workspace_tags",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "tag_id"],
            ["tags.tenant_id", "tags.id"],
            name=op.f("fk_workspace_tags_tag_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "workspace_id"],
            ["workspaces.tenant_id", "workspaces.id"],
            name=op.f("fk_workspace_tags_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "workspace_id", "tag_id", name=op.f("pk_workspace_tags")),
    )
    op.create_index("ix_workspace_tags_tag", "workspace_tags", ["tenant_id", "tag_id", "workspace_id"], unique=False)
    op.create_table(
        "turns",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("answer_id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "thread_id"],
            ["threads.tenant_id", "threads.id"],
            name=op.f("fk_turns_thread_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_turns")),
        sa.UniqueConstraint(
            "tenant_id", "thread_id", "idempotency_key", name=op.f("uq_turns_tenant_id_thread_id_idempotency_key")
        ),
        sa.UniqueConstraint("tenant_id", "thread_id", "number", name=op.f("uq_turns_tenant_id_thread_id_number")),
    )
    op.create_index("ix_turns_run", "turns", ["tenant_id", "run_id"], unique=False)
    op.create_table(
        "messages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("turn_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("raw_data", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role IN ('user', 'assistant', 'system', 'tool')", name=op.f("ck_messages_role")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "thread_id"],
            ["threads.tenant_id", "threads.id"],
            name=op.f("fk_messages_thread_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "turn_id"],
            ["turns.tenant_id", "turns.id"],
            name=op.f("fk_messages_turn_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_messages")),
    )
    op.create_index("ix_messages_thread", "messages", ["tenant_id", "thread_id", "created_at", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_messages_thread", table_name="messages")
    op.drop_table("messages")
    op.drop_index("ix_turns_run", table_name="turns")
    op.drop_table("turns")
    op.drop_index("ix_workspace_tags_tag", table_name="workspace_tags")
    op.drop_table("workspace_tags")
    op.drop_index("ix_threads_workspace", table_name="threads")
    op.drop_index("ix_threads_task", table_name="threads")
    op.drop_table("threads")
    op.drop_index("ix_tags_slug", table_name="tags")
    op.drop_table("tags")
    op.drop_table("agent_specs")
    op.drop_index("ix_cell_mutations_workspace", table_name="cell_mutations")
    op.drop_index(
        "ix_cell_mutations_undo",
        table_name="cell_mutations",
        postgresql_where=sa.text("undone_by IS NULL AND undo_of IS NULL"),
    )
    op.drop_index("ix_cell_mutations_table", table_name="cell_mutations")
    op.drop_table("cell_mutations")
