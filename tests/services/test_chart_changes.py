"""Charts change, move and go: versions are kept, patches are whole, places stay dense whoever acts at once."""

import asyncio
import random
from typing import Any
from uuid import UUID

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Forbidden, NotFound, TaskloomError, WorkspaceArchived
from app.domain.invalid import InvalidInput
from app.services.charts import ChartPatch, Drawn
from app.services.registry import Services
from app.storage import artifacts, charts, events
from app.storage.events import Range
from app.storage.rows.workspace import ChartRow, WorkspaceRow
from tests.services.test_charts import SPEC
from tests.support.grid import archive, make_empty, make_table, make_workspace, share, unchanged

NOWHERE = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
async def place(services: Services, viewer: Viewer) -> WorkspaceRow:
    """A workspace on an empty table."""
    return await make_workspace(services, viewer, await make_table(services, viewer))


async def draw(services: Services, viewer: Viewer, place: WorkspaceRow, **more: Any) -> ChartRow:
    """A new chart."""
    return (await services.charts.create(viewer, str(place.id), {**SPEC, **more})).chart


async def update(services: Services, viewer: Viewer, chart: ChartRow, **patch: Any) -> Drawn:
    """The chart, changed."""
    return await services.charts.update(viewer, str(chart.id), ChartPatch(**patch))


async def order(db: Database, viewer: Viewer, place: WorkspaceRow) -> list[UUID]:
    """The charts in their order, which has no gap."""
    found = await charts.by_workspace(db, viewer.tenant_id, [place.id])
    assert [chart.position for chart in found] == list(range(len(found)))
    return [chart.id for chart in found]


async def last_event(db: Database, viewer: Viewer, place: WorkspaceRow) -> tuple[str, int, dict[str, Any]]:
    """Type, sequence and payload."""
    found, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, Range(workspace_id=place.id), most=99)
    return found[-1].type.value, found[-1].sequence, found[-1].payload


async def test_each_accepted_spec_is_a_new_version(
    db: Database, services: Services, viewer: Viewer, place: WorkspaceRow
) -> None:
    chart = await draw(services, viewer, place)
    whole = {"kind": "line", "x": {"column": "age"}, "y": [{"column": "*", "agg": "count"}]}
    second = (await update(services, viewer, chart, spec=whole)).chart
    assert (second.chart_spec_version, second.title, second.option["series"][0]["type"]) == (2, None, "line")
    third = await update(services, viewer, chart, spec_patch={"title": "Heads", "y": [{"column": "age", "agg": "max"}]})
    assert (third.chart.chart_spec_version, third.chart.title, third.chart.spec["kind"]) == (3, "Heads", "line")
    assert third.chart.spec["y"] == [{"column": "age", "agg": "max", "label": None}]
    versions = await artifacts.versions(db, viewer.tenant_id, [chart.artifact_id])
    kept = [chart.spec, second.spec, third.chart.spec]
    assert [(one.version, one.metadata["chart_spec"]) for one in reversed(versions)] == list(enumerate(kept, 1))
    assert await last_event(db, viewer, place) == (
        "workspace.chart_updated",
        third.sequence,
        {
            "chartId": str(chart.id),
            "title": "Heads",
            "position": 0,
            "chartSpecVersion": 3,
            "changedFields": ["spec"],
            "collapsed": False,
        },
    )
    back = await update(services, viewer, chart, spec=versions[-1].metadata["chart_spec"])
    assert (back.chart.chart_spec_version, back.chart.spec) == (4, chart.spec)


async def test_a_merge_patch_merges_objects_replaces_arrays_and_removes_by_null(
    services: Services, viewer: Viewer, place: WorkspaceRow
) -> None:
    chart = await draw(services, viewer, place, sort={"by": "y", "order": "desc"}, limit=7, subtitle="all")
    patch = {
        "sort": {"order": "asc"},
        "limit": None,
        "subtitle": None,
        "filters": [{"column": "age", "op": "not_null"}],
    }
    spec = (await update(services, viewer, chart, spec_patch=patch)).chart.spec
    assert (spec["sort"], spec["limit"], spec["subtitle"]) == ({"by": "y", "order": "asc"}, 1_000, None)
    assert spec["filters"] == [{"column": "age", "op": "not_null"}]
    spec = (await update(services, viewer, chart, spec_patch={"sort": None, "filters": []})).chart.spec
    assert (spec["sort"], spec["filters"], spec["kind"]) == (None, [], "bar")


