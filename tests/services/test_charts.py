"""Charts: what is stored, in which order, and everything that is wrong with a spec told at once."""

import asyncio
from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, Forbidden, NotFound
from app.domain.invalid import InvalidInput
from app.services.charts import CHARTS_MAX
from app.services.registry import Services
from app.storage import artifacts, charts, events
from app.storage.events import Range
from tests.support.grid import PEOPLE_ROWS, make_empty, make_table, make_workspace, share, unchanged

SPEC: dict[str, Any] = {"kind": "bar", "title": "Ages", "x": {"column": "name"}, "y": [{"column": "age", "agg": "sum"}]}


async def test_a_chart_is_an_artifact_with_a_compiled_option(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_workspace(services, viewer, await make_table(services, viewer, rows=PEOPLE_ROWS))
    made = await services.charts.create(viewer, str(place.id), SPEC)
    chart = made.chart
    assert (chart.title, chart.position, chart.chart_spec_version, chart.collapsed) == ("Ages", 0, 1, False)
    assert (chart.created_by, chart.last_edited_by) == (viewer.user_id, viewer.user_id)
    assert (chart.spec["limit"], chart.spec["theme"], chart.spec["v"]) == (1_000, "auto", 1)
    assert chart.option["series"][0]["type"] == "bar"
    artifact = (await artifacts.visible_by_id(db, viewer.tenant_id, viewer.user_id, [chart.artifact_id]))[0]
    assert (artifact.kind, artifact.name, artifact.workspace_id) == ("chart", "Ages", place.id)
    versions = await artifacts.versions(db, viewer.tenant_id, [artifact.id])
    assert [(v.version, v.metadata) for v in versions] == [(1, {"chart_spec": chart.spec})]
    found, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, Range(workspace_id=place.id), most=9)
    assert [(e.type.value, e.sequence) for e in found[1:]] == [("workspace.chart_created", made.sequence)]
    assert found[1].payload == {"chartId": str(chart.id), "title": "Ages", "position": 0, "chartSpecVersion": 1}


async def test_charts_made_at_once_stand_one_behind_another(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_workspace(services, viewer, await make_table(services, viewer))
    made = await asyncio.gather(*[services.charts.create(viewer, str(place.id), SPEC) for _ in range(8)])
    assert sorted(one.chart.position for one in made) == list(range(8))
    stored = await charts.by_workspace(db, viewer.tenant_id, [place.id])
    assert [chart.position for chart in stored] == list(range(8))


WRONG: list[tuple[Any, list[str]]] = [
    (None, ["spec"]),
    ([], ["spec"]),
    ({}, ["spec.kind", "spec.x", "spec.y"]),
    ({**SPEC, "kind": "cloud", "limit": 0, "colour": "red"}, ["spec.colour", "spec.kind", "spec.limit"]),
    ({**SPEC, "x": {"column": "shoe"}, "y": [{"column": "name", "agg": "sum"}]}, ["spec.x.column", "spec.y.0.agg"]),
    ({**SPEC, "filters": [{"column": "age", "op": "eq", "value": "x"}]}, ["spec.filters.0.value"]),
    ({**SPEC, "kind": "pie", "group": {"column": "name"}}, ["spec.group"]),
    ({**SPEC, "v": 2}, ["spec.v"]),
    ({**SPEC, "title": "x" * 256}, ["spec.title"]),
]


@pytest.mark.parametrize(("spec", "fields"), WRONG)
async def test_all_that_is_wrong_with_a_spec_is_told(
    db: Database, services: Services, viewer: Viewer, spec: Any, fields: list[str]
) -> None:
    place = await make_workspace(services, viewer, await make_table(services, viewer))
    async with unchanged(db):
        with pytest.raises(InvalidInput) as refusal:
            await services.charts.create(viewer, str(place.id), spec)
    assert sorted(".".join(map(str, problem.loc)) for problem in refusal.value.problems) == sorted(fields)


async def test_an_empty_snapshot_has_nothing_to_draw(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    async with unchanged(db):
        with pytest.raises(BadInput, match="no column"):
            await services.charts.create(viewer, str(place.id), SPEC)


async def test_a_workspace_holds_only_so_many_charts(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_workspace(services, viewer, await make_table(services, viewer))
    for _ in range(CHARTS_MAX):
        await services.charts.create(viewer, str(place.id), SPEC)
    async with unchanged(db):
        with pytest.raises(Conflict, match=str(CHARTS_MAX)):
            await services.charts.create(viewer, str(place.id), SPEC)


async def test_only_the_owner_draws(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    place = await make_workspace(services, viewer, await make_table(services, viewer))
    chart = (await services.charts.create(viewer, str(place.id), SPEC)).chart
    for stranger in (colleague, outsider):
        async with unchanged(db):
            with pytest.raises(NotFound):
                await services.charts.create(stranger, str(place.id), SPEC)
        assert await charts.visible_by_id(db, stranger.tenant_id, stranger.user_id, [chart.id]) == []
    await share(db, viewer, place.id, colleague)
    assert await charts.visible_by_id(db, colleague.tenant_id, colleague.user_id, [chart.id]) == [chart]
    async with unchanged(db):
        with pytest.raises(Forbidden):
            await services.charts.create(colleague, str(place.id), SPEC)
