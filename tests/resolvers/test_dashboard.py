"""taskDashboard, read and watched, in the graph."""

import re
from contextlib import AsyncExitStack
from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.events import EventType
from app.domain.tasks.status import TaskScope
from app.loaders.dashboard import MOVED_BY
from app.main import App
from app.services.registry import Services
from tests.services.test_leases import claimed, queued, session
from tests.support.graph import Graph
from tests.support.live import subscribed
from tests.support.people import make_viewer

ALL = """
query($filter: TaskDashboardFilter) { taskDashboard(filter: $filter) {
  totals {
    tasksTotal draftTasks pendingTasks blockedTasks readyTasks inProgressTasks completedTasks failedTasks canceledTasks
    awaitingApprovalTasks dependencyBlockedTasks runsTotal activeRuns queuedRuns claimedRuns startingRuns runningRuns
    completedRuns failedRuns canceledRuns
  }
  cards {
    inProgress { tasks activeRuns queuedRuns claimedRuns startingRuns runningRuns healthStatus }
    blocked { tasks awaitingApproval awaitingDependencies healthStatus }
    failed { tasks failedRuns forcedStops healthStatus }
    latency {
      claimLatencyMs { samples averageMs maximumMs } startLatencyMs { samples averageMs maximumMs }
    }
  }
  statusBreakdown { status count sharePercent }
  queue {
    total depth { networkChannel count oldestQueuedAt oldestQueueAgeMs } oldestQueuedAt oldestQueueAgeMs
    backlogThresholdMs backlogWarning backlogStatus
  }
  health { status stuckRuns activeOrphanRuns queueBacklog }
  activeRuns {
    total queued claimed starting running
    items { run { id status attempt } task { id title priority } lastActivityAt ageMs stuck healthStatus }
  }
  freshness { observedAt latestActivityAt ageMs staleAfterMs hasLiveWork status stale }
} }
"""
SMALL = "taskDashboard { totals { tasksTotal claimedRuns completedRuns } freshness { observedAt } }"
WATCH = f"subscription {{ {SMALL} }}"


def totals(found: Any) -> tuple[int, ...]:
    """What the watched document asks for."""
    return tuple(found["taskDashboard"]["totals"].values())


async def create(services: Services, viewer: Viewer) -> str:
    """The id of a new task."""
    return (await services.tasks.create(viewer, TaskDraft(title="task", scope=TaskScope.GLOBAL))).task.id


async def test_every_field_is_answered_by_one_statement(
    db: Database, services: Services, viewer: Viewer, graph: Graph
) -> None:
    waiting, held = await queued(services, viewer, 2)
    await services.leases.claim(viewer, await session(services, viewer))
    before = db.statements
    found = (await graph.data(ALL))["taskDashboard"]
    assert db.statements - before == 1
    assert found["totals"]["tasksTotal"] == found["totals"]["runsTotal"] == 2
    assert found["statusBreakdown"] == [{"status": "READY", "count": 2, "sharePercent": 100}]
    assert [(item["run"]["status"], item["task"]["title"]) for item in found["activeRuns"]["items"]] == [
        ("CLAIMED", "task 0"),
        ("QUEUED", "task 1"),
    ]
    assert {item["run"]["id"] for item in found["activeRuns"]["items"]} == {str(waiting.id), str(held.id)}
    assert found["queue"]["backlogThresholdMs"] == "600000"
    assert re.fullmatch(r"\d+", found["queue"]["depth"][0]["oldestQueueAgeMs"])
    assert (found["queue"]["depth"][0]["networkChannel"], found["health"]["status"]) == (None, "OK")
    assert (found["freshness"]["status"], found["freshness"]["hasLiveWork"]) == ("CURRENT", True)


@pytest.mark.parametrize(
    ("filter", "code"),
    [
        ({"workspaceId": "nonsense"}, "NOT_FOUND"),
        ({"networkChannel": "No Channel"}, "BAD_USER_INPUT"),
        ({"ownerRef": "a\x00"}, "BAD_USER_INPUT"),
        ({"ownerRef": "x" * 256}, "BAD_USER_INPUT"),
    ],
    ids=["workspace", "channel", "NUL", "too long"],
)
async def test_a_filter_that_names_nothing_is_refused(graph: Graph, filter: dict[str, Any], code: str) -> None:
    answer = await graph(ALL, {"filter": filter})
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]


