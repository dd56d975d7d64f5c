"""chartData: a value at once, a new one when rows or spec change, computed once for all who may see it."""

from contextlib import AsyncExitStack
from typing import Any

import pytest

from app.clock import monotonic
from app.domain.access.viewer import UserRole, Viewer
from app.domain.errors import NotFound
from app.domain.grid.cell_edit import CellEdit, Sent
from app.events.watcher import INTERVAL_SECONDS
from app.graph.engine.executor import RequestRefused
from app.main import App
from app.services.charts import ChartPatch
from app.storage import charts
from app.storage.rows.grid import TableRow
from app.storage.rows.workspace import ChartRow, WorkspaceRow
from tests.support.grid import INTEGER, STRING, make_empty, make_snapshot, make_table, make_workspace
from tests.support.live import Subscribed, subscribed
from tests.support.people import make_viewer
from tests.support.sharing import share_with

TYPES = {"name": STRING, "age": INTEGER}
SPEC: dict[str, Any] = {"kind": "bar", "x": {"column": "name"}, "y": [{"column": "age", "agg": "sum"}]}
WATCH = """
subscription($chart: ID!, $filters: [JSON!]) {
  chartData(chartId: $chart, filters: $filters) { chartSpecVersion yLabel rows { x y } }
}
"""


@pytest.fixture
async def viewer(app: App) -> Viewer:
    """The owner, in the application's own database."""
    return await make_viewer(app.db, tenant="default")


@pytest.fixture
async def guest(app: App, viewer: Viewer) -> Viewer:
    """Another user of the same tenant."""
    return await make_viewer(app.db, tenant="default", email="guest@example.com", role=UserRole.MEMBER)


async def drawn(app: App, viewer: Viewer) -> tuple[TableRow, WorkspaceRow, ChartRow]:
    """A table, a workspace on it and its chart."""
    table = await make_table(app.services, viewer, TYPES, [["Ada", 36], ["Bob", 41]], key=("name",))
    place = await make_workspace(app.services, viewer, table)
    return table, place, (await app.services.charts.create(viewer, str(place.id), SPEC)).chart


def watching(app: App, viewer: Viewer, chart: ChartRow, *filters: Any) -> Any:
    """A subscription to the chart."""
    return subscribed(app, viewer, WATCH, {"chart": str(chart.id), "filters": list(filters)})


def points(found: Any) -> dict[Any, Any]:
    """What is drawn."""
    return {row["x"]: row["y"] for row in found["chartData"]["rows"]}


async def edit(app: App, viewer: Viewer, place: WorkspaceRow, age: int) -> None:
    """Ada grows older."""
    done = CellEdit(column="age", new=Sent(age), row_identity={"name": "Ada"})
    await app.services.cells.update(viewer, str(place.id), done)


async def test_edits_imports_and_the_spec_move_it(app: App, viewer: Viewer) -> None:
    table, place, chart = await drawn(app, viewer)
    async with watching(app, viewer, chart) as live:
        assert points(await live.next()) == {"Ada": 36, "Bob": 41}
        await edit(app, viewer, place, 37)
        assert points(await live.next()) == {"Ada": 37, "Bob": 41}
        await app.services.tables.import_rows(viewer, str(table.id), [["Cy", 5]])
        assert points(await live.next()) == {"Ada": 37, "Bob": 41, "Cy": 5}
        patch = ChartPatch(spec_patch={"y": [{"column": "*", "agg": "count"}]})
        await app.services.charts.update(viewer, str(chart.id), patch)
        found = await live.next()
        assert (found["chartData"]["chartSpecVersion"], found["chartData"]["yLabel"]) == (2, "Count of rows")
        assert points(found) == {"Ada": 1, "Bob": 1, "Cy": 1}
    assert (len(app.web.streams.views), app.hub.subscribers) == (0, 0)


async def test_an_edit_by_anyone_in_any_workspace_on_the_table_moves_it(
    app: App, viewer: Viewer, guest: Viewer
) -> None:
    table, mine, _ = await drawn(app, viewer)
    theirs = await make_workspace(app.services, guest, table)
    chart = (await app.services.charts.create(guest, str(theirs.id), SPEC)).chart
    async with watching(app, guest, chart) as live:
        assert points(await live.next())["Ada"] == 36
        await edit(app, viewer, mine, 50)
        assert points(await live.next())["Ada"] == 50


async def test_what_it_does_not_depend_on_leaves_it_alone(app: App, viewer: Viewer) -> None:
    _, place, chart = await drawn(app, viewer)
    copy = await make_snapshot(app.services, viewer, TYPES, [["Ada", 1]], row_id_column="name")
    second = (await app.services.charts.create(viewer, str(place.id), SPEC)).chart
    async with watching(app, viewer, chart) as live:
        await live.next()
        (view,) = app.web.streams.views._views.values()
        before = view.computations
        await edit(app, viewer, copy, 9)
        await app.services.charts.update(viewer, str(second.id), ChartPatch(spec_patch={"kind": "pie"}))
        await app.services.charts.move(viewer, str(chart.id), 1)
        await edit(app, viewer, place, 60)
        assert points(await live.next())["Ada"] == 60
        assert view.computations - before == 1


