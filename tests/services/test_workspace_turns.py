"""Runs of tasks that change the same workspace go one at a time, however tasks are bound, unbound and claimed."""

import asyncio
import random
from itertools import pairwise
from uuid import UUID

import pytest

from app.db.engine import Database, Lane
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, Forbidden, NotFound, TaskloomError
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.patch import TaskPatch
from app.domain.tasks.status import TaskScope, TaskStatus
from app.main import build_services
from app.services.registry import Services
from app.services.workspace_draft import Binding, WorkspaceDraft
from app.storage.rows.task import RunRow
from app.storage.rows.workspace import WorkspaceMode, WorkspaceRow
from app.storage.statements import composed
from tests.services.test_leases import claimed, queued, run_now, session, task_now
from tests.services.test_workspaces import live, log
from tests.support.grid import archive, make_empty, make_table, make_task, share, unchanged

# Written by a trigger as the last act of each commit, so that no moment between two looks is missed, and nobody who
# waits for the lock of the note holds anything that its holder still wants.
WATCH = """
CREATE TABLE seen (most bigint NOT NULL);
INSERT INTO seen VALUES (0);
CREATE FUNCTION note_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- One after the other: whoever comes later sees what the earlier ones have committed.
    PERFORM FROM seen FOR UPDATE;
    UPDATE seen SET most = greatest(most, (
        SELECT coalesce(max(w.held), 0)
          FROM (SELECT count(*) AS held FROM runs r
                  JOIN task_bindings b ON b.tenant_id = r.tenant_id AND b.task_id = r.task_id AND b.mutates_workspace
                 WHERE r.status IN ('claimed', 'starting', 'running')
                 GROUP BY b.workspace_id) w));
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER note AFTER UPDATE ON runs DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status <> 'queued') EXECUTE FUNCTION note_held();
CREATE CONSTRAINT TRIGGER note AFTER INSERT OR UPDATE ON task_bindings DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION note_held();
"""
MOST = composed("SELECT most FROM seen")


async def bind(services: Services, viewer: Viewer, place: WorkspaceRow, task: str, *, mutates: bool = True) -> None:
    """Bind a task."""
    await services.workspaces.attach(viewer, str(place.id), Binding(task_id=task, mutates=mutates))


async def rebind(services: Services, viewer: Viewer, place: WorkspaceRow, task: str, *, mutates: bool) -> int | None:
    """Say anew; returns the sequence."""
    return (await services.workspaces.rebind(viewer, str(place.id), Binding(task_id=task, mutates=mutates))).sequence


async def key_of(db: Database, viewer: Viewer, task: str) -> str | None:
    """The concurrency key of a task."""
    return (await task_now(db, viewer, task)).concurrency_key


async def places(services: Services, viewer: Viewer, count: int) -> list[WorkspaceRow]:
    """Empty snapshots, the oldest first."""
    return [await make_empty(services, viewer, f"place {at}") for at in range(count)]


