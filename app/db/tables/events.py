"""The event log: append only, partitioned by time, read by sequence."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.db.tables.base import TASK_ID, metadata, tenant_column

events = Table(
    "events",
    metadata,
    tenant_column(),
    Column("sequence", BigInteger, primary_key=True),
    # Part of the key only because a partitioned table wants it there; a sequence is never given twice.
    Column("created_at", DateTime(timezone=True), primary_key=True),
    Column("type", Text, nullable=False),
    Column("task_id", TASK_ID),
    Column("task_path", ARRAY(TASK_ID)),
    Column("run_id", Uuid),
    Column("workspace_id", Uuid),
    Column("actor_kind", Text, nullable=False),
    Column("actor_ref", Text, nullable=False),
    Column("origin_kind", Text, nullable=False),
    Column("origin_ref", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Index("ix_events_task", "tenant_id", "task_id", "sequence"),
    # Only events of tasks that have a parent: a tree is its root's own events and these.
    Index("ix_events_path", "task_path", postgresql_using="gin", postgresql_where=text("task_path <> '{}'")),
    Index("ix_events_run", "tenant_id", "run_id", "sequence"),
    Index("ix_events_workspace", "tenant_id", "workspace_id", "sequence"),
    # The dashboard counts these few; without it a count would read the whole log.
    Index(
        "ix_events_forced_stops",
        "tenant_id",
        "task_id",
        postgresql_where=text("type = 'task.run_force_stopped'"),
    ),
    # What people did with a workspace, without its runs and cells: its activity is read from the newest on.
    Index(
        "ix_events_activity",
        "tenant_id",
        "workspace_id",
        "sequence",
        postgresql_where=text("type LIKE 'workspace.%' AND type NOT LIKE 'workspace.cell%'"),
    ),
    # What happened to a table, wherever that was: few events name one.
    Index(
        "ix_events_table",
        "tenant_id",
        text("(payload ->> 'tableId')"),
        "sequence",
        postgresql_where=text("payload ->> 'tableId' IS NOT NULL"),
    ),
    postgresql_partition_by="RANGE (created_at)",
)
