"""Threads (conversations on a workspace), their turns and the messages people wrote."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.tables.base import TASK_ID, id_column, metadata, moment, tenant_column, within_tenant

agent_specs = Table(
    "agent_specs",
    metadata,
    tenant_column(),
    id_column(),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("lifecycle_status", Text, nullable=False),
    moment("created_at", default=True),
    # Kept after the agent is deleted, so that old threads still show who spoke.
    moment("deleted_at", nullable=True),
    ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
    UniqueConstraint("tenant_id", "slug"),
    CheckConstraint("lifecycle_status IN ('active', 'archived')", name="lifecycle_status"),
)

threads = Table(
    "threads",
    metadata,
    tenant_column(),
    id_column(),
    # Null once the workspace is deleted: conversations stay with their authors.
    Column("workspace_id", Uuid),
    Column("user_id", Uuid, nullable=False),
    Column("agent_spec_id", Uuid, nullable=False),
    Column("title", Text),
    # The task of which each turn is a run; made with the first message.
    Column("task_id", TASK_ID),
    Column("turn_count", Integer, nullable=False, server_default="0"),
    moment("created_at", default=True),
    moment("updated_at", default=True),
    within_tenant("workspace_id", "workspaces", on_delete="SET NULL"),
    within_tenant("user_id", "users", on_delete="CASCADE"),
    within_tenant("agent_spec_id", "agent_specs"),
    within_tenant("task_id", "tasks", on_delete="SET NULL"),
    Index("ix_threads_workspace", "tenant_id", "workspace_id", "user_id", "updated_at", "id"),
    Index("ix_threads_task", "tenant_id", "task_id"),
)

turns = Table(
    "turns",
    metadata,
    tenant_column(),
    id_column(),
    Column("thread_id", Uuid, nullable=False),
    # Its place in the thread, from 1.
    Column("number", Integer, nullable=False),
    # No reference: a turn stays when its run's task is deleted.
    Column("run_id", Uuid, nullable=False),
    # The id of the answer, reserved before there is one, so that it never changes.
    Column("answer_id", Uuid, nullable=False),
    Column("idempotency_key", Text),
    moment("created_at", default=True),
    within_tenant("thread_id", "threads", on_delete="CASCADE"),
    UniqueConstraint("tenant_id", "thread_id", "number"),
    UniqueConstraint("tenant_id", "thread_id", "idempotency_key"),
    Index("ix_turns_run", "tenant_id", "run_id"),
    # An answer is found by its id as any other message is.
    Index("ix_turns_answer", "tenant_id", "answer_id", unique=True),
)

messages = Table(
    "messages",
    metadata,
    tenant_column(),
    id_column(),
    Column("thread_id", Uuid, nullable=False),
    Column("turn_id", Uuid),
    Column("role", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("raw_data", JSONB),
    Column("created_by", Uuid),
    moment("created_at", default=True),
    within_tenant("thread_id", "threads", on_delete="CASCADE"),
    within_tenant("turn_id", "turns", on_delete="CASCADE"),
    CheckConstraint("role IN ('user', 'assistant', 'system', 'tool')", name="role"),
    Index("ix_messages_thread", "tenant_id", "thread_id", "created_at", "id"),
)
