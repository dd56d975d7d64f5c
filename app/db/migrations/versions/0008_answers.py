"""An index for the answers of conversations.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_turns_answer", "turns", ["tenant_id", "answer_id"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_turns_answer", table_name="turns")
