"""JSON records: one object a line, or one array of objects, read in batches."""

from collections.abc import Iterator
from typing import BinaryIO, Final

import orjson

from app.domain.grid.batch import BATCH_BYTES, BATCH_ROWS, RawBatch, line_problem, place_problem
from app.domain.grid.coerce import json_name
from app.domain.grid.lines import BYTE_ORDER_MARK, BadLine, Lines
from app.domain.problems import PROBLEMS_MAX, Problem

ARRAY_BYTES_MAX: Final = 64 << 20  # an array is held whole, at about ten times its size; lines are not

_ELEMENT: Final = "element"

Record = dict[str, object]


def json_line_batches(stream: BinaryIO) -> Iterator[RawBatch]:
    """The objects of a file of JSON lines; an empty line is no record, a bad one is a problem."""
    lines = Lines(stream)
    more = True
    while more:
        records: list[Record] = []
        places: list[int] = []
        problems: list[Problem] = []
        more = _read_lines(lines, records, places, problems)
        yield RawBatch(records, places, problems, lines.bytes_read)


def _read_lines(lines: Lines, records: list[Record], places: list[int], problems: list[Problem]) -> bool:
    """Fills one batch; false at the end of the file and where it makes no sense to go on."""
    enough = lines.bytes_read + BATCH_BYTES
    try:
        for line in lines:
            if not line.isspace():
                _read_line(line.rstrip(), lines.number, records, places, problems)
            if len(problems) >= PROBLEMS_MAX:
                return False
            if len(records) >= BATCH_ROWS or lines.bytes_read >= enough:
                return True
    except BadLine as bad:
        problems.append(line_problem(lines.number, "unreadable", str(bad)))
    return False


def _read_line(line: bytes, number: int, records: list[Record], places: list[int], problems: list[Problem]) -> None:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as bad:
        problems.append(_json_problem(line, bad, number))
        return
    if isinstance(found, dict):
        records.append(found)
        places.append(number)
    else:
        problems.append(line_problem(number, "row_type", f"Each line is an object, not {json_name(found)}."))


def json_array_batches(stream: BinaryIO) -> Iterator[RawBatch]:
    """The objects of one JSON array; places count its elements from 1."""
    text = stream.read(ARRAY_BYTES_MAX + 1)
    if len(text) > ARRAY_BYTES_MAX:
        message = f"A JSON array of more than {ARRAY_BYTES_MAX >> 20} MiB; write one object a line instead."
        yield RawBatch([], [], [Problem((), "too_large", message)], len(text))
        return
    try:
        found = orjson.loads(text.removeprefix(BYTE_ORDER_MARK))
    except orjson.JSONDecodeError as bad:
        yield RawBatch([], [], [_json_problem(text, bad, 1)], len(text))
        return
    if not isinstance(found, list):
        message = f"The file is an array of objects or one object a line, not {json_name(found)}."
        yield RawBatch([], [], [Problem((), "row_type", message)], len(text))
        return
    for start in range(0, len(found), BATCH_ROWS):
        yield _element_batch(found[start : start + BATCH_ROWS], start + 1, len(text))


def _element_batch(elements: list[object], first: int, bytes_read: int) -> RawBatch:
    numbered = list(enumerate(elements, first))
    records = [element for element in elements if isinstance(element, dict)]
    places = [place for place, element in numbered if isinstance(element, dict)]
    problems = [
        place_problem(_ELEMENT, place, "row_type", f"Each one is an object, not {json_name(element)}.")
        for place, element in numbered
        if not isinstance(element, dict)
    ]
    return RawBatch(records, places, problems, bytes_read, unit=_ELEMENT)


def _json_problem(text: bytes, bad: orjson.JSONDecodeError, first_line: int) -> Problem:
    try:
        text.decode()
    except UnicodeDecodeError as broken:  # the parser does not say where
        line = first_line + text.count(b"\n", 0, broken.start)
        column = broken.start - text.rfind(b"\n", 0, broken.start)
        return line_problem(line, "unreadable", f"Byte {column} of the line is not UTF-8.")
    message = f"No JSON at character {bad.colno}: {bad.msg}."
    return line_problem(first_line + bad.lineno - 1, "json_invalid", message)
