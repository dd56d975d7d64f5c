"""An index for the artifacts that a run made.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MADE_BY_A_RUN = "run_id IS NOT NULL"


def upgrade() -> None:
    op.create_index(
        "ix_artifacts_run",
        "artifacts",
        ["tenant_id", "run_id", "id"],
        unique=False,
        postgresql_where=sa.text(MADE_BY_A_RUN),
    )


def downgrade() -> None:
    op.drop_index("ix_artifacts_run", table_name="artifacts", postgresql_where=sa.text(MADE_BY_A_RUN))
