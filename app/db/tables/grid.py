"""The catalogue of data tables, artifacts and their versions."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.db.tables.base import TASK_ID, id_column, metadata, moment, tenant_column, within_tenant

catalog = Table(
    "tables",
    metadata,
    tenant_column(),
    id_column(),
    Column("name", Text, nullable=False),
    Column("logical_name", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("owner_task_id", TASK_ID),
    Column("owner_workspace_id", Uuid),
    Column("source_type", Text, nullable=False),
    # [{"name": .., "displayName": .. | null, "dataType": ..}] in source order.
    Column("columns", JSONB, nullable=False),
    Column("primary_key", ARRAY(Text), nullable=False),
    Column("row_count", BigInteger, nullable=False, server_default=text("0")),
    Column("created_by", Uuid),
    moment("created_at", default=True),
    moment("last_write_at", nullable=True),
    ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
    within_tenant("owner_workspace_id", "workspaces", on_delete="CASCADE"),
    within_tenant("owner_task_id", "tasks", on_delete="CASCADE"),
    CheckConstraint("scope IN ('tenant', 'workspace', 'task', 'snapshot')", name="scope"),
    CheckConstraint("source_type IN ('table', 'view', 'external')", name="source_type"),
    CheckConstraint("(scope = 'task') = (owner_task_id IS NOT NULL)", name="task_owner"),
    CheckConstraint("(scope IN ('workspace', 'snapshot')) = (owner_workspace_id IS NOT NULL)", name="workspace_owner"),
    Index(
        "uq_tables_live_name",
        "tenant_id",
        "scope",
        "owner_task_id",
        "owner_workspace_id",
        "name",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=text("scope <> 'snapshot'"),
    ),
    Index("ix_tables_created", "tenant_id", "created_at", "id"),
)

artifacts = Table(
    "artifacts",
    metadata,
    tenant_column(),
    id_column(),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("workspace_id", Uuid),
    Column("run_id", Uuid),
    Column("created_by", Uuid),
    moment("created_at", default=True),
    ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
    # No reference to workspaces: what belonged to a deleted one must not become everybody's.
    CheckConstraint("kind IN ('table', 'chart', 'markdown', 'json', 'file')", name="kind"),
    Index("ix_artifacts_created", "tenant_id", "created_at", "id"),
    Index("ix_artifacts_run", "tenant_id", "run_id", "id", postgresql_where=text("run_id IS NOT NULL")),
)

artifact_versions = Table(
    "artifact_versions",
    metadata,
    tenant_column(),
    id_column(),
    Column("artifact_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    # JSON and text inline; a table's rows are {"columns": [..], "rows": [..]}.
    Column("content", JSONB),
    Column("metadata", JSONB, nullable=False, server_default=text("'{}'")),
    Column("row_count", BigInteger),
    Column("created_by", Uuid),
    moment("created_at", default=True),
    within_tenant("artifact_id", "artifacts", on_delete="CASCADE"),
    UniqueConstraint("tenant_id", "artifact_id", "version"),
)
