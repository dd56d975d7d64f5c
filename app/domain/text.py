"""Text and JSON that may be stored: no NUL, no lone surrogate, bounded."""

from math import isfinite
from typing import Final

import orjson

from app.domain.errors import BadInput, TooLarge

JSON_DEPTH_MAX: Final = 64


def is_storable(text: str) -> bool:
    """PostgreSQL stores neither NUL nor a lone surrogate, in text or inside JSON."""
    return "\x00" not in text and (text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text))


def checked(text: str, field: str, *, longest: int, blank: bool = False) -> str:
    """The trimmed text, or BadInput naming the field."""
    if not is_storable(text):
        raise BadInput(f"{field} holds a NUL or a lone surrogate; remove it.", field=field)
    trimmed = text.strip()
    if not trimmed and not blank:
        raise BadInput(f"{field} is empty; give at least one visible character.", field=field)
    if len(trimmed) > longest:
        raise BadInput(f"{field} has {len(trimmed)} characters; at most {longest} are allowed.", field=field)
    return trimmed


def json_text(value: object, field: str, *, bytes_max: int) -> str:
    """The value as compact JSON text, or BadInput: too large, too deep, or not storable."""
    _walk(value, field, JSON_DEPTH_MAX)
    try:
        encoded = orjson.dumps(value)
    except TypeError as problem:
        raise BadInput(f"{field} is no JSON value: {problem}.", field=field) from problem
    if len(encoded) > bytes_max:
        raise TooLarge(f"{field} takes {len(encoded)} bytes of JSON; at most {bytes_max} are allowed.", field=field)
    return encoded.decode()


def _walk(value: object, field: str, depth_left: int) -> None:
    if isinstance(value, str):
        if not is_storable(value):
            raise BadInput(f"{field} holds a NUL or a lone surrogate; remove it.", field=field)
    elif isinstance(value, dict):
        _walk_items([*value.keys(), *value.values()], field, depth_left)
    elif isinstance(value, list):
        _walk_items(value, field, depth_left)
    elif isinstance(value, float):
        if not isfinite(value):
            raise BadInput(f"{field} holds a number that JSON cannot carry.", field=field)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise BadInput(f"{field} holds an integer beyond 64 bits; send it as a string.", field=field)


def _walk_items(items: list[object], field: str, depth_left: int) -> None:
    if depth_left == 0:
        raise BadInput(f"{field} nests deeper than {JSON_DEPTH_MAX} levels.", field=field)
    for item in items:
        _walk(item, field, depth_left - 1)
