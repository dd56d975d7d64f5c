"""Messages against each other, against the end of the turn before, and against the end of what they hang on."""

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.conversation import TurnStatus
from app.domain.errors import BadInput, Conflict, WorkspaceArchived
from app.services.leases import Moved
from app.services.registry import Services
from app.services.threads import Posted
from app.storage import threads
from app.storage.rows.task import RunRow
from app.storage.rows.thread import ThreadRow
from app.storage.rows.workspace import WorkspaceRow
from tests.support.grid import make_empty
from tests.support.meeting import Meeting
from tests.support.talk import agent, answer, begin, history, say, spoken, take, turn_now


@pytest.fixture
async def place(services: Services, viewer: Viewer) -> WorkspaceRow:
    """Where they talk."""
    return await make_empty(services, viewer)


@pytest.fixture
async def thread(services: Services, viewer: Viewer, place: WorkspaceRow) -> ThreadRow:
    """A conversation without a message."""
    return await begin(services, viewer, place.id)


async def answered(services: Services, viewer: Viewer, thread: ThreadRow) -> str:
    """The task of the conversation, after a turn."""
    posted = await say(services, viewer, thread)
    await answer(services, viewer, await agent(services, viewer, thread.workspace_id), "done")
    return str(posted.thread.task_id)


@pytest.mark.parametrize("started", [False, True], ids=["first message", "later message"])
async def test_two_messages_open_one_turn(
    db: Database,
    viewer: Viewer,
    thread: ThreadRow,
    services: Services,
    order: tuple[Services, Services],
    meeting: Meeting,
    started: bool,
) -> None:
    if started:
        await answered(services, viewer, thread)
    before = await spoken(db)
    gate = await meeting.at_log(viewer)
    first, second = order
    told = await meeting.race(gate, say(first, viewer, thread, "a"), say(second, viewer, thread, "b"))
    assert isinstance(told[0], Posted)
    assert isinstance(told[1], Conflict)
    assert told[1].facts["reason"] == "turn_open"
    after = await spoken(db)
    assert [after[name] - before[name] for name in ("turns", "messages", "lineage")] == [1, 1, 1]
    assert (await history(db, viewer, thread.id))[0].content == "a"


async def test_the_same_message_twice_is_one(
    db: Database, viewer: Viewer, thread: ThreadRow, order: tuple[Services, Services], meeting: Meeting
) -> None:
    gate = await meeting.at_log(viewer)
    first, second = order
    told = await meeting.race(gate, say(first, viewer, thread, "a", key="k"), say(second, viewer, thread, "a", key="k"))
    assert [one.message.id for one in told] == [told[0].message.id] * 2
    assert [one.sequence is None for one in told] == [False, True]


async def held(services: Services, viewer: Viewer, thread: ThreadRow) -> tuple[str, RunRow]:
    """An agent with the run of a turn."""
    await say(services, viewer, thread)
    worker = await agent(services, viewer, thread.workspace_id)
    return worker, (await take(services, viewer, worker)).run


async def test_a_message_after_the_answer_opens_a_turn(
    db: Database,
    services: Services,
    viewer: Viewer,
    thread: ThreadRow,
    order: tuple[Services, Services],
    meeting: Meeting,
) -> None:
    worker, run = await held(services, viewer, thread)
    gate = await meeting.at_task(viewer, run.task_id)
    first, second = order
    done = first.leases.complete(viewer, worker, str(run.id), result="so")
    told = await meeting.race(gate, done, say(second, viewer, thread, "next"))
    assert [type(one) for one in told] == [Moved, Posted]
    found = await history(db, viewer, thread.id)
    assert [one.content for one in found] == ["next", "so", "Why?"]
    assert found[0].created_at > found[1].created_at


async def test_a_message_before_the_answer_is_refused(
    db: Database,
    services: Services,
    viewer: Viewer,
    thread: ThreadRow,
    order: tuple[Services, Services],
    meeting: Meeting,
) -> None:
    worker, run = await held(services, viewer, thread)
    gate = await meeting.at_task(viewer, run.task_id)
    first, second = order
    done = second.leases.complete(viewer, worker, str(run.id), result="so")
    told = await meeting.race(gate, say(first, viewer, thread, "early"), done)
    assert [type(one) for one in told] == [Conflict, Moved]
    assert (await turn_now(db, viewer, thread.id)).status is TurnStatus.COMPLETED


async def test_a_task_that_is_deleted_first_is_followed_by_another(
    db: Database,
    services: Services,
    viewer: Viewer,
    thread: ThreadRow,
    order: tuple[Services, Services],
    meeting: Meeting,
) -> None:
    task_id = await answered(services, viewer, thread)
    gate = await meeting.at_task(viewer, task_id)
    first, second = order
    told = await meeting.race(
        gate, first.task_changes.delete(viewer, task_id), say(second, viewer, thread, "after all")
    )
    assert isinstance(told[1], Posted), told
    assert told[1].thread.task_id not in (None, task_id)
    (kept,) = await threads.by_id(db, viewer.tenant_id, [thread.id])
    assert (kept.task_id, kept.turn_count) == (told[1].thread.task_id, 2)


async def test_a_task_with_an_open_turn_is_not_deleted(
    services: Services, viewer: Viewer, thread: ThreadRow, order: tuple[Services, Services], meeting: Meeting
) -> None:
    task_id = await answered(services, viewer, thread)
    gate = await meeting.at_task(viewer, task_id)
    first, second = order
    told = await meeting.race(gate, say(first, viewer, thread), second.task_changes.delete(viewer, task_id))
    assert [type(one) for one in told] == [Posted, BadInput]


async def test_no_message_slips_in_behind_the_end_of_its_workspace(
    db: Database,
    viewer: Viewer,
    place: WorkspaceRow,
    thread: ThreadRow,
    order: tuple[Services, Services],
    meeting: Meeting,
) -> None:
    gate = await meeting.at_log(viewer)
    first, second = order
    told = await meeting.race(gate, first.workspace_life.delete(viewer, str(place.id)), say(second, viewer, thread))
    assert isinstance(told[1], Conflict)
    assert told[1].facts == {"reason": "workspace_not_found"}
    assert await history(db, viewer, thread.id) == []


async def test_a_message_before_the_end_of_its_workspace_stays(
    db: Database,
    viewer: Viewer,
    place: WorkspaceRow,
    thread: ThreadRow,
    order: tuple[Services, Services],
    meeting: Meeting,
) -> None:
    gate = await meeting.at_log(viewer)
    first, second = order
    told = await meeting.race(gate, say(first, viewer, thread), second.workspace_life.delete(viewer, str(place.id)))
    assert isinstance(told[0], Posted)
    assert [one.content for one in await history(db, viewer, thread.id)] == ["Why?"]


async def test_no_message_and_no_thread_slip_into_the_archive(
    db: Database,
    viewer: Viewer,
    place: WorkspaceRow,
    thread: ThreadRow,
    order: tuple[Services, Services],
    meeting: Meeting,
) -> None:
    before = await spoken(db)
    gate = await meeting.at_log(viewer)
    first, second = order
    told = await meeting.race(
        gate,
        first.workspace_life.archive(viewer, str(place.id)),
        say(second, viewer, thread),
        second.threads.create(viewer, str(place.id)),
    )
    assert [type(one) for one in told[1:]] == [WorkspaceArchived] * 2
    assert await spoken(db) == before