async def test_values_come_at_most_twice_a_second(app: App, viewer: Viewer) -> None:
    _, place, chart = await drawn(app, viewer)
    async with watching(app, viewer, chart) as live:
        begun, seen = monotonic(), 0
        await live.next()
        for age in range(100, 160):
            await edit(app, viewer, place, age)
        while points(await live.next())["Ada"] != 159:
            seen += 1
        assert seen + 1 <= (monotonic() - begun) / INTERVAL_SECONDS


async def test_a_callers_filters_are_joined(app: App, viewer: Viewer) -> None:
    _, place, chart = await drawn(app, viewer)
    grown = {"column": "age", "op": "gte", "value": 40}
    async with watching(app, viewer, chart, grown) as live, watching(app, viewer, chart) as whole:
        assert (points(await live.next()), len(points(await whole.next()))) == ({"Bob": 41}, 2)
        assert len(app.web.streams.views) == 2
        await edit(app, viewer, place, 44)
        assert points(await live.next()) == {"Ada": 44, "Bob": 41}


async def test_it_is_computed_once_for_all_who_may_see_it(app: App, viewer: Viewer, guest: Viewer) -> None:
    _, place, chart = await drawn(app, viewer)
    await share_with(app.services, viewer, place.id, guest)
    sharing = app.web.streams.views._sharing

    async def begun(owners: int, guests: int) -> int:
        async with AsyncExitStack() as stack:
            people = [viewer] * owners + [guest] * guests
            live: list[Subscribed] = [await stack.enter_async_context(watching(app, who, chart)) for who in people]
            for one in live:
                await one.next()
            before, age = sharing.begun, points_now(live)
            await edit(app, viewer, place, age)
            for one in live:
                assert points(await one.next())["Ada"] == age
            return sharing.begun - before

    ages = iter(range(200, 300))

    def points_now(_: object) -> int:
        return next(ages)

    assert [await begun(1, 0), await begun(1, 1), await begun(10, 10)] == [1, 1, 1]
    assert len(app.web.streams.views) == 0


async def test_it_ends_with_the_right_to_read_and_with_the_chart(app: App, viewer: Viewer, guest: Viewer) -> None:
    _, place, chart = await drawn(app, viewer)
    await share_with(app.services, viewer, place.id, guest)
    async with watching(app, guest, chart) as theirs, watching(app, viewer, chart) as mine:
        await theirs.next()
        await mine.next()
        begun = monotonic()
        await app.services.shares.revoke(viewer, str(place.id))
        with pytest.raises(NotFound) as lost:
            await theirs.next()
        assert lost.value.facts == {"id": str(place.id), "reason": "workspace_not_found"}
        assert monotonic() - begun < 1
        await edit(app, viewer, place, 70)
        assert points(await mine.next())["Ada"] == 70
        await app.services.charts.delete(viewer, str(chart.id))
        with pytest.raises(NotFound) as gone:
            await mine.next()
        assert gone.value.facts == {"id": str(chart.id), "reason": "chart_not_found"}
    assert (len(app.web.streams.views), app.hub.subscribers) == (0, 0)


async def test_it_ends_with_the_workspace(app: App, viewer: Viewer) -> None:
    _, place, chart = await drawn(app, viewer)
    async with watching(app, viewer, chart) as live:
        await live.next()
        await app.services.workspace_life.delete(viewer, str(place.id))
        with pytest.raises(NotFound) as gone:
            await live.next()
        assert gone.value.facts["reason"] == "workspace_not_found"


async def test_a_chart_one_may_not_see_and_wrong_filters_are_refused(app: App, viewer: Viewer, guest: Viewer) -> None:
    _, _, chart = await drawn(app, viewer)
    for who, sent, filters, code in (
        (guest, str(chart.id), [], "NOT_FOUND"),
        (viewer, "nonsense", [], "NOT_FOUND"),
        (viewer, str(chart.id), [{"column": "shoe", "op": "is_null"}], "BAD_USER_INPUT"),
        (viewer, str(chart.id), [{"column": "age", "op": "eq"}], "BAD_USER_INPUT"),
    ):
        with pytest.raises(RequestRefused) as refusal:
            async with subscribed(app, who, WATCH, {"chart": sent, "filters": filters}):
                pass
        assert [error["extensions"]["code"] for error in refusal.value.answer("r").body["errors"]] == [code]
    assert (len(app.web.streams.views), app.hub.subscribers) == (0, 0)


async def test_the_mark_moves_with_what_the_data_depends_on_alone(app: App, viewer: Viewer, guest: Viewer) -> None:
    table, place, chart = await drawn(app, viewer)

    async def mark() -> charts.Mark:
        found = await charts.state(app.db, viewer.tenant_id, viewer.user_id, chart.id)
        assert found is not None
        return found[1]

    first = await mark()
    assert first[:2] == (1, table.id)
    await make_empty(app.services, viewer)
    await app.services.charts.update(viewer, str(chart.id), ChartPatch(collapsed=True))
    assert await mark() == first
    await edit(app, viewer, place, 3)
    second = await mark()
    assert second[2] is not None
    assert second != first
    await app.services.charts.update(viewer, str(chart.id), ChartPatch(spec_patch={"limit": 3}))
    assert (await mark())[0] == 2
    assert await charts.state(app.db, guest.tenant_id, guest.user_id, chart.id) is None
