"""Files of records: their formats, and what a table made from one is called."""

import re
import unicodedata
from enum import StrEnum
from typing import BinaryIO, Final

from app.domain.grid.column import NAME_BYTES_MAX
from app.domain.grid.lines import BYTE_ORDER_MARK

TABLE_NAME_DEFAULT: Final = "table"
_PEEK_BYTES: Final = 1 << 16
_NOT_A_WORD: Final = re.compile(r"[^a-z0-9]+")


class FileFormat(StrEnum):
    """How the records stand in a file."""

    CSV = "csv"
    TSV = "tsv"
    JSON_LINES = "jsonl"
    JSON_ARRAY = "json"
    PARQUET = "parquet"


DELIMITERS: Final = {FileFormat.CSV: ",", FileFormat.TSV: "\t"}


def detect_format(filename: str, stream: BinaryIO) -> FileFormat | None:
    """The format by the name's ending, None if it is no known one; JSON is an array if it begins so."""
    ending = filename.lower().rpartition(".")[2]
    if ending in ("csv", "tsv", "parquet"):
        return FileFormat(ending)
    if ending not in ("json", "jsonl", "ndjson"):
        return None
    stream.seek(0)
    start = stream.read(_PEEK_BYTES).removeprefix(BYTE_ORDER_MARK).lstrip()
    stream.seek(0)
    return FileFormat.JSON_ARRAY if start.startswith(b"[") else FileFormat.JSON_LINES


def table_name_of(filename: str) -> str:
    """A name for the table made from a file: its lower-case ASCII words joined by an underscore."""
    base = re.split(r"[/\\]", filename)[-1]
    stem = base.rpartition(".")[0] or base
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    name = _NOT_A_WORD.sub("_", plain).strip("_")
    if not name:
        return TABLE_NAME_DEFAULT
    return (name if name[0].isalpha() else f"{TABLE_NAME_DEFAULT}_{name}")[:NAME_BYTES_MAX].rstrip("_")
