"""What is shown of single tasks: trees, edges and all of one."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.loaders import task_detail
from app.loaders.reader import Reader
from app.loaders.task_detail import (
    dependencies_by_task,
    dependents_by_task,
    task_detail_of,
    tree_by_task,
)
from app.services.registry import Services
from app.storage import tasks
from tests.services.test_leases import claimed, queued, session
from tests.support.work import Run, Task, put

NOW = utc_now()


def task(id: str, minutes: int = 1, **more: Any) -> Task:
    """A task that moved so many minutes ago."""
    then = NOW - timedelta(minutes=minutes)
    return Task(**{"id": id, "status": "ready", "created_at": then, "updated_at": then, **more})


def child(id: str, *path: str, **more: Any) -> Task:
    """A task below others."""
    return task(id, path=path, parent_id=path[-1], **more)


async def only(found: Awaitable[list[Any]]) -> Any:
    """The answer for one key."""
    (one,) = await found
    return one


async def test_a_tree_is_sorted_by_depth_then_by_what_moved_last(
    db: Database, viewer: Viewer, colleague: Viewer
) -> None:
    run = Run(status="claimed", queued_at=NOW - timedelta(minutes=9), claimed_at=NOW)
    work = [
        task("root"),
        child("old", "root", minutes=5, status="draft"),
        child("new", "root", minutes=2),
        child("hidden", "root", place="foreign"),
        child("deep", "root", "old", minutes=1),
        child("moved", "root", "new", minutes=8, runs=(run,)),
        task("apart"),
    ]
    await put(db, viewer, colleague, work)
    whole, part, leaf = await tree_by_task(Reader(db, viewer), ["root", "new", "apart"])
    assert whole is not None and part is not None and leaf is not None
    assert [(node.depth, node.task.id) for node in (whole.root, *whole.descendants)] == [
        (0, "root"),
        (1, "new"),
        (1, "old"),
        (2, "moved"),
        (2, "deep"),
    ]
    assert [(node.depth, node.task.id) for node in (part.root, *part.descendants)] == [(0, "new"), (1, "moved")]
    assert (leaf.root.task.id, leaf.descendants, whole.complete) == ("apart", (), True)
    moved = whole.descendants[2]
    assert (moved.last_activity_at, moved.open_run_id, moved.parent_task_id) == (NOW, run.id, "new")


async def test_of_a_tree_too_large_the_deepest_are_left_out(
    db: Database, viewer: Viewer, colleague: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_detail, "TREE_TASKS_MAX", 3)
    work = [task("root"), child("a", "root", minutes=1), child("b", "root", minutes=2), child("c", "root", "a")]
    await put(db, viewer, colleague, work)
    tree = await only(tree_by_task(Reader(db, viewer), ["root"]))
    assert ([node.task.id for node in tree.descendants], tree.complete) == (["a", "b"], False)


async def test_edges_are_seen_from_both_ends_as_far_as_one_may_see(
    db: Database, viewer: Viewer, colleague: Viewer
) -> None:
    work = [
        task("a"),
        task("secret", place="foreign", blockers=("a",)),
        task("b", 5, blockers=("secret", "a")),
        task("c", 4, blockers=("a",)),
    ]
    await put(db, viewer, colleague, work)
    reader = Reader(db, viewer)
    waits = [[row.id for row in rows] for rows in await dependencies_by_task(reader, ["a", "b", "c"])]
    held = [[row.id for row in rows] for rows in await dependents_by_task(reader, ["a", "b"])]
    assert (waits, held) == ([[], ["a"], ["a"]], [["b", "c"], []])


async def test_a_detail_has_children_runs_and_events_in_their_order(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    (run,) = await queued(services, viewer, max_attempts=3)
    worker = await session(services, viewer)
    await claimed(services, viewer, worker)
    await services.leases.fail(viewer, worker, str(run.id), error="no")
    again = (await services.tasks.enqueue(viewer, run.task_id)).run
    below = [child("y", run.task_id, minutes=9, status="draft"), child("z", run.task_id, minutes=2)]
    await put(db, viewer, colleague, below)
    (row,) = await tasks.by_id(db, viewer.tenant_id, [run.task_id])
    found = await task_detail_of(Reader(db, viewer), row)
    assert found.summary.active_run is not None and found.summary.active_run.id == again.id
    assert found.summary.last_activity_at == again.queued_at
    assert [summary.task.id for summary in found.children] == ["z", "y"]
    assert [one.id for one in found.runs] == [again.id, run.id]
    assert [event.type.value for event in found.events] == [
        "task.run_enqueued",
        "task.run_failed",
        "task.run_claimed",
        "task.run_enqueued",
        "task.created",
    ]