@pytest.mark.parametrize(
    "patch",
    [{}, {"spec": SPEC}, {"spec_patch": {}}, {"spec_patch": {"title": "Ages", "limit": None}}, {"collapsed": False}],
    ids=["neither", "the same spec", "an empty patch", "a patch to what is there", "folded as it is"],
)
async def test_what_is_there_already_makes_no_version(
    db: Database, services: Services, viewer: Viewer, place: WorkspaceRow, patch: dict[str, Any]
) -> None:
    chart = await draw(services, viewer, place)
    async with unchanged(db):
        done = await update(services, viewer, chart, **patch)
    assert (done.chart, done.sequence) == (chart, None)


async def test_a_number_and_a_truth_are_two_specs(services: Services, viewer: Viewer, place: WorkspaceRow) -> None:
    chart = await draw(services, viewer, place, filters=[{"column": "height", "op": "eq", "value": 1}])
    changed = await update(
        services, viewer, chart, spec_patch={"filters": [{"column": "height", "op": "eq", "value": 1.5}]}
    )
    assert changed.chart.chart_spec_version == 2
    with pytest.raises(InvalidInput) as refusal:
        await update(services, viewer, chart, spec_patch={"filters": [{"column": "height", "op": "eq", "value": True}]})
    assert refusal.value.field == "specPatch.filters.0.value"


async def test_folding_is_no_edit_of_the_spec(
    db: Database, services: Services, viewer: Viewer, place: WorkspaceRow
) -> None:
    chart = await draw(services, viewer, place)
    done = await update(services, viewer, chart, collapsed=True)
    assert (done.chart.collapsed, done.chart.chart_spec_version, done.chart.spec) == (True, 1, chart.spec)
    assert len(await artifacts.versions(db, viewer.tenant_id, [chart.artifact_id])) == 1
    kind, sequence, payload = await last_event(db, viewer, place)
    assert (kind, sequence) == ("workspace.chart_updated", done.sequence)
    assert (payload["changedFields"], payload["collapsed"]) == (["collapsed"], True)
    both = await update(services, viewer, chart, collapsed=False, spec_patch={"kind": "area"})
    assert (both.chart.collapsed, both.chart.chart_spec_version) == (False, 2)
    assert (await last_event(db, viewer, place))[2]["changedFields"] == ["spec", "collapsed"]


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"spec": SPEC, "spec_patch": {}}, ["specPatch"]),
    ({"spec": []}, ["spec"]),
    ({"spec": {**SPEC, "kind": "cloud", "x": {"column": "shoe"}}}, ["spec.kind"]),
    ({"spec": {**SPEC, "x": {"column": "shoe"}, "group": {"column": "hat"}}}, ["spec.group.column", "spec.x.column"]),
    ({"spec_patch": ["kind"]}, ["specPatch"]),
    ({"spec_patch": {"v": 1}}, ["specPatch.v"]),
    ({"spec_patch": {"v": None}}, ["specPatch.v"]),
    ({"spec_patch": {"x": None, "colour": "red", "limit": 0}}, ["specPatch.colour", "specPatch.limit", "specPatch.x"]),
    ({"spec_patch": {"x": {"column": None}}}, ["specPatch.x.column"]),
    ({"spec_patch": {"kind": "pie", "group": {"column": "age"}}}, ["specPatch.group"]),
    ({"spec_patch": {"y": [{"column": "name", "agg": "avg"}]}}, ["specPatch.y.0.agg"]),
    ({"spec_patch": {"y": {"agg": "avg"}}}, ["specPatch.y"]),
    ({"spec_patch": {"title": "a\x00"}}, ["specPatch.title"]),
]


