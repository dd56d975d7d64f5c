"""Tenants, users, API keys and agent sessions."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.db.tables.base import id_column, metadata, moment, tenant_column, within_tenant

tenants = Table(
    "tenants",
    metadata,
    tenant_column(),
    Column("name", Text, nullable=False),
    # While set, no run of the tenant is claimed.
    moment("dispatch_paused_at", nullable=True),
    # The last sequence of the log that retention has dropped.
    Column("log_floor", BigInteger, nullable=False, server_default=text("0")),
    moment("created_at", default=True),
    UniqueConstraint("name"),
)

users = Table(
    "users",
    metadata,
    tenant_column(),
    id_column(),
    Column("email", Text, nullable=False),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("role", Text, nullable=False),
    moment("created_at", default=True),
    ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
    UniqueConstraint("tenant_id", "email"),
    CheckConstraint("role IN ('admin', 'member')", name="role"),
    CheckConstraint("email = lower(email)", name="email_lower"),
)

api_keys = Table(
    "api_keys",
    metadata,
    tenant_column(),
    id_column(),
    Column("user_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("key_hash", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    moment("created_at", default=True),
    moment("expires_at", nullable=True),
    moment("revoked_at", nullable=True),
    moment("last_used_at", nullable=True),
    within_tenant("user_id", "users", on_delete="CASCADE"),
    UniqueConstraint("tenant_id", "key_hash"),
    # The one look-up that finds the tenant instead of being given it: by the digest of 256 random bits.
    Index("ix_api_keys_key_hash", "key_hash"),
)

agent_sessions = Table(
    "agent_sessions",
    metadata,
    tenant_column(),
    id_column(),
    Column("user_id", Uuid, nullable=False),
    Column("agent_name", Text, nullable=False),
    Column("workspace_id", Uuid),
    Column("capabilities", ARRAY(Text), nullable=False),
    Column("max_concurrency", Integer, nullable=False),
    Column("active_runs", Integer, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False),
    moment("created_at", default=True),
    moment("last_seen_at", default=True),
    moment("ended_at", nullable=True),
    within_tenant("user_id", "users", on_delete="CASCADE"),
    within_tenant("workspace_id", "workspaces", on_delete="SET NULL"),
    CheckConstraint("state IN ('active', 'ended')", name="state"),
    CheckConstraint("max_concurrency BETWEEN 1 AND 1000", name="max_concurrency"),
    CheckConstraint("active_runs >= 0", name="active_runs"),
    Index("ix_agent_sessions_created", "tenant_id", "created_at", "id"),
)
