"""An index for what happened to a table.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NAMES_A_TABLE = "payload ->> 'tableId' IS NOT NULL"


def upgrade() -> None:
    op.create_index(
        "ix_events_table",
        "events",
        ["tenant_id", sa.text("(payload ->> 'tableId')"), "sequence"],
        unique=False,
        postgresql_where=sa.text(NAMES_A_TABLE),
    )


def downgrade() -> None:
    op.drop_index("ix_events_table", table_name="events", postgresql_where=sa.text(NAMES_A_TABLE))
