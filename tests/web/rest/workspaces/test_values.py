"""What clients send, read strictly: types of problems, their places on the wire, and what was sent at all."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from starlette.datastructures import QueryParams

from app.storage.rows.workspace import WorkspaceMode, WorkspaceStatus
from app.web.rest.operation import Operation
from app.web.rest.workspaces import body, query
from app.web.rest.workspaces.reading import Misread, Strict
from app.web.rest.workspaces.table import OPERATIONS

ID = "0197f3a0-0000-7000-8000-00000000000a"
READING = Strict()


def taking(kind: type) -> Operation:
    """An operation with this body."""
    return next(one for one in OPERATIONS if one.body is kind)


def read(kind: type, given: Any) -> tuple[Any, frozenset[str], list[tuple[tuple[str | int, ...], str]]]:
    """A body, what was sent of it, and what is wrong with it."""
    found, sent, problems = READING.body(taking(kind), orjson.dumps(given))
    return found, sent, [(one.loc, one.code) for one in problems]


def asked(kind: type, text: str) -> tuple[Any, list[tuple[tuple[str | int, ...], str]]]:
    """A query, and what is wrong with it."""
    found, problems = READING.query(kind, QueryParams(text))
    return found, [(one.loc, one.code) for one in problems]


def test_defaults_stand_for_what_is_absent_and_unknown_members_mean_nothing() -> None:
    found, sent, problems = read(body.CreateWorkspaceRequest, {"title": "t", "other": {}})
    assert (found, problems) == (body.CreateWorkspaceRequest(title="t", mode=WorkspaceMode.SNAPSHOT), [])
    assert sent == {"title", "other"}


def test_null_is_not_the_same_as_absent() -> None:
    assert read(body.UpdateCellRequest, {"column": "c", "newValue": None})[0].new_value is None
    assert read(body.UpdateCellRequest, {"column": "c"})[2] == [(("body", "newValue"), "missing")]
    assert read(body.UpdateCellRequest, {"column": "c", "newValue": 1, "expectedOldValue": None})[1] >= {
        "expectedOldValue"
    }


@pytest.mark.parametrize(
    ("kind", "given", "problems"),
    [
        (body.MoveChartRequest, {"position": True}, [(("body", "position"), "int_type")]),
        (body.MoveChartRequest, {"position": 1.5}, [(("body", "position"), "int_from_float")]),
        (body.MoveChartRequest, {"position": "1.5"}, [(("body", "position"), "int_parsing")]),
        (body.MoveChartRequest, {"position": "٣"}, [(("body", "position"), "int_parsing")]),
        (body.MoveChartRequest, {"position": 2**63}, [(("body", "position"), "int_parsing_size")]),
        (body.MoveChartRequest, {"position": "9" * 5000}, [(("body", "position"), "int_parsing_size")]),
        (body.MoveChartRequest, {"position": 1e300}, [(("body", "position"), "int_parsing_size")]),
        (body.MoveChartRequest, {"position": "-1"}, [(("body", "position"), "greater_than_equal")]),
        (body.UpdateBindingRequest, {"mutatesWorkspace": 1}, [(("body", "mutatesWorkspace"), "bool_type")]),
        (body.AttachTaskRequest, {"taskId": ID.replace("-", "")}, [(("body", "taskId"), "uuid_parsing")]),
        (body.AttachTaskRequest, {"taskId": 7}, [(("body", "taskId"), "uuid_type")]),
        (body.ShareRequest, {"recipientUserIds": "x"}, [(("body", "recipientUserIds"), "list_type")]),
        (body.ShareRequest, {"recipientUserIds": [1]}, [(("body", "recipientUserIds", 0), "string_type")]),
        (body.ShareRequest, {"expiresAt": 1}, [(("body", "expiresAt"), "datetime_type")]),
        (body.ShareRequest, {"expiresAt": "2030-13-01"}, [(("body", "expiresAt"), "datetime_parsing")]),
        (body.ShareRequest, {"expiresAt": "0001-01-01T00:00:00+14:00"}, [(("body", "expiresAt"), "datetime_parsing")]),
        (body.UpdateChartRequest, {"specPatch": []}, [(("body", "specPatch"), "dict_type")]),
        (body.SetTagsRequest, {"tagNames": ["x" * 65]}, [(("body", "tagNames", 0), "string_too_long")]),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place_and_type(kind: type, given: Any, problems: Any) -> None:
    found, _, wrong = read(kind, given)
    assert found is None and wrong == problems


@pytest.mark.parametrize(
    ("kind", "given", "found"),
    [
        (body.MoveChartRequest, {"position": "3"}, body.MoveChartRequest(position=3)),
        (body.MoveChartRequest, {"position": 3.0}, body.MoveChartRequest(position=3)),
        (body.UpdateBindingRequest, {"mutatesWorkspace": "Yes"}, body.UpdateBindingRequest(mutates_workspace=True)),
        (body.UpdateBindingRequest, {"mutatesWorkspace": "off"}, body.UpdateBindingRequest(mutates_workspace=False)),
        (body.AttachTaskRequest, {"taskId": ID.upper()}, body.AttachTaskRequest(task_id=UUID(ID))),
        (
            body.ShareRequest,
            {"expiresAt": "2030-01-01T01:00:00"},
            body.ShareRequest(expires_at=datetime(2030, 1, 1, 1, tzinfo=UTC)),
        ),
        (
            body.ShareRequest,
            {"expiresAt": "2030-01-01T01:00:00+01:00"},
            body.ShareRequest(expires_at=datetime(2030, 1, 1, tzinfo=UTC)),
        ),
    ],
)
def test_what_can_only_be_meant_in_one_way_is_taken(kind: type, given: Any, found: Any) -> None:
    assert read(kind, given)[::2] == (found, [])


def test_a_query_repeats_the_names_of_lists_and_the_last_of_anything_else_counts() -> None:
    found, problems = asked(query.ListWorkspacesQuery, f"tag=a&tag=B&tag_id={ID}&status=active&status=archived&x=1")
    assert problems == []
    assert found == query.ListWorkspacesQuery(status=WorkspaceStatus.ARCHIVED, tag=("a", "B"), tag_id=(UUID(ID),))


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        (query.DataQuery, "limit=", (("query", "limit"), "int_parsing")),
        (query.DataQuery, "limit=5001", (("query", "limit"), "less_than_equal")),
        (query.DataQuery, "sort_direction=ASC", (("query", "sort_direction"), "literal_error")),
        (query.DataQuery, "sort_column=%00", (("query", "sort_column"), "value_error")),
        (query.ListWorkspacesQuery, "tag_id=a", (("query", "tag_id", 0), "uuid_parsing")),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(kind: type, text: str, problem: Any) -> None:
    assert asked(kind, text) == (None, [problem])


def test_many_problems_are_told_up_to_a_limit() -> None:
    _, _, problems = READING.body(taking(body.ShareRequest), orjson.dumps({"recipientUserIds": [1] * 1_000}))
    with pytest.raises(Misread) as refused:
        READING.require_sound(problems)
    assert (len(problems), len(refused.value.problems)) == (1_000, 100)
