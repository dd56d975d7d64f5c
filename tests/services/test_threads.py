"""Conversations: begun, continued turn by turn, answered by the agent of the workspace, and seen by their author."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

import orjson
import pytest

from app.db.engine import Database
from app.domain.access.credentials import Scope
from app.domain.access.policy import Action
from app.domain.access.viewer import UserRole, Viewer
from app.domain.conversation import CONTENT_LENGTH_MAX, TurnStatus
from app.domain.errors import BadInput, Conflict, Forbidden, NotFound, WorkspaceArchived
from app.loaders import threads as loaders
from app.loaders.reader import Reader
from app.services.registry import Services
from app.services.reports import Report
from app.storage import events, leases, tasks
from app.storage.events import Range
from app.storage.rows.thread import MessageRow
from tests.services.test_leases import AGE_LEASES
from tests.support.grid import archive, make_empty, share, unchanged, unshare
from tests.support.log import event_types
from tests.support.people import make_viewer
from tests.support.sharing import share_with
from tests.support.talk import agent, answer, begin, history, say, spoken, take, turn_now

NOBODY = "01900000-0000-7000-8000-000000000000"


def said(found: list[MessageRow]) -> list[tuple[str, str]]:
    """Who said what, the newest first."""
    return [(message.role.value, message.content) for message in found]


async def test_a_thread_is_always_a_new_one_of_its_author(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    one, two = await begin(services, viewer, place.id), await begin(services, viewer, place.id)
    assert one.id != two.id
    assert one.agent_spec_id == two.agent_spec_id
    assert (one.workspace_id, one.user_id, one.title, one.task_id, one.turn_count) == (
        place.id,
        viewer.user_id,
        None,
        None,
        0,
    )
    assert (await event_types(db, viewer.tenant_id))[-2:] == ["workspace.thread_created"] * 2


async def test_many_first_threads_at_once_have_one_agent(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    made = await asyncio.gather(*[begin(services, viewer, place.id) for _ in range(8)])
    assert len({thread.agent_spec_id for thread in made}) == 1
    assert (await spoken(db))["agents"] == 1


async def test_each_tenant_has_an_agent_of_its_own(services: Services, viewer: Viewer, outsider: Viewer) -> None:
    ours = await begin(services, viewer, (await make_empty(services, viewer)).id)
    theirs = await begin(services, outsider, (await make_empty(services, outsider)).id)
    assert ours.agent_spec_id != theirs.agent_spec_id


async def test_a_message_opens_a_turn_that_is_a_run(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer, "Sales")
    thread = await begin(services, viewer, place.id)
    posted = await say(services, viewer, thread, "  Why did it rain\n so much in spring?  ")
    assert posted.run is not None
    assert posted.thread.title == "Why did it rain so much in spring?"
    assert posted.thread.updated_at > thread.updated_at
    assert (posted.turn.number, posted.turn.status, posted.turn.run_id) == (1, TurnStatus.PENDING, posted.run.id)
    assert posted.message.content == "  Why did it rain\n so much in spring?  "
    assert (posted.message.created_by, posted.message.turn_id) == (viewer.user_id, posted.turn.id)
    (task,) = await tasks.by_id(db, viewer.tenant_id, [posted.run.task_id])
    assert (task.title, task.workspace_id, task.id) == ("Conversation: Sales", place.id, posted.thread.task_id)
    assert task.created_by_kind.value == "daemon"
    assert posted.run.metadata == {
        "threadId": str(thread.id),
        "turnId": str(posted.turn.id),
        "messageId": str(posted.message.id),
    }
    assert (await event_types(db, viewer.tenant_id))[-3:] == [
        "task.created",
        "task.run_enqueued",
        "workspace.message_posted",
    ]
    assert said(await history(db, viewer, thread.id)) == [("user", posted.message.content)]


async def test_the_agent_of_the_workspace_answers(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    thread = await begin(services, viewer, place.id)
    posted = await say(services, viewer, thread, "Why?")
    worker = await agent(services, viewer, place.id)
    given = await take(services, viewer, worker)
    assert given.run.id == posted.turn.run_id
    assert (await turn_now(db, viewer, thread.id)).status is TurnStatus.RUNNING
    await services.leases.complete(
        viewer, worker, str(given.run.id), result={"content": "Because.", "rawData": {"k": 1}}
    )
    turn = await turn_now(db, viewer, thread.id)
    assert turn.status is TurnStatus.COMPLETED
    newest, oldest = await history(db, viewer, thread.id)
    assert said([newest, oldest]) == [("assistant", "Because."), ("user", "Why?")]
    assert (newest.id, newest.turn_id, newest.created_by) == (turn.answer_id, turn.id, None)
    assert newest.created_at == turn.ended_at
    assert newest.duration_seconds == pytest.approx((newest.created_at - turn.created_at).total_seconds(), abs=1e-5)
    assert (newest.raw_data, newest.format.value) == ({"k": 1}, "pydantic_ai")
    assert (oldest.raw_data, oldest.format.value, oldest.duration_seconds) == (None, "text", None)


@pytest.mark.parametrize(
    ("result", "transcript", "content"),
    [
        ({"content": "words"}, "noise", "words"),
        ("words", "noise", "words"),
        ({"rows": 3}, "what was typed", "what was typed"),
        ({"rows": 3}, None, '{"rows":3}'),
        ({"content": 7}, None, '{"content":7}'),
        ([1, "a"], None, '[1,"a"]'),
        (None, "only this", "only this"),
        (None, None, ""),
    ],
)
async def test_an_answer_is_what_the_run_gave(
    db: Database, services: Services, viewer: Viewer, result: object, transcript: str | None, content: str
) -> None:
    place = await make_empty(services, viewer)
    thread = await begin(services, viewer, place.id)
    await say(services, viewer, thread)
    worker = await agent(services, viewer, place.id)
    given = await take(services, viewer, worker)
    if transcript is not None:
        await services.leases.report(viewer, worker, str(given.run.id), Report(transcript_append=transcript))
    await services.leases.complete(viewer, worker, str(given.run.id), result=result)
    assert said(await history(db, viewer, thread.id))[0] == ("assistant", content)


async def test_a_failed_turn_says_why_and_the_next_one_starts_to_count_anew(
    db: Database, services: Services, viewer: Viewer
) -> None:
    place = await make_empty(services, viewer)
    thread = await begin(services, viewer, place.id)
    worker = await agent(services, viewer, place.id)
    for number in range(1, 5):
        posted = await say(services, viewer, thread)
        assert posted.turn.number == number
        given = await take(services, viewer, worker)
        await services.leases.report(viewer, worker, str(given.run.id), Report(transcript_append="so far"))
        await services.leases.fail(viewer, worker, str(given.run.id), error="no model")
        failed = (await history(db, viewer, thread.id))[0]
        assert (failed.content, failed.canceled, failed.id) == ("so far", False, posted.turn.answer_id)
        assert failed.error is not None
        assert (failed.error.code, failed.error.description, failed.error.retryable) == ("run_failed", "no model", True)
        assert failed.error.reference_id == str(posted.turn.run_id)
    assert (await turn_now(db, viewer, thread.id)).status is TurnStatus.FAILED


async def test_a_turn_whose_agents_vanish_ends_as_expired(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    thread = await begin(services, viewer, place.id)
    await say(services, viewer, thread)
    for _ in range(3):
        worker = await agent(services, viewer, place.id)
        await take(services, viewer, worker)
        await db.fetch(AGE_LEASES, tenant_id=viewer.tenant_id)
        await leases.expire(db, viewer.tenant_id, most=10)
    assert (await turn_now(db, viewer, thread.id)).status is TurnStatus.FAILED
    newest = (await history(db, viewer, thread.id))[0]
    assert newest.error is not None
    assert (newest.content, newest.error.code, newest.error.description) == ("", "lease_expired", "lease expired")
    again = await say(services, viewer, thread)
    assert (again.turn.status, again.thread.task_id) == (TurnStatus.PENDING, again.run and again.run.task_id)


async def test_a_canceled_turn_keeps_what_arrived_and_the_conversation_goes_on(
    db: Database, services: Services, viewer: Viewer
) -> None:
    place = await make_empty(services, viewer)
    thread = await begin(services, viewer, place.id)
    first = await say(services, viewer, thread, "One")
    worker = await agent(services, viewer, place.id)
    given = await take(services, viewer, worker)
    await services.leases.report(viewer, worker, str(given.run.id), Report(transcript_append="Half an"))
    await services.tasks.cancel_run(viewer, str(given.run.id))
    newest = (await history(db, viewer, thread.id))[0]
    assert (newest.content, newest.canceled, newest.error) == ("Half an", True, None)
    second = await say(services, viewer, thread, "Two")
    assert (second.turn.number, second.turn.status) == (2, TurnStatus.PENDING)
    assert second.thread.task_id not in (None, first.thread.task_id)
    assert second.thread.title == "One"
    await answer(services, viewer, await agent(services, viewer, place.id), "Whole")
    assert said(await history(db, viewer, thread.id)) == [
        ("assistant", "Whole"),
        ("user", "Two"),
        ("assistant", "Half an"),
        ("user", "One"),
    ]


async def test_answers_go_with_their_task_and_the_conversation_goes_on(
    db: Database, services: Services, viewer: Viewer
) -> None:
    place = await make_empty(services, viewer)
    thread = await begin(services, viewer, place.id)
    posted = await say(services, viewer, thread, "One", key="k")
    await answer(services, viewer, await agent(services, viewer, place.id), "gone soon")
    await services.task_changes.delete(viewer, str(posted.thread.task_id))
    assert [(m.role.value, m.content, m.canceled) for m in await history(db, viewer, thread.id)] == [
        ("assistant", "", True),
        ("user", "One", False),
    ]
    assert (await turn_now(db, viewer, thread.id)).status is TurnStatus.CANCELED
    assert (await say(services, viewer, thread, "One", key="k")).run is None
    assert (await say(services, viewer, thread, "Two")).turn.number == 2


async def test_one_turn_at_a_time(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    thread = await begin(services, viewer, place.id)
    first = await say(services, viewer, thread)
    before = await spoken(db)
    async with unchanged(db):
        with pytest.raises(Conflict) as refused:
            await say(services, viewer, thread)
    assert refused.value.facts == {"reason": "turn_open", "turnId": str(first.turn.id)}
    assert await spoken(db) == before
    await answer(services, viewer, await agent(services, viewer, place.id), "now")
    assert (await say(services, viewer, thread)).turn.number == 2


@pytest.mark.parametrize("started", [False, True])
async def test_of_many_messages_at_once_one_opens_a_turn(
    db: Database, services: Services, viewer: Viewer, started: bool
) -> None:
    place = await make_empty(services, viewer)
    thread = await begin(services, viewer, place.id)
    if started:
        await say(services, viewer, thread)
        await answer(services, viewer, await agent(services, viewer, place.id), "done")
    before = await spoken(db)
    told = await asyncio.gather(*[say(services, viewer, thread, f"m{n}") for n in range(6)], return_exceptions=True)
    assert [type(one) for one in told if isinstance(one, BaseException)] == [Conflict] * 5
    after = await spoken(db)
    assert {name: after[name] - before[name] for name in ("turns", "messages", "lineage")} == {
        "turns": 1,
        "messages": 1,
        "lineage": 1,
    }


async def test_the_same_key_answers_the_first_message(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    thread, other = await begin(services, viewer, place.id), await begin(services, viewer, place.id)
    told = await asyncio.gather(*[say(services, viewer, thread, f"m{n}", key="k") for n in range(5)])
    assert len({(one.message.id, one.turn.id, one.run and one.run.id) for one in told}) == 1
    assert [one.sequence is not None for one in told].count(True) == 1
    await answer(services, viewer, await agent(services, viewer, place.id), "done")
    again = await say(services, viewer, thread, "other words", key="k")
    assert (again.message.content, again.turn.status, again.sequence) == (
        told[0].message.content,
        TurnStatus.COMPLETED,
        None,
    )
    assert (await say(services, viewer, other, "mine", key="k")).message.content == "mine"
    await archive(db, place.id)
    assert (await say(services, viewer, thread, "late", key="k")).message.id == again.message.id


@pytest.mark.parametrize("content", ["", " \n ", "a\x00b", "\ud800", "x" * (CONTENT_LENGTH_MAX + 1)])
async def test_what_is_no_message_is_refused(db: Database, services: Services, viewer: Viewer, content: str) -> None:
    thread = await begin(services, viewer, (await make_empty(services, viewer)).id)
    async with unchanged(db):
        with pytest.raises(BadInput) as refused:
            await say(services, viewer, thread, content)
    assert refused.value.field == "content"


async def test_an_archived_workspace_takes_no_part(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    thread = await begin(services, viewer, place.id)
    await archive(db, place.id)
    before = await spoken(db)
    async with unchanged(db):
        with pytest.raises(WorkspaceArchived):
            await begin(services, viewer, place.id)
        with pytest.raises(WorkspaceArchived):
            await say(services, viewer, thread)
    assert await spoken(db) == before


async def test_a_deleted_workspace_leaves_conversations_to_their_authors(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    place = await make_empty(services, viewer)
    await share(db, viewer, place.id, colleague)
    thread = await begin(services, colleague, place.id)
    await say(services, colleague, thread, "Mine")
    await answer(services, viewer, await agent(services, viewer, place.id), "Yours")
    await services.workspace_life.delete(viewer, str(place.id))
    kept = await services.access.thread(colleague, thread.id, Action.READ)
    assert (kept.workspace_id, kept.title, kept.scope_kind.value) == (None, "Mine", "general")
    assert said(await history(db, colleague, thread.id)) == [("assistant", "Yours"), ("user", "Mine")]
    with pytest.raises(Conflict) as refused:
        await say(services, colleague, thread)
    assert refused.value.facts == {"reason": "workspace_not_found"}
    with pytest.raises(NotFound):
        await services.access.thread(viewer, thread.id, Action.READ)


async def test_a_conversation_is_seen_by_its_author_alone(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    place = await make_empty(services, viewer)
    await share(db, viewer, place.id, colleague)
    third = await make_viewer(db, email="third@example.com", role=UserRole.MEMBER)
    mine, theirs = await begin(services, viewer, place.id), await begin(services, colleague, place.id)
    for one in (viewer, colleague, outsider, third):
        for thread, author in ((mine, viewer), (theirs, colleague)):
            seen = one is author
            assert await allowed(services.access.thread(one, thread.id, Action.READ)) is seen
            assert await allowed(services.threads.thread_of(one, str(place.id), str(thread.id))) is seen
            assert [row is not None for row in await loaders.thread_by_id(Reader(db, one), [thread.id])] == [seen]
        assert await allowed(services.threads.create(one, str(place.id))) is (one in (viewer, colleague))
    with pytest.raises(NotFound) as hidden:
        await say(services, viewer, theirs)
    with pytest.raises(NotFound) as unknown:
        await services.threads.post(viewer, NOBODY, "hello")
    assert hidden.value.facts["reason"] == unknown.value.facts["reason"] == "session_not_found"
    assert hidden.value.message.replace(str(theirs.id), NOBODY) == unknown.value.message
    await unshare(db, place.id)
    assert not await allowed(services.access.thread(colleague, theirs.id, Action.READ))
    assert await loaders.thread_by_id(Reader(db, colleague), [theirs.id]) == [None]
    with pytest.raises(NotFound):
        await say(services, colleague, theirs)


async def allowed(work: Awaitable[object]) -> bool:
    """Whether something is found."""
    try:
        await work
    except NotFound:
        return False
    return True


async def test_a_key_that_only_reads_does_not_converse(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    thread = await begin(services, viewer, place.id)
    reading = replace(viewer, scopes=frozenset({Scope.READ}))
    async with unchanged(db):
        with pytest.raises(Forbidden):
            await begin(services, reading, place.id)
        with pytest.raises(Forbidden):
            await say(services, reading, thread)
    assert (await services.access.thread(reading, thread.id, Action.READ)).id == thread.id


async def test_a_thread_is_of_one_workspace(services: Services, viewer: Viewer) -> None:
    here, there = await make_empty(services, viewer), await make_empty(services, viewer)
    thread = await begin(services, viewer, here.id)
    assert (await services.threads.thread_of(viewer, str(here.id), str(thread.id))).id == thread.id
    with pytest.raises(NotFound) as refused:
        await services.threads.thread_of(viewer, str(there.id), str(thread.id))
    assert refused.value.facts["reason"] == "session_not_found"
    with pytest.raises(NotFound) as refused:
        await services.threads.thread_of(viewer, NOBODY, str(thread.id))
    assert refused.value.facts["reason"] == "workspace_not_found"


async def test_a_run_that_is_no_turn_keeps_the_next_turn_waiting(services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    thread = await begin(services, viewer, place.id)
    posted = await say(services, viewer, thread)
    worker = await agent(services, viewer, place.id)
    await answer(services, viewer, worker, "done")
    await services.tasks.enqueue(viewer, str(posted.thread.task_id))
    with pytest.raises(Conflict) as refused:
        await say(services, viewer, thread)
    assert refused.value.facts["reason"] == "open_run"
    await answer(services, viewer, worker, "by hand")
    assert (await say(services, viewer, thread)).turn.number == 2


async def test_a_question_is_read_by_its_author_and_by_whoever_is_to_answer(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    place = await make_empty(services, viewer)
    third = await make_viewer(db, email="third@example.com", role=UserRole.MEMBER)
    await share_with(services, viewer, place.id, colleague, third)
    thread = await begin(services, colleague, place.id)
    await say(services, colleague, thread, "Secret one")
    worker = await agent(services, viewer, place.id)
    await answer(services, viewer, worker, "First")
    posted = await say(services, colleague, thread, "Secret two")

    async def read(one: Viewer) -> str | None:
        (found,) = await loaders.question_by_run(Reader(db, one), [posted.turn.run_id])
        return None if found is None else found.content

    assert [await read(one) for one in (viewer, colleague, third)] == [None, "Secret two", None]
    given = await take(services, viewer, worker)
    assert [await read(one) for one in (viewer, colleague, third)] == ["Secret two", "Secret two", None]
    (question,) = await loaders.question_by_run(Reader(db, viewer), [posted.turn.run_id])
    assert question is not None
    full, short = await loaders.history_by_question(Reader(db, viewer), [(question, 9), (question, 1)])
    assert said(full) == [("user", "Secret one"), ("assistant", "First")]
    assert said(short) == [("assistant", "First")]
    await services.leases.release(viewer, worker, str(given.run.id))
    assert [await read(one) for one in (viewer, colleague, third)] == [None, "Secret two", None]
    await take(services, viewer, worker)
    await db.fetch(AGE_LEASES, tenant_id=viewer.tenant_id)
    assert await read(viewer) is None


async def test_events_of_a_conversation_are_its_authors(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    place = await make_empty(services, viewer)
    await share(db, viewer, place.id, colleague)
    thread = await begin(services, colleague, place.id)
    posted = await say(services, colleague, thread, "Secret")
    assert posted.run is not None
    talk = {"workspace.thread_created", "workspace.message_posted"}
    for one, seen in ((viewer, set()), (colleague, talk)):
        found, _ = await events.read_after(db, one.tenant_id, one.user_id, 0, Range(workspace_id=place.id), most=100)
        kinds = {event.type.value for event in found}
        assert kinds & talk == seen
        assert "task.run_enqueued" in kinds
        assert await events.count(db, one.tenant_id, one.user_id, Range(workspace_id=place.id)) == len(found)
        about_the_run = [event for event in found if event.run_id == posted.run.id or event.task_id is not None]
        assert about_the_run
        told = orjson.dumps([[event.payload, event.actor_ref] for event in about_the_run]).decode()
        assert "Secret" not in told
        assert str(colleague.user_id) not in told
