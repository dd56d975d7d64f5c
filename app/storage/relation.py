"""A table of the catalogue as SQLAlchemy sees it: every name is quoted, every value is bound."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql import quoted_name

from app.db.statement import DIALECT, Statement
from app.domain.grid.column import Column, ColumnType
from app.storage.names import data_schema

ROW_ID: Final = "_ws_row_id"  # column names of callers never begin with _ws_
STATEMENTS_MAX: Final = 512
RELATIONS_MAX: Final = (
    32  # a table of 500 columns takes 2 MiB as SQLAlchemy describes it, its statement a tenth of that
)

TYPES: Final[dict[ColumnType, sa.types.TypeEngine[Any]]] = {
    ColumnType.STRING: sa.Text(),
    ColumnType.INTEGER: sa.BigInteger(),
    ColumnType.NUMBER: sa.Double(),
    ColumnType.DECIMAL: sa.Numeric(),
    ColumnType.BOOLEAN: sa.Boolean(),
    ColumnType.DATE: sa.Date(),
    ColumnType.DATETIME: sa.DateTime(timezone=True),
    # Not jsonb: it is text to the driver in both directions, COPY included, and keeps what was sent.
    ColumnType.JSON: JSON(),
}

# Every relation of PostgreSQL has columns of these names already.
TAKEN: Final = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})

# The compiler looks for its own placeholders in the finished text, inside quoted names too. A character that no
# name may hold keeps a column called `%(limit)s` from being taken for one.
GUARD: Final = "\x01"


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows are and what they are: the identity of a row is its key, or the hidden number without one."""

    tenant_id: UUID
    table_id: UUID
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def schema(self) -> str:
        """The schema of the tenant's data."""
        return data_schema(self.tenant_id)

    @property
    def name(self) -> str:
        """The relation; hex digits only, whatever people call the table."""
        return f"t_{self.table_id.hex}"


def stored(name: str) -> str:
    """The column of the relation that holds a caller's column: of the same name, unless that is taken."""
    return f"_ws_{name}" if name in TAKEN else name


def guarded(name: str) -> quoted_name:
    """A caller's name as an identifier of a statement: always quoted, never a placeholder."""
    return quoted_name(stored(name).replace("%(", f"%{GUARD}(").replace("__[", f"__{GUARD}["), True)


def compiled(source: sa.Executable, *, name: str) -> Statement:
    """A statement on data tables, its names as they are stored."""
    statement = Statement(source, name=name)
    statement.sql = statement.sql.replace(GUARD, "")
    return statement


@lru_cache(maxsize=RELATIONS_MAX)
def relation(source: Source) -> sa.Table:
    """The relation with its columns under their guarded names."""
    hidden: sa.Column[int] = sa.Column(ROW_ID, sa.BigInteger(), sa.Identity(always=True), nullable=False)
    columns = [sa.Column(guarded(column.name), TYPES[column.data_type]) for column in source.columns]
    key: list[str] = [guarded(name) for name in source.key] or [ROW_ID]
    return sa.Table(source.name, sa.MetaData(), hidden, *columns, sa.PrimaryKeyConstraint(*key), schema=source.schema)


@lru_cache(maxsize=RELATIONS_MAX)
def rows_of(source: Source) -> sa.FromClause:
    """The relation under a short name, as statements read it."""
    return relation(source).alias("t")


def cell(source: Source, name: str) -> sa.ColumnElement[Any]:
    """A column of the rows by its caller's name."""
    return rows_of(source).c[guarded(name)]


def comparable(source: Source, name: str) -> sa.ColumnElement[Any]:
    """The column as something that has an order: a document is compared as jsonb."""
    found = cell(source, name)
    return sa.cast(found, JSONB()) if isinstance(found.type, JSON) else found


def row_id(source: Source) -> sa.ColumnElement[Any]:
    """The hidden number: rises in the order of insertion, never used twice."""
    return rows_of(source).c[ROW_ID]


def identity(source: Source) -> list[sa.ColumnElement[Any]]:
    """What tells a row from every other."""
    return [cell(source, name) for name in source.key] or [row_id(source)]


def create_sql(source: Source) -> str:
    """The DDL that makes the relation."""
    return str(CreateTable(relation(source)).compile(dialect=DIALECT)).replace(GUARD, "")


def drop_sql(source: Source) -> str:
    """The DDL that drops the relation."""
    return f"DROP TABLE IF EXISTS {source.schema}.{source.name}"


def unique_index_sql(source: Source, name: str) -> str:
    """The DDL that finds rows by one column and keeps it unique."""
    column = DIALECT.identifier_preparer.quote_identifier(stored(name))
    return f"CREATE UNIQUE INDEX u_{source.table_id.hex} ON {source.schema}.{source.name} ({column})"