@pytest.mark.parametrize(("patch", "fields"), WRONG)
async def test_all_that_is_wrong_is_told_and_nothing_changes(
    db: Database, services: Services, viewer: Viewer, place: WorkspaceRow, patch: dict[str, Any], fields: list[str]
) -> None:
    chart = await draw(services, viewer, place)
    async with unchanged(db):
        with pytest.raises(BadInput) as refusal:
            await update(services, viewer, chart, **patch)
    problem = refusal.value
    found = [".".join(map(str, one.loc)) for one in problem.problems] if isinstance(problem, InvalidInput) else []
    assert sorted(found or [str(problem.field)]) == fields


async def test_patches_at_once_are_all_there(
    db: Database, services: Services, viewer: Viewer, place: WorkspaceRow
) -> None:
    chart = await draw(services, viewer, place)
    patches: list[dict[str, Any]] = [
        {"title": "T"},
        {"subtitle": "S"},
        {"limit": 9},
        {"theme": "dark"},
        {"kind": "area"},
        {"sort": {"by": "y"}},
    ]
    await asyncio.gather(*[update(services, viewer, chart, spec_patch=patch) for patch in patches])
    [now] = await charts.by_workspace(db, viewer.tenant_id, [place.id])
    assert now.chart_spec_version == len(patches) + 1
    assert (now.title, now.spec["subtitle"], now.spec["limit"], now.spec["theme"]) == ("T", "S", 9, "dark")
    assert (now.spec["kind"], now.spec["sort"]) == ("area", {"by": "y", "order": "asc"})


@pytest.mark.parametrize(
    ("chart", "position", "wanted"),
    [(0, 2, "bcad"), (0, 99, "bcda"), (3, 0, "dabc"), (2, 1, "acbd"), (1, 1, "abcd"), (3, 7, "abcd")],
)
async def test_a_chart_moves_and_those_between_step_aside(
    db: Database, services: Services, viewer: Viewer, place: WorkspaceRow, chart: int, position: int, wanted: str
) -> None:
    other = await make_workspace(services, viewer, await make_table(services, viewer, name="other"))
    apart = [(await draw(services, viewer, other)).id for _ in range(4)]
    made = [await draw(services, viewer, place, title=title) for title in "abcd"]
    done = await services.charts.move(viewer, str(made[chart].id), position)
    by_id = {one.id: title for one, title in zip(made, "abcd", strict=True)}
    assert "".join(by_id[id] for id in await order(db, viewer, place)) == wanted
    assert await order(db, viewer, other) == apart
    assert (done.chart.position, done.chart.chart_spec_version) == (wanted.index("abcd"[chart]), 1)
    if wanted == "abcd":
        assert done.sequence is None
    else:
        kind, sequence, payload = await last_event(db, viewer, place)
        assert (kind, sequence) == ("workspace.chart_updated", done.sequence)
        assert (payload["changedFields"], payload["previousPosition"]) == (["position"], chart)


async def test_a_place_before_the_first_is_refused(
    db: Database, services: Services, viewer: Viewer, place: WorkspaceRow
) -> None:
    chart = await draw(services, viewer, place)
    async with unchanged(db):
        with pytest.raises(BadInput) as refusal:
            await services.charts.move(viewer, str(chart.id), -1)
    assert refusal.value.field == "position"


async def test_a_deleted_chart_leaves_no_gap_and_its_artifact(
    db: Database, services: Services, viewer: Viewer, place: WorkspaceRow
) -> None:
    made = [await draw(services, viewer, place) for _ in range(4)]
    done = await services.charts.delete(viewer, str(made[1].id))
    assert await order(db, viewer, place) == [made[0].id, made[2].id, made[3].id]
    assert len(await artifacts.versions(db, viewer.tenant_id, [made[1].artifact_id])) == 1
    kind, sequence, payload = await last_event(db, viewer, place)
    assert (kind, sequence, payload["chartId"]) == ("workspace.chart_deleted", done.sequence, str(made[1].id))
    async with unchanged(db):
        for again in (
            services.charts.delete(viewer, str(made[1].id)),
            services.charts.move(viewer, str(made[1].id), 0),
        ):
            with pytest.raises(NotFound) as refusal:
                await again
            assert refusal.value.facts["reason"] == "chart_not_found"


