"""The record of cell edits: append only, the audit trail and the source of undo."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from app.db.tables.base import id_column, metadata, moment, tenant_column

cell_mutations = Table(
    "cell_mutations",
    metadata,
    tenant_column(),
    id_column(),
    # No references: the record outlives the workspace and the table.
    Column("workspace_id", Uuid, nullable=False),
    Column("table_id", Uuid, nullable=False),
    Column("column_name", Text, nullable=False),
    # The key columns and their values; `{"_ws_row_id": n}` for a row of a snapshot that has no other identity.
    Column("row_identity", JSONB, nullable=False),
    Column("ws_row_id", BigInteger),
    # As the cells appear on the wire; null is SQL's NULL written as JSON's.
    Column("old_value", JSONB, nullable=False),
    Column("new_value", JSONB, nullable=False),
    Column("actor_type", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("run_id", Uuid),
    # The edit that this one takes back, and the one that took this back.
    Column("undo_of", Uuid),
    Column("undone_by", Uuid),
    moment("created_at", default=True),
    CheckConstraint("actor_type IN ('user', 'agent', 'task')", name="actor_type"),
    Index("ix_cell_mutations_workspace", "tenant_id", "workspace_id", "created_at", "id"),
    Index("ix_cell_mutations_table", "tenant_id", "table_id", "created_at", "id"),
    Index(
        "ix_cell_mutations_undo",
        "tenant_id",
        "workspace_id",
        "actor_id",
        "created_at",
        "id",
        postgresql_where=text("undone_by IS NULL AND undo_of IS NULL"),
    ),
)
