"""How the workspaces API reads what is sent: strictly, with places that begin with path, query or body."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final, get_origin

import orjson
from starlette.datastructures import QueryParams

from app.domain.ids import parse_uuid
from app.domain.invalid import InvalidInput
from app.domain.problems import PROBLEMS_MAX, Problem, shown
from app.web.rest.operation import Operation
from app.web.rest.shape import Notation, bare, camel, hints_of
from app.web.rest.workspaces.values import WRONG, missing, object_of, value_of

NOTATION: Final = Notation(camel, writes_nulls=True)


class Misread(InvalidInput):
    """What was sent cannot be meant; its problems have places of the wire already."""


class Strict:
    """Types, lengths and ranges are checked here; what data decides, the services refuse."""

    notation = NOTATION

    def path(self, given: Mapping[str, str]) -> list[Problem]:
        """Every name in a path is a UUID."""
        return [
            Problem(("path", name), "uuid_parsing", f"{shown(text)} is no UUID.")
            for name, text in given.items()
            if parse_uuid(text) is None
        ]

    def query(self, kind: type, given: QueryParams) -> tuple[object | None, list[Problem]]:
        """A list repeats its name; of anything else the last one counts."""
        problems: list[Problem] = []
        values: dict[str, object] = {}
        shape: Any = kind
        hints = hints_of(shape)
        for field in fields(shape):
            name = field.name
            if name in given:
                listed = get_origin(bare(hints[name])[0]) is tuple
                sent = given.getlist(name) if listed else given[name]
                values[name] = value_of(hints[name], sent, ("query", name), problems)
        return (None, problems) if problems else (kind(**values), problems)

    def body(self, operation: Operation, text: bytes) -> tuple[object | None, frozenset[str], list[Problem]]:
        """The body as declared, and which of its members were sent."""
        assert operation.body is not None
        problems: list[Problem] = []
        if not text:
            missing(problems, ("body",))
            return None, frozenset(), problems
        try:
            given = orjson.loads(text)
        except orjson.JSONDecodeError as problem:
            return None, frozenset(), [Problem(("body", problem.pos), "json_invalid", "The body is no JSON.")]
        found = object_of(operation.body, given, ("body",), problems)
        return (
            (None if found is WRONG else found),
            frozenset(given) if isinstance(given, dict) else frozenset(),
            problems,
        )

    def require_sound(self, problems: list[Problem]) -> None:
        """Misread tells of all of them, up to a limit."""
        if problems:
            raise Misread(problems[:PROBLEMS_MAX])
