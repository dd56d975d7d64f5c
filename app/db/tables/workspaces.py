"""Workspaces, their charts, shares and task bindings."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.tables.base import TASK_ID, id_column, metadata, moment, tenant_column, within_tenant

workspaces = Table(
    "workspaces",
    metadata,
    tenant_column(),
    id_column(),
    Column("owner_id", Uuid, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("mode", Text, nullable=False),
    Column("status", Text, nullable=False),
    # The catalogue entry whose rows the workspace shows: its own copy (snapshot) or the live table.
    Column("table_id", Uuid),
    Column("seed_artifact_version_id", Uuid),
    Column("row_id_column", Text),
    Column("renderer_config", JSONB, nullable=False, server_default=text("'{}'")),
    moment("created_at", default=True),
    moment("updated_at", default=True),
    moment("archived_at", nullable=True),
    within_tenant("owner_id", "users"),
    CheckConstraint("mode IN ('snapshot', 'operational')", name="mode"),
    CheckConstraint("status IN ('active', 'archived')", name="status"),
    Index("ix_workspaces_owner", "tenant_id", "owner_id", "updated_at", "id"),
    Index("ix_workspaces_table", "tenant_id", "table_id"),
)

# What is left of a deleted workspace: whose it was, so that its owner can go on reading its log.
deleted_workspaces = Table(
    "deleted_workspaces",
    metadata,
    tenant_column(),
    id_column(),
    Column("owner_id", Uuid, nullable=False),
    moment("deleted_at", default=True),
    within_tenant("owner_id", "users", on_delete="CASCADE"),
    Index("ix_deleted_workspaces_owner", "tenant_id", "owner_id", "id"),
)

charts = Table(
    "charts",
    metadata,
    tenant_column(),
    id_column(),
    Column("workspace_id", Uuid, nullable=False),
    Column("artifact_id", Uuid, nullable=False),
    Column("chart_spec_version", Integer, nullable=False),
    Column("spec", JSONB, nullable=False),
    Column("renderer_config", JSONB, nullable=False),
    Column("title", Text),
    Column("position", Integer, nullable=False),
    Column("collapsed", Boolean, nullable=False, server_default=text("false")),
    Column("created_by", Uuid),
    Column("last_edited_by", Uuid),
    moment("created_at", default=True),
    moment("updated_at", default=True),
    within_tenant("workspace_id", "workspaces", on_delete="CASCADE"),
    within_tenant("artifact_id", "artifacts"),
    Index("ix_charts_workspace", "tenant_id", "workspace_id", "position"),
)

workspace_shares = Table(
    "workspace_shares",
    metadata,
    tenant_column(),
    Column("workspace_id", Uuid, primary_key=True),
    Column("id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    moment("expires_at", nullable=True),
    moment("created_at", default=True),
    moment("updated_at", default=True),
    within_tenant("workspace_id", "workspaces", on_delete="CASCADE"),
    CheckConstraint("status IN ('active', 'expired', 'revoked')", name="status"),
)

workspace_recipients = Table(
    "workspace_recipients",
    metadata,
    tenant_column(),
    Column("workspace_id", Uuid, primary_key=True),
    Column("user_id", Uuid, primary_key=True),
    Column("position", Integer, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "workspace_id"],
        ["workspace_shares.tenant_id", "workspace_shares.workspace_id"],
        ondelete="CASCADE",
    ),
    within_tenant("user_id", "users", on_delete="CASCADE"),
    Index("ix_workspace_recipients_user", "tenant_id", "user_id", "workspace_id"),
)

task_bindings = Table(
    "task_bindings",
    metadata,
    tenant_column(),
    Column("workspace_id", Uuid, primary_key=True),
    Column("task_id", TASK_ID, primary_key=True),
    Column("id", Uuid, nullable=False),
    Column("mutates_workspace", Boolean, nullable=False),
    moment("created_at", default=True),
    within_tenant("workspace_id", "workspaces", on_delete="CASCADE"),
    within_tenant("task_id", "tasks", on_delete="CASCADE"),
    Index("ix_task_bindings_task", "tenant_id", "task_id"),
)