async def test_conditions_are_joined(services: Services, viewer: Viewer, graph: Graph) -> None:
    await services.tasks.create(viewer, TaskDraft(title="a", scope=TaskScope.GLOBAL, network_channel="night"))
    await create(services, viewer)
    document = "query($f: TaskDashboardFilter) { taskDashboard(filter: $f) { totals { tasksTotal } } }"

    async def total(**filter: Any) -> int:
        found: int = (await graph.data(document, {"f": filter}))["taskDashboard"]["totals"]["tasksTotal"]
        return found

    assert await total(scope="GLOBAL") == 2
    assert await total(scope="GLOBAL", networkChannel="night", originKind="HTTP") == 1
    assert await total(scope="WORKSPACE") == await total(networkChannel="night", ownerKind="HUMAN") == 0


def test_signs_of_life_make_nobody_look() -> None:
    assert not set(MOVED_BY) & {EventType.TASK_RUN_LEASE_EXTENDED, EventType.TASK_RUN_REPORTED}
    assert {EventType.TASK_RUN_CLAIMED, EventType.TASK_UPDATED, EventType.AGENT_SESSION_ENDED} <= set(MOVED_BY)


async def test_a_watched_dashboard_moves_with_the_work(app: App) -> None:
    viewer = await make_viewer(app.db)
    async with subscribed(app, viewer, WATCH) as live:
        assert totals(await live.next()) == (0, 0, 0)
        await queued(app.services, viewer)
        await live.until(lambda found: totals(found) == (1, 0, 0))
        worker = await session(app.services, viewer)
        run = await claimed(app.services, viewer, worker)
        await live.until(lambda found: totals(found) == (1, 1, 0))
        await app.services.leases.complete(viewer, worker, str(run.id))
        await live.until(lambda found: totals(found) == (1, 0, 1))
    assert len(app.web.streams.views) == 0


async def test_a_write_made_after_opening_is_seen_and_one_made_before_is_in_the_first_value(app: App) -> None:
    viewer = await make_viewer(app.db)
    async with AsyncExitStack() as stack:
        for at in range(5):
            await create(app.services, viewer)
            live = await stack.enter_async_context(subscribed(app, viewer, WATCH))
            assert totals(await live.next())[0] == at + 1
        assert len(app.web.streams.views) == 1


async def test_many_subscribers_cost_what_one_does(app: App) -> None:
    viewer = await make_viewer(app.db)

    async def cost(subscribers: int) -> int:
        async with AsyncExitStack() as stack:
            live = [await stack.enter_async_context(subscribed(app, viewer, WATCH)) for _ in range(subscribers)]
            first = {totals(await one.next())[0] for one in live}
            (view,) = app.web.streams.views._views.values()
            before = view.computations
            await create(app.services, viewer)
            then = {totals(await one.next())[0] for one in live}
            assert {total + 1 for total in first} == then
            computed: int = view.computations - before
            return computed

    assert (await cost(1), await cost(25)) == (1, 1)


async def test_two_viewers_and_two_filters_are_apart(app: App) -> None:
    viewer = await make_viewer(app.db)
    other = await make_viewer(app.db, tenant="other", email="outsider@example.com")
    filtered = WATCH.replace("taskDashboard", "taskDashboard(filter: {scope: WORKSPACE})")
    async with (
        subscribed(app, viewer, WATCH) as mine,
        subscribed(app, viewer, filtered) as narrow,
        subscribed(app, other, WATCH) as theirs,
    ):
        assert len(app.web.streams.views) == 3
        for live in (mine, narrow, theirs):
            assert totals(await live.next())[0] == 0
        await create(app.services, viewer)
        await create(app.services, other)
        await create(app.services, other)
        assert totals(await mine.next())[0] == 1
        await theirs.until(lambda found: totals(found)[0] == 2)
