"""Which column identifies the rows of a workspace: the one that was asked for, or why it is another."""

from dataclasses import dataclass
from enum import StrEnum


class WarningCode(StrEnum):
    """Why the column that was asked for does not identify rows; the value is the name on the wire."""

    NOT_FOUND = "row_id_column_not_found"
    HAS_NULLS = "row_id_column_has_nulls"
    NOT_UNIQUE = "row_id_column_not_unique"


MESSAGES = {
    WarningCode.NOT_FOUND: "There is no column {asked!r}; rows are identified by {used}.",
    WarningCode.HAS_NULLS: "Some rows have no value in {asked!r}; rows are identified by {used}.",
    WarningCode.NOT_UNIQUE: "Nothing keeps {asked!r} from repeating; rows are identified by {used}.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowIdWarning:
    """A workspace was made, but not quite as asked."""

    code: WarningCode
    requested_row_id_column: str
    effective_row_id_column: str | None
    used: str

    @property
    def message(self) -> str:
        """In words."""
        return MESSAGES[self.code].format(asked=self.requested_row_id_column, used=self.used)
