"""Shapes as they go out: no nulls, times without trailing zeros, JSON of clients untouched."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import orjson
import pytest
from asyncpg.pgproto import pgproto

from app.domain.actor import OwnerKind
from app.domain.tasks.status import TaskScope, TaskStatus
from app.web.rest.shape import ZERO_TIME, Json, JsonObject, Schemas, moment, wire
from app.web.rest.tasks.answers import TaskRunListResponse
from app.web.rest.tasks.shapes import OwnerIdentity, TaskReference
from app.web.rest.workspaces.reading import NOTATION


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (datetime(2026, 1, 2, 3, 4, 50, 120_000, tzinfo=UTC), "2026-01-02T03:04:50.12Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 1, tzinfo=UTC), "2026-01-02T03:04:05.000001Z"),
        (datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))), "2026-01-02T01:00:00Z"),
        (ZERO_TIME, "0001-01-01T00:00:00Z"),
    ],
)
def test_a_moment_is_utc_without_trailing_zeros(at: datetime, text: str) -> None:
    assert moment(at) == text


def test_what_has_no_value_is_left_out_and_an_empty_list_that_must_be_there_stays() -> None:
    row = TaskReference(id="a", scope=TaskScope.GLOBAL, status=TaskStatus.READY, title="t")
    assert wire(row) == {"id": "a", "scope": "global", "status": "ready", "title": "t"}
    owned = TaskReference(
        id="a",
        scope=TaskScope.GLOBAL,
        status=TaskStatus.READY,
        title="t",
        owner=OwnerIdentity(kind=OwnerKind.POOL, ref="x"),
    )
    assert wire(owned)["owner"] == {"kind": "pool", "ref": "x"}
    assert wire(TaskRunListResponse(runs=())) == {"runs": []}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something inside."""

    part_name: str
    made_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """Something with everything that is written in a way of its own."""

    whole_id: UUID
    parts: tuple[Part, ...]
    first_part: Part | None
    free_form: JsonObject
    any_value: Json


def test_a_notation_that_writes_nulls_leaves_nothing_out_and_names_as_it_says() -> None:
    part = Part(part_name="p", made_at=datetime(2026, 1, 2, tzinfo=UTC))
    id = pgproto.UUID("0197f3a0-0000-7000-8000-00000000000a")
    whole = Whole(whole_id=id, parts=(part,), first_part=None, free_form={"a_b": None}, any_value=None)
    shown = {"partName": "p", "madeAt": "2026-01-02T00:00:00Z"}
    assert orjson.loads(orjson.dumps(wire(whole, NOTATION))) == {
        "wholeId": "0197f3a0-0000-7000-8000-00000000000a",
        "parts": [shown],
        "firstPart": None,
        "freeForm": {"a_b": None},
        "anyValue": None,
    }
    assert wire(Part(part_name="p", made_at=None), NOTATION) == {"partName": "p", "madeAt": None}
    assert wire(Part(part_name="p", made_at=None)) == {"part_name": "p"}


def test_a_schema_says_what_may_be_null_and_what_is_always_there() -> None:
    schemas = Schemas("#/", NOTATION)
    assert schemas.of(Whole) == {"$ref": "#/Whole"}
    assert schemas.named["Whole"]["required"] == ["anyValue", "firstPart", "freeForm", "parts", "wholeId"]
    assert schemas.named["Whole"]["properties"] == {
        "wholeId": {"type": "string", "format": "uuid"},
        "parts": {"type": "array", "items": {"$ref": "#/Part"}},
        "firstPart": {"anyOf": [{"$ref": "#/Part"}, {"type": "null"}]},
        "freeForm": {"type": "object", "additionalProperties": True},
        "anyValue": {},
    }
    assert schemas.named["Part"]["properties"]["madeAt"] == {"type": ["string", "null"], "format": "date-time"}
