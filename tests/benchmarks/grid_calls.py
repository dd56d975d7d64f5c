"""Pages of rows and data of charts, as calls of both surfaces."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from tests.benchmarks.whole_requests import Call

ROWS: Final = """
query($id: ID!, $limit: Int!, $offset: Int!, $sort: RowSort, $filters: [JSON!]) {
  workspace(id: $id) {
    id title
    rows(limit: $limit, offset: $offset, sort: $sort, filter: $filters) {
      items total hasNext columns { name dataType } canEdit readOnlyReason
    }
  }
}
"""
CHART: Final = """
query($id: ID!, $chart: ID!, $filters: [JSON!]) {
  workspace(id: $id) { chart(id: $chart) { id title data(filters: $filters) { truncated rows { x y group } } } }
}
"""
BAR: Final[Mapping[str, Any]] = {
    "kind": "bar",
    "x": {"column": "station"},
    "y": [{"column": "temperature", "agg": "avg"}],
}
GROUPED: Final[Mapping[str, Any]] = {
    "kind": "bar",
    "x": {"column": "station"},
    "y": [{"column": "count", "agg": "sum"}],
    "group": {"column": "rainy"},
}
LINE: Final[Mapping[str, Any]] = {"kind": "line", "x": {"column": "day"}, "y": [{"column": "count", "agg": "sum"}]}
CHARTS: Final[Mapping[str, Mapping[str, Any]]] = {"bar of 20": BAR, "40 bars in 2 groups": GROUPED, "line of 336": LINE}
NARROW: Final = [{"column": "temperature", "op": "lt", "value": 2}]
HALF: Final = [{"column": "rainy", "op": "eq", "value": True}, {"column": "temperature", "op": "gte", "value": 20}]
PAGE, LARGE = 100, 5_000


def page_calls(workspace: str, middle: int) -> dict[str, Call]:
    """Pages by case; `middle` is how many rows come before the one in the middle."""
    down = {"column": "temperature", "direction": "DESC"}
    asked: dict[str, dict[str, Any]] = {
        "first page of 100": {"limit": PAGE, "offset": 0},
        "middle page of 100": {"limit": PAGE, "offset": middle},
        "sorted page of 100": {"limit": PAGE, "offset": 0, "sort": down},
        "filtered page of 100": {"limit": PAGE, "offset": 0, "filters": NARROW},
        "page of 5 000": {"limit": LARGE, "offset": 0},
    }
    calls = {f"graphql: {name}": Call.graphql(ROWS, id=workspace, **given) for name, given in asked.items()}
    path = f"/api/v1/workspaces/{workspace}/data"
    for name, given in asked.items():
        if "filters" not in given:  # this surface has none
            sort = {"sort_column": "temperature", "sort_direction": "desc"} if "sort" in given else {}
            call = Call.rest(path, limit=given["limit"], offset=given["offset"], **sort)
            calls[f"rest: {name}"] = call
    return calls


def chart_calls(workspace: str, ids: Mapping[str, str]) -> dict[str, Call]:
    """Each chart, and the grouped one with filters of the caller too."""
    calls = {}
    asked: list[tuple[str, str, list[dict[str, Any]]]] = [(name, id, []) for name, id in ids.items()]
    asked.append(("40 bars in 2 groups, filtered", ids["40 bars in 2 groups"], HALF))
    for name, id, filters in asked:
        calls[f"graphql: {name}"] = Call.graphql(CHART, id=workspace, chart=id, filters=filters)
        path = f"/api/v1/workspaces/{workspace}/charts/{id}/data"
        calls[f"rest: {name}"] = Call(method="POST", path=path, body=orjson.dumps({"filters": filters}))
    return calls
