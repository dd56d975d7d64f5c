"""The row identity of a new workspace: the column that was asked for if it holds, else the next best with a warning."""

from dataclasses import dataclass
from typing import Final

from app.db.tx import Tx
from app.domain.grid.row_identity import RowIdWarning, WarningCode
from app.storage import copies
from app.storage.copies import INDEXED_BYTES_MAX
from app.storage.relation import ROW_ID, Source
from app.storage.rows.grid import TableRow

HIDDEN_NUMBER: Final = f"the synthetic {ROW_ID}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The effective column, None if the identity is composite or absent."""

    column: str | None
    warnings: tuple[RowIdWarning, ...] = ()


async def live_row_id(tx: Tx, table: TableRow, asked: str | None) -> Chosen:
    """Of a live table only its key identifies rows: what is unique today need not be so tomorrow."""
    key = table.primary_key
    effective = key[0] if len(key) == 1 else None
    if asked is None or asked == effective:
        return Chosen(column=effective)
    code = WarningCode.NOT_FOUND
    if any(column.name == asked for column in table.column_list):
        found = await copies.uniqueness(tx, table.source, asked)
        code = WarningCode.HAS_NULLS if found.nulls else WarningCode.NOT_UNIQUE
    used = f"the key of the table ({', '.join(key)})" if key else "nothing: the table has no key"
    return _instead(code, asked, effective, used)


async def snapshot_row_id(tx: Tx, source: Source | None, asked: str | None) -> Chosen:
    """The rows of a copy are identified by any column without nulls and repetitions, else by their numbers."""
    if source is None:
        if asked is None:
            return Chosen(column=None)
        return _instead(WarningCode.NOT_FOUND, asked, None, "nothing: the workspace has no rows")
    if asked is None:
        return Chosen(column=ROW_ID)
    if not any(column.name == asked for column in source.columns):
        return _instead(WarningCode.NOT_FOUND, asked, ROW_ID, HIDDEN_NUMBER)
    found = await copies.uniqueness(tx, source, asked)
    if found.nulls or found.repeated:
        code = WarningCode.HAS_NULLS if found.nulls else WarningCode.NOT_UNIQUE
        return _instead(code, asked, ROW_ID, HIDDEN_NUMBER)
    if found.longest <= INDEXED_BYTES_MAX:
        await copies.index_unique(tx, source, asked)
    return Chosen(column=asked)


def _instead(code: WarningCode, asked: str, effective: str | None, used: str) -> Chosen:
    warning = RowIdWarning(code=code, requested_row_id_column=asked, effective_row_id_column=effective, used=used)
    return Chosen(column=effective, warnings=(warning,))
