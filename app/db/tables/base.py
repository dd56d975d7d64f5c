"""What every table shares: one MetaData, names of constraints, and the tenant first in every key."""

from sqlalchemy import Column, DateTime, ForeignKeyConstraint, MetaData, Text, Uuid, text
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_1_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NOW = text("now()")
TASK_ID: TypeEngine[str] = Text(collation="C")


def tenant_column() -> Column[object]:
    """The tenant: first column of every primary key."""
    return Column("tenant_id", Uuid, primary_key=True)


def id_column() -> Column[object]:
    """A UUIDv7 made by the server."""
    return Column("id", Uuid, primary_key=True)


def moment(name: str, *, nullable: bool = False, default: bool = False) -> Column[object]:
    """An instant; `default` fills it with the database's clock."""
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=NOW if default else None)


def within_tenant(column: str, table: str, *, on_delete: str | None = None) -> ForeignKeyConstraint:
    """A reference that cannot leave its tenant."""
    if on_delete is not None and on_delete.startswith("SET NULL"):
        on_delete = f"SET NULL ({column})"
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete=on_delete)
