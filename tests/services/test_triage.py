"""Triage: what each mark sets, that it is nobody else's business, and what makes a task unread again."""

from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.credentials import Scope
from app.domain.access.viewer import Viewer
from app.domain.errors import Forbidden, NotFound, TaskloomError
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.status import TaskScope
from app.domain.tasks.triage import Mark, Triage
from app.loaders.reader import Reader
from app.loaders.task_detail import attention_by_task
from app.services.registry import Services
from app.services.reports import Report
from app.storage.statements import composed
from tests.services.test_leases import claimed, queued, session, task_now
from tests.support.log import event_types
from tests.support.work import Task, put

MARKS = composed("SELECT * FROM task_triage ORDER BY tenant_id, actor_ref, task_id")


async def made(services: Services, viewer: Viewer) -> str:
    """The id of a new task."""
    return (await services.tasks.create(viewer, TaskDraft(title="task", scope=TaskScope.GLOBAL))).task.id


async def now(db: Database, viewer: Viewer, task_id: str) -> Triage:
    """What holds for the viewer."""
    (found,) = await attention_by_task(Reader(db, viewer), [task_id])
    assert found is not None
    return found.triage


async def kept(db: Database) -> list[dict[str, Any]]:
    """Every mark that is stored."""
    return [dict(row) for row in await db.fetch(MARKS)]


async def refused(db: Database, work: Awaitable[object], refusal: type[TaskloomError]) -> None:
    """The refusal, after proving that no mark was stored."""
    before = await kept(db)
    with pytest.raises(refusal):
        await work
    assert await kept(db) == before


@pytest.mark.parametrize(
    ("marks", "archived", "dismissed"),
    [
        ([Mark.READ], False, False),
        ([Mark.DISMISS], False, True),
        ([Mark.ARCHIVE], True, False),
        ([Mark.DISMISS, Mark.READ], False, False),
        ([Mark.DISMISS, Mark.ARCHIVE], True, False),
        ([Mark.ARCHIVE, Mark.READ], True, False),
        ([Mark.ARCHIVE, Mark.DISMISS], True, True),
        ([Mark.ARCHIVE, Mark.DISMISS, Mark.READ], True, False),
    ],
    ids=lambda given: "-".join(given) if isinstance(given, list) else str(given),
)
async def test_what_each_mark_sets_and_keeps(
    db: Database, services: Services, viewer: Viewer, marks: list[Mark], archived: bool, dismissed: bool
) -> None:
    id = await made(services, viewer)
    task = await task_now(db, viewer, id)
    for mark in marks:
        found = await services.triage.mark(viewer, id, mark)
    assert (found.task_id, found.actor, found.read) == (id, viewer.actor, True)
    assert (found.archived, found.dismissed) == (archived, dismissed)
    assert found.last_seen_activity_at == task.updated_at
    assert await now(db, viewer, id) == found
    # Neither the task nor the log knows of it.
    assert await task_now(db, viewer, id) == task
    assert await event_types(db, viewer.tenant_id) == ["task.created"]


async def test_a_task_that_was_never_marked_is_unread(db: Database, services: Services, viewer: Viewer) -> None:
    id = await made(services, viewer)
    assert await now(db, viewer, id) == Triage(
        task_id=id,
        actor=viewer.actor,
        read=False,
        archived=False,
        dismissed=False,
        last_seen_activity_at=None,
        updated_at=None,
    )


@pytest.mark.parametrize("mark", list(Mark))
async def test_repeating_a_mark_changes_nothing(db: Database, services: Services, viewer: Viewer, mark: Mark) -> None:
    id = await made(services, viewer)
    first = await services.triage.mark(viewer, id, mark)
    before = await kept(db)
    assert await services.triage.mark(viewer, id, mark) == first
    assert await kept(db) == before


async def test_a_claim_makes_it_unread_and_brings_it_back_but_signs_of_life_do_not(
    db: Database, services: Services, viewer: Viewer
) -> None:
    (run,) = await queued(services, viewer)
    await services.triage.mark(viewer, run.task_id, Mark.DISMISS)
    worker = await session(services, viewer)
    await claimed(services, viewer, worker)
    back = await now(db, viewer, run.task_id)
    assert (back.read, back.dismissed) == (False, False)

    await services.triage.mark(viewer, run.task_id, Mark.DISMISS)
    await services.leases.heartbeat(viewer, worker, str(run.id), seconds=60)
    await services.leases.report(viewer, worker, str(run.id), Report(fraction=0.5, message="half"))
    assert (await event_types(db, viewer.tenant_id))[-2:] == ["task.run_lease_extended", "task.run_reported"]
    same = await now(db, viewer, run.task_id)
    assert (same.read, same.dismissed) == (True, True)

    await services.leases.complete(viewer, worker, str(run.id))
    done = await now(db, viewer, run.task_id)
    assert (done.read, done.dismissed) == (False, False)


async def test_nothing_takes_a_task_out_of_the_archive(db: Database, services: Services, viewer: Viewer) -> None:
    id = await made(services, viewer)
    await services.triage.mark(viewer, id, Mark.ARCHIVE)
    await services.tasks.enqueue(viewer, id)
    found = await now(db, viewer, id)
    assert (found.read, found.archived) == (True, True)


async def test_a_mark_is_its_actors_own(db: Database, services: Services, viewer: Viewer, colleague: Viewer) -> None:
    id = await made(services, viewer)
    mine = await services.triage.mark(viewer, id, Mark.ARCHIVE)
    theirs = await services.triage.mark(colleague, id, Mark.READ)
    assert (theirs.actor, theirs.archived) == (colleague.actor, False)
    assert await now(db, viewer, id) == mine


async def test_what_one_may_not_see_is_not_found(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    then = utc_now() - timedelta(minutes=1)
    private = Task(id="private", status="ready", created_at=then, updated_at=then, place="own")
    await put(db, viewer, colleague, [private])
    for who, id in (
        (colleague, "private"),
        (outsider, "private"),
        (viewer, "nothing"),
        (viewer, " "),
        (viewer, "\x00"),
    ):
        for mark in Mark:
            await refused(db, services.triage.mark(who, id, mark), NotFound)


async def test_a_key_that_only_reads_marks_nothing(db: Database, services: Services, viewer: Viewer) -> None:
    id = await made(services, viewer)
    await refused(db, services.triage.mark(replace(viewer, scopes=frozenset({Scope.READ})), id, Mark.READ), Forbidden)


async def test_whoever_asked_is_told_of_each_mark(services: Services, viewer: Viewer) -> None:
    told: list[tuple[object, object]] = []
    services.triage.on_mark(lambda tenant_id, user_id: told.append((tenant_id, user_id)))
    id = await made(services, viewer)
    await services.triage.mark(viewer, id, Mark.READ)
    assert told == [(viewer.tenant_id, viewer.user_id)]


async def test_a_deleted_task_takes_everybodys_marks_with_it(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    id = await made(services, viewer)
    for who in (viewer, colleague):
        await services.triage.mark(who, id, Mark.READ)
    assert len(await kept(db)) == 2
    await services.task_changes.delete(viewer, id)
    assert await kept(db) == []