async def test_a_task_that_changes_a_workspace_has_its_key(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    first, second, reader = [await make_task(services, viewer, title) for title in ("a", "b", "c")]
    draft = WorkspaceDraft(title="New", mode=WorkspaceMode.SNAPSHOT, bindings=[Binding(task_id=first, mutates=True)])
    made = (await services.workspaces.create(viewer, draft)).workspace
    assert await key_of(db, viewer, first) == f"workspace:{made.id}"
    await bind(services, viewer, place, second)
    await bind(services, viewer, place, reader, mutates=False)
    assert (await key_of(db, viewer, second), await key_of(db, viewer, reader)) == (f"workspace:{place.id}", None)
    assert (await log(db, viewer, place))[1:] == [
        (
            "workspace.task_attached",
            {
                "workspaceId": str(place.id),
                "title": "Empty",
                "mode": "snapshot",
                "taskId": task,
                "mutatesWorkspace": mutates,
                **more,
            },
        )
        for task, mutates, more in (
            (second, True, {"concurrencyKey": f"workspace:{place.id}"}),
            (reader, False, {}),
        )
    ]
    await services.workspaces.detach(viewer, str(place.id), second)
    assert await key_of(db, viewer, second) is None


async def test_a_binding_is_said_anew(db: Database, services: Services, viewer: Viewer) -> None:
    place, task = await make_empty(services, viewer), await make_task(services, viewer)
    await bind(services, viewer, place, task, mutates=False)
    assert await rebind(services, viewer, place, task, mutates=True) is not None
    assert await key_of(db, viewer, task) == f"workspace:{place.id}"
    async with unchanged(db):
        assert await rebind(services, viewer, place, task, mutates=True) is None
    assert await rebind(services, viewer, place, task, mutates=False) is not None
    assert await key_of(db, viewer, task) is None
    assert [(type, facts.get("mutatesWorkspace")) for type, facts in (await log(db, viewer, place))[1:]] == [
        ("workspace.task_attached", False),
        ("workspace.task_updated", True),
        ("workspace.task_updated", False),
    ]


async def test_what_cannot_be_said_of_a_binding(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    await make_table(services, viewer)
    place, task = (await services.workspaces.create(viewer, live())).workspace, await make_task(services, viewer)
    other = await make_task(services, viewer, "other")
    await bind(services, viewer, place, task, mutates=False)

    async def refused(who: Viewer, id: str, kind: type[TaskloomError], *, mutates: bool = True) -> object:
        async with unchanged(db):
            with pytest.raises(kind) as refusal:
                await rebind(services, who, place, id, mutates=mutates)
        return refusal.value.facts.get("reason")

    assert await refused(viewer, task, Conflict) == "workspace_read_only"
    for unbound in (other, "a\0b", "", "unknown"):
        assert await refused(viewer, unbound, NotFound) == "binding_not_found"
    for stranger in (colleague, outsider):
        assert await refused(stranger, task, NotFound) == "workspace_not_found"
    await share(db, viewer, place.id, colleague)
    await refused(colleague, task, Forbidden)
    await archive(db, place.id)
    assert await refused(viewer, task, Conflict, mutates=False) == "workspace_archived"


async def test_runs_go_one_at_a_time_and_readers_do_not_wait(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    writers, (reader,) = await queued(services, viewer, 3), await queued(services, viewer)
    for run in writers:
        await bind(services, viewer, place, run.task_id)
    await bind(services, viewer, place, reader.task_id, mutates=False)
    await services.admission.idle()
    worker = await session(services, viewer, 10)
    first = await services.leases.claim(viewer, worker, limit=10)
    assert {moved.run.id for moved in first.runs} == {writers[0].id, reader.id}
    for run, following in pairwise(writers):
        await services.leases.complete(viewer, worker, str(run.id))
        await services.admission.idle()
        given = await services.leases.claim(viewer, worker, limit=10)
        assert [moved.run.id for moved in given.runs] == [following.id]


async def test_what_is_under_way_counts_as_soon_as_it_is_bound(
    db: Database, services: Services, viewer: Viewer
) -> None:
    place = await make_empty(services, viewer)
    held, waiting = await queued(services, viewer, 2)
    worker = await session(services, viewer, 5)
    assert (await claimed(services, viewer, worker)).id == held.id
    for run in (held, waiting):
        await bind(services, viewer, place, run.task_id)
    await services.admission.idle()
    assert not (await services.leases.claim(viewer, worker)).runs
    await services.leases.release(viewer, worker, str(held.id))
    await services.admission.idle()
    given = await services.leases.claim(viewer, worker, limit=5)
    assert [moved.run.id for moved in given.runs] == [held.id]


async def test_nobody_is_bound_into_the_midst_of_two_runs(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    first, second = await queued(services, viewer, 2)
    worker = await session(services, viewer, 5)
    assert len((await services.leases.claim(viewer, worker, limit=2)).runs) == 2
    await bind(services, viewer, place, first.task_id)
    async with unchanged(db):
        with pytest.raises(Conflict) as refusal:
            await bind(services, viewer, place, second.task_id)
    assert refusal.value.facts["reason"] == "workspace_busy"
    await bind(services, viewer, place, second.task_id, mutates=False)
    async with unchanged(db):
        with pytest.raises(Conflict):
            await rebind(services, viewer, place, second.task_id, mutates=True)
    await services.leases.complete(viewer, worker, str(first.id))
    await rebind(services, viewer, place, second.task_id, mutates=True)
    assert (await run_now(db, viewer, second.id)).concurrency_key == f"workspace:{place.id}"


async def test_a_task_that_changes_two_workspaces_makes_one_group_of_both(
    db: Database, services: Services, viewer: Viewer
) -> None:
    older, newer = await places(services, viewer, 2)
    in_older, in_newer, both = await queued(services, viewer, 3)
    await bind(services, viewer, older, in_older.task_id)
    await bind(services, viewer, newer, in_newer.task_id)
    await bind(services, viewer, newer, both.task_id)
    assert await key_of(db, viewer, both.task_id) == f"workspace:{newer.id}"
    await bind(services, viewer, older, both.task_id)
    runs = (in_older, in_newer, both)
    for run in runs:
        assert await key_of(db, viewer, run.task_id) == f"workspace:{older.id}"
        assert (await run_now(db, viewer, run.id)).concurrency_key == f"workspace:{older.id}"
    await services.workspaces.detach(viewer, str(older.id), both.task_id)
    assert [await key_of(db, viewer, run.task_id) for run in runs] == [
        f"workspace:{older.id}",
        f"workspace:{newer.id}",
        f"workspace:{newer.id}",
    ]
    await services.admission.idle()
    given = await services.leases.claim(viewer, await session(services, viewer, 5), limit=5)
    assert {moved.run.id for moved in given.runs} == {in_older.id, in_newer.id}


async def test_a_task_with_a_key_of_its_own_cannot_change_a_workspace(
    db: Database, services: Services, viewer: Viewer
) -> None:
    place = await make_empty(services, viewer)
    draft = TaskDraft(title="own", scope=TaskScope.GLOBAL, concurrency_key="mine")
    task = (await services.tasks.create(viewer, draft)).task.id
    async with unchanged(db):
        with pytest.raises(Conflict) as refusal:
            await bind(services, viewer, place, task)
    assert refusal.value.facts["reason"] == "task_has_concurrency_key"
    await bind(services, viewer, place, task, mutates=False)
    assert await key_of(db, viewer, task) == "mine"
    async with unchanged(db):
        with pytest.raises(Conflict):
            await rebind(services, viewer, place, task, mutates=True)
    await services.task_changes.update(viewer, task, TaskPatch(clear=frozenset({"concurrency_key"})))
    await rebind(services, viewer, place, task, mutates=True)
    for patch in (TaskPatch(concurrency_key="mine"), TaskPatch(clear=frozenset({"concurrency_key"}))):
        async with unchanged(db):
            with pytest.raises(Conflict) as told:
                await services.task_changes.update(viewer, task, patch)
        assert (told.value.field, told.value.facts["reason"]) == ("concurrencyKey", "task_changes_workspace")


async def test_keys_of_workspaces_are_not_for_callers(db: Database, services: Services, viewer: Viewer) -> None:
    task = await make_task(services, viewer)
    key = f"workspace:{task}"
    for attempt in (
        services.tasks.create(viewer, TaskDraft(title="x", scope=TaskScope.GLOBAL, concurrency_key=key)),
        services.task_changes.update(viewer, task, TaskPatch(concurrency_key=key)),
        services.concurrency.set_limit(viewer, key, 5),
    ):
        async with unchanged(db):
            with pytest.raises(BadInput, match="kept for workspaces"):
                await attempt


async def test_a_key_left_behind_by_a_deleted_workspace_may_be_cleared(
    db: Database, services: Services, viewer: Viewer
) -> None:
    place, task = await make_empty(services, viewer), await make_task(services, viewer)
    await bind(services, viewer, place, task)
    await services.workspace_life.delete(viewer, str(place.id))
    await services.task_changes.update(viewer, task, TaskPatch(clear=frozenset({"concurrency_key"})))
    assert await key_of(db, viewer, task) is None


async def test_detaching_lets_a_held_run_go_on_and_a_queued_one_wait_no_longer(
    db: Database, services: Services, viewer: Viewer
) -> None:
    place = await make_empty(services, viewer)
    first, second = await queued(services, viewer, 2)
    for run in (first, second):
        await bind(services, viewer, place, run.task_id)
    await services.admission.idle()
    worker = await session(services, viewer, 5)
    assert (await claimed(services, viewer, worker)).id == first.id
    await services.workspaces.detach(viewer, str(place.id), second.task_id)
    await services.admission.idle()
    assert (await claimed(services, viewer, worker)).id == second.id
    await services.workspaces.detach(viewer, str(place.id), first.task_id)
    done = await services.leases.complete(viewer, worker, str(first.id))
    assert done.run.status.value == "completed"


async def test_drafts_and_canceled_tasks_can_be_bound_but_do_not_run(
    db: Database, services: Services, viewer: Viewer
) -> None:
    place, canceled = await make_empty(services, viewer), await make_task(services, viewer)
    await services.tasks.cancel(viewer, canceled)
    draft = (await services.tasks.create(viewer, TaskDraft(title="d", scope=TaskScope.GLOBAL, draft=True))).task.id
    for task, status in ((canceled, TaskStatus.CANCELED), (draft, TaskStatus.DRAFT)):
        await bind(services, viewer, place, task)
        with pytest.raises(TaskloomError):
            await services.tasks.enqueue(viewer, task, action="start")
        assert (await task_now(db, viewer, task)).status is status


async def test_a_task_one_may_only_read_is_not_made_to_write(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    home = await make_empty(services, viewer)
    task = await make_task(services, viewer, "theirs", workspace_id=home.id)
    await share(db, viewer, home.id, colleague)
    place = await make_empty(services, colleague)
    async with unchanged(db):
        with pytest.raises(Forbidden):
            await bind(services, colleague, place, task)
    await bind(services, colleague, place, task, mutates=False)


class Storm:
    """Workers that claim and end runs, and people who bind, unbind and queue again."""

    def __init__(self, viewer: Viewer, there: list[WorkspaceRow], made: list[RunRow]) -> None:
        self.viewer = viewer
        self.places = there
        self.tasks = [run.task_id for run in made]
        self.chance = random.Random(11)
        self.over = asyncio.Event()
        self.ended: set[UUID] = set()
        self.bound = 0

    async def work(self, on: Services) -> None:
        """Until it is over."""
        id = await session(on, self.viewer, 3)
        while not self.over.is_set():
            given = await on.leases.claim(self.viewer, id, limit=2)
            for moved in given.runs:
                if self.chance.random() < 0.6:
                    await on.leases.complete(self.viewer, id, str(moved.run.id))
                    self.ended.add(moved.run.id)
                else:
                    await on.leases.release(self.viewer, id, str(moved.run.id))
            if not given.runs:
                await on.admission.run_once()

    async def bind(self, on: Services) -> None:
        """So many changes; a task that has completed gets its next run."""
        for _ in range(40):
            task = self.chance.choice(self.tasks)
            try:
                await self._change(on, self.chance.choice(self.places), task)
                self.bound += 1
            except (Conflict, NotFound):
                pass
            await asyncio.gather(on.tasks.enqueue(self.viewer, task, action="start"), return_exceptions=True)

    async def _change(self, on: Services, place: WorkspaceRow, task: str) -> None:
        match self.chance.randrange(4):
            case 0 | 1:
                await bind(on, self.viewer, place, task, mutates=self.chance.random() < 0.8)
            case 2:
                await rebind(on, self.viewer, place, task, mutates=self.chance.random() < 0.7)
            case _:
                await on.workspaces.detach(self.viewer, str(place.id), task)


async def test_never_two_at_once_in_a_storm(db: Database, services: Services, viewer: Viewer) -> None:
    """In two processes, while tasks are bound, unbound and said anew."""
    async with db.connection(Lane.IMPORTS) as admin:
        await admin.execute(WATCH)
    both = (services, build_services(db))
    made = await queued(services, viewer, 12, max_attempts=10)
    storm = Storm(viewer, await places(services, viewer, 3), made)
    working = [asyncio.create_task(storm.work(on)) for on in both for _ in range(4)]
    await asyncio.gather(*[storm.bind(on) for on in both for _ in range(2)])
    storm.over.set()
    await asyncio.gather(*working)
    await both[1].idle()
    row = await db.fetchrow(MOST)
    assert row is not None
    assert row["most"] == 1
    assert (storm.bound > 20, len(storm.ended) > 12) == (True, True)


async def test_a_run_that_was_offered_waits_anew_under_the_key(
    db: Database, services: Services, viewer: Viewer
) -> None:
    place = await make_empty(services, viewer)
    first, second = await queued(services, viewer, 2)
    for run in (first, second):
        await bind(services, viewer, place, run.task_id)
    await services.admission.idle()
    now = [await run_now(db, viewer, run.id) for run in (first, second)]
    key = f"workspace:{place.id}"
    assert [(run.claimable, run.gated, run.concurrency_key) for run in now] == [(True, True, key), (False, True, key)]


async def test_the_key_goes_with_its_workspace(db: Database, services: Services, viewer: Viewer) -> None:
    place, other = await make_empty(services, viewer), await make_empty(services, viewer, title="other")
    run, apart = await queued(services, viewer, 2)
    for task in (run.task_id, apart.task_id):
        await bind(services, viewer, place, task)
    await bind(services, viewer, other, apart.task_id)
    await services.workspace_life.delete(viewer, str(place.id))
    assert (await task_now(db, viewer, run.task_id)).concurrency_key is None
    assert (await task_now(db, viewer, apart.task_id)).concurrency_key == f"workspace:{other.id}"
    await services.admission.idle()
    worker = await session(services, viewer, 5)
    assert len((await services.leases.claim(viewer, worker, limit=5)).runs) == 2