@pytest.mark.parametrize("seed", range(5))
async def test_any_sequence_keeps_the_order_of_a_list(
    db: Database, services: Services, viewer: Viewer, place: WorkspaceRow, seed: int
) -> None:
    chance, wanted = random.Random(seed), list[UUID]()
    for _ in range(40):
        verb = chance.choice(["create", "move", "move", "delete"]) if wanted else "create"
        chosen = chance.choice(wanted) if wanted else None
        if verb == "create":
            wanted.append((await draw(services, viewer, place)).id)
        elif verb == "move":
            assert chosen is not None
            goal = chance.randint(0, len(wanted) + 2)
            wanted.remove(chosen)
            wanted.insert(goal, chosen)
            await services.charts.move(viewer, str(chosen), goal)
        else:
            assert chosen is not None
            wanted.remove(chosen)
            await services.charts.delete(viewer, str(chosen))
        assert await order(db, viewer, place) == wanted


async def test_whoever_acts_at_once_places_stay_dense(
    db: Database, services: Services, viewer: Viewer, place: WorkspaceRow
) -> None:
    made = [await draw(services, viewer, place) for _ in range(10)]
    chance = random.Random(3)

    async def one(at: int) -> bool:
        chart = str(chance.choice(made).id)
        try:
            match at % 4:
                case 0:
                    await draw(services, viewer, place)
                case 1:
                    await services.charts.delete(viewer, chart)
                case _:
                    await services.charts.move(viewer, chart, chance.randint(0, 12))
        except NotFound:
            return False
        return True

    done = await asyncio.gather(*[one(at) for at in range(48)])
    deleted = sum(went for at, went in enumerate(done) if at % 4 == 1)
    assert len(await order(db, viewer, place)) == 10 + 12 - deleted
    assert deleted > 1


async def _writes(services: Services, viewer: Viewer, chart: ChartRow, place: str | None = None) -> list[TaskloomError]:
    """How each of the writes is refused."""
    id, found = str(chart.id), list[TaskloomError]()
    patch = ChartPatch(spec_patch={"limit": 3})
    for write in (
        services.charts.update(viewer, id, patch, workspace_id=place),
        services.charts.move(viewer, id, 1, workspace_id=place),
        services.charts.delete(viewer, id, workspace_id=place),
    ):
        with pytest.raises(TaskloomError) as refusal:
            await write
        found.append(refusal.value)
    return found


async def test_only_the_owner_changes_charts(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer, place: WorkspaceRow
) -> None:
    chart = await draw(services, viewer, place)
    await draw(services, viewer, place)
    async with unchanged(db):
        for stranger in (colleague, outsider):
            refused = await _writes(services, stranger, chart)
            assert {(type(one), one.facts["reason"]) for one in refused} == {(NotFound, "chart_not_found")}
            refused = await _writes(services, stranger, chart, str(place.id))
            assert {(type(one), one.facts["reason"]) for one in refused} == {(NotFound, "workspace_not_found")}
    await share(db, viewer, place.id, colleague)
    async with unchanged(db):
        assert {type(one) for one in await _writes(services, colleague, chart)} == {Forbidden}


async def test_a_chart_of_another_workspace_is_not_found_in_this_one(
    db: Database, services: Services, viewer: Viewer, place: WorkspaceRow
) -> None:
    chart = await draw(services, viewer, place)
    await draw(services, viewer, place)
    other = await make_empty(services, viewer)
    async with unchanged(db):
        for named, reason in ((str(other.id), "chart_not_found"), (NOWHERE, "workspace_not_found"), ("x", None)):
            for refusal in await _writes(services, viewer, chart, named):
                assert isinstance(refusal, NotFound)
                assert refusal.facts["reason"] == (reason or "workspace_not_found")
    done = await services.charts.move(viewer, str(chart.id), 1, workspace_id=str(place.id).upper())
    assert done.chart.position == 1


async def test_charts_of_an_archived_workspace_are_frozen(
    db: Database, services: Services, viewer: Viewer, place: WorkspaceRow
) -> None:
    chart = await draw(services, viewer, place)
    await draw(services, viewer, place)
    await archive(db, place.id)
    async with unchanged(db):
        assert {type(one) for one in await _writes(services, viewer, chart)} == {WorkspaceArchived}
