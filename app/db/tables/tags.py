"""Tags of a tenant, and the workspaces they stand on."""

from sqlalchemy import Column, ForeignKeyConstraint, Index, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from app.db.tables.base import id_column, metadata, moment, tenant_column, within_tenant

tags = Table(
    "tags",
    metadata,
    tenant_column(),
    id_column(),
    Column("name", Text, nullable=False),
    # Lower-case ASCII words joined by "-": what tags are compared by.
    Column("slug", Text, nullable=False),
    Column("namespace", Text),
    Column("color", Text),
    Column("description", Text),
    Column("attributes", JSONB, nullable=False, server_default=text("'{}'")),
    Column("created_by", Uuid),
    moment("created_at", default=True),
    moment("updated_at", default=True),
    ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
    UniqueConstraint("tenant_id", "namespace", "slug", postgresql_nulls_not_distinct=True),
    Index("ix_tags_slug", "tenant_id", "slug"),
)

workspace_tags = Table(
    "workspace_tags",
    metadata,
    tenant_column(),
    Column("workspace_id", Uuid, primary_key=True),
    Column("tag_id", Uuid, primary_key=True),
    within_tenant("workspace_id", "workspaces", on_delete="CASCADE"),
    within_tenant("tag_id", "tags", on_delete="CASCADE"),
    Index("ix_workspace_tags_tag", "tenant_id", "tag_id", "workspace_id"),
)
