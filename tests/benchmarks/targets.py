"""The targets that the original set itself for writes (tasks API, section 20), through the services, one by one."""

from collections.abc import Awaitable, Callable
from itertools import pairwise
from time import perf_counter
from typing import Final

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.status import TaskScope
from app.services.registry import Services
from app.storage.statements import composed
from tests.benchmarks.harness import Report, Scale, quantile, say, short
from tests.support.people import make_viewer

CREATES: Final = 1_000
CREATES_MS_MAX, CREATE_P99_MS_MAX = 500, 2
EDGES, EDGE_MS_MAX = 32, 50
DEPTH, CHAIN_MS_MAX = 8, 100
CHILDREN, CHILDREN_MS_MAX = 64, 500
DESCENDANTS, CANCEL_MS_MAX = 100, 2_000
FLOOR: Final = composed("CREATE TABLE bench_floor (n int)")
ROW: Final = composed("INSERT INTO bench_floor VALUES (1)")
DRAFT: Final = TaskDraft(title="a task", scope=TaskScope.GLOBAL)


async def measure(report: Report, db: Database, services: Services, scale: Scale) -> None:
    """Each target in a tenant of its own."""
    creates = scale.count(CREATES, CREATES // 5)
    viewer = await make_viewer(db, tenant="targets")
    times, floor = await creating(db, services, viewer, creates)
    row = {"case": "create", "create_p50_ms": short(quantile(times, 0.5)), "insert_p50_ms": short(quantile(floor, 0.5))}
    report.measured.append(row)
    report.ratios["create/insert of one row"] = quantile(times, 0.5) / quantile(floor, 0.5)
    found = {
        f"{creates} sequential creates, ms": (sum(times), CREATES_MS_MAX * creates / CREATES),
        "p99 of a create, ms": (quantile(times, 0.99), CREATE_P99_MS_MAX),
        f"an edge with cycle check at {EDGES} edges, ms": (await edge(services, viewer), EDGE_MS_MAX),
        f"a chain of {DEPTH} levels, ms": (await spent(lambda: chain(services, viewer)), CHAIN_MS_MAX),
        f"{CHILDREN} children, ms": (await spent(lambda: children(services, viewer, CHILDREN)), CHILDREN_MS_MAX),
        f"cancel of {DESCENDANTS} descendants, ms": (await cancel(services, viewer), CANCEL_MS_MAX),
    }
    for name, (took, wanted) in found.items():
        say(f"targets: {name}: {short(took)} of {wanted:g}")
        report.aim(name, took, wanted, at_most=True)


async def creating(db: Database, services: Services, viewer: Viewer, count: int) -> tuple[list[float], list[float]]:
    """Creates, and between them the least that is durable: one row into a table without an index."""
    await db.fetch(FLOOR)
    await services.tasks.create(viewer, DRAFT)
    times, floor = [], []
    for _ in range(count):
        times.append(await spent(lambda: services.tasks.create(viewer, DRAFT)))
        floor.append(await spent(lambda: db.fetch(ROW)))
    return times, floor


async def spent(work: Callable[[], Awaitable[object]]) -> float:
    """How many milliseconds it takes."""
    began = perf_counter()
    await work()
    return (perf_counter() - began) * 1_000


async def edge(services: Services, viewer: Viewer) -> float:
    """The last edge of a task that may wait for no more, each blocker waiting for the one before it."""
    made = [(await services.tasks.create(viewer, DRAFT)).task.id for _ in range(EDGES + 1)]
    waiting, *blockers = made
    for before, after in pairwise(blockers):
        await services.task_graph.add_dependency(viewer, after, before)
    for blocker in blockers[:-1]:
        await services.task_graph.add_dependency(viewer, waiting, blocker)
    return await spent(lambda: services.task_graph.add_dependency(viewer, waiting, blockers[-1]))


async def chain(services: Services, viewer: Viewer) -> str:
    """A task in a task, as deep as may be."""
    id = (await services.tasks.create(viewer, DRAFT)).task.id
    for _ in range(DEPTH - 1):
        id = (await services.task_graph.create_child(viewer, id, DRAFT)).task.id
    return id


async def children(services: Services, viewer: Viewer, count: int, parent: str | None = None) -> list[str]:
    """Tasks below one."""
    above = parent or (await services.tasks.create(viewer, DRAFT)).task.id
    return [(await services.task_graph.create_child(viewer, above, DRAFT)).task.id for _ in range(count)]


async def cancel(services: Services, viewer: Viewer) -> float:
    """A tree of ten tasks with nine below each, all with a queued run."""
    root = (await services.tasks.create(viewer, DRAFT)).task.id
    middle = await children(services, viewer, 10, root)
    leaves = [leaf for task in middle for leaf in await children(services, viewer, 9, task)]
    assert len(middle) + len(leaves) == DESCENDANTS
    for task in (*middle, *leaves):
        await services.tasks.enqueue(viewer, task)
    return await spent(lambda: services.tasks.cancel(viewer, root))
