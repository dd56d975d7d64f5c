"""Batched reads of conversations: threads, turns, messages, and what runs are asked."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar
from uuid import UUID

from app.domain.paging import Page, decode_cursor, encode_cursor
from app.loaders.pages import Count
from app.loaders.places import damaged, instant_of, uuid_of
from app.loaders.reader import Reader, in_key_order
from app.storage import messages, threads
from app.storage.rows.thread import AgentSpecRow, MessageRow, QuestionRow, ThreadRow, TurnRow
from app.storage.threads import Place

Item = TypeVar("Item")
# Of what, after which place, at most how many. Cursors are read before, so that a damaged one hurts its own page alone.
Pages = tuple[UUID, Place | None, int]
TurnPages = tuple[UUID, int | None, int]
THREADS: Final = "threads"
TURNS: Final = "turns"
MESSAGES: Final = "messages"


async def agent_spec_by_id(reader: Reader, ids: Sequence[UUID]) -> list[AgentSpecRow | None]:
    """Agents of the viewer's tenant, deleted ones too."""
    rows = await threads.agents(reader.db, reader.viewer.tenant_id, ids)
    return in_key_order(ids, ((row.id, row) for row in rows))


async def thread_by_id(reader: Reader, ids: Sequence[UUID]) -> list[ThreadRow | None]:
    """The viewer's own threads."""
    rows = await threads.own_by_id(reader.db, reader.viewer.tenant_id, reader.viewer.user_id, ids)
    return in_key_order(ids, ((row.id, row) for row in rows))


async def thread_by_run(reader: Reader, run_ids: Sequence[UUID]) -> list[ThreadRow | None]:
    """The viewer's own threads to which runs belong."""
    viewer = reader.viewer
    return in_key_order(run_ids, await threads.own_by_run(reader.db, viewer.tenant_id, viewer.user_id, run_ids))


async def threads_by_workspace(reader: Reader, keys: Sequence[Pages]) -> list[Page[ThreadRow]]:
    """Pages of the viewer's threads on workspaces that were seen already, last changed first."""
    viewer = reader.viewer
    asked, most = [(id, place) for id, place, _ in keys], _most(keys)
    found = await threads.pages(reader.db, viewer.tenant_id, viewer.user_id, asked, most=most)
    return _paged(keys, found, lambda row: encode_cursor(THREADS, (row.updated_at.isoformat(), str(row.id))))


async def all_threads(reader: Reader, workspace_id: UUID) -> tuple[ThreadRow, ...]:
    """All of the viewer's threads on a workspace: the workspaces API has no pages of these."""
    viewer = reader.viewer
    return tuple(await threads.all_of(reader.db, viewer.tenant_id, viewer.user_id, workspace_id))


def thread_count(reader: Reader, workspace_id: UUID) -> Count:
    """Counts the viewer's threads on a workspace, when it is asked to."""
    viewer = reader.viewer
    return lambda: threads.count(reader.db, viewer.tenant_id, viewer.user_id, workspace_id)


async def latest_turn_by_thread(reader: Reader, thread_ids: Sequence[UUID]) -> list[TurnRow | None]:
    """The newest turns of threads that were seen already."""
    rows = await threads.latest_turns(reader.db, reader.viewer.tenant_id, thread_ids)
    return in_key_order(thread_ids, ((row.thread_id, row) for row in rows))


async def last_event_by_run(reader: Reader, run_ids: Sequence[UUID]) -> list[int | None]:
    """The sequences of the last events of runs that were seen already."""
    return in_key_order(run_ids, await threads.last_events(reader.db, reader.viewer.tenant_id, run_ids))


async def turn_by_id(reader: Reader, ids: Sequence[UUID]) -> list[TurnRow | None]:
    """Turns of the viewer's own threads."""
    rows = await threads.own_turns(reader.db, reader.viewer.tenant_id, reader.viewer.user_id, ids)
    return in_key_order(ids, ((row.id, row) for row in rows))


async def turns_by_thread(reader: Reader, keys: Sequence[TurnPages]) -> list[Page[TurnRow]]:
    """Pages of the turns of threads that were seen already, newest first."""
    asked = [(id, before) for id, before, _ in keys]
    found = await threads.turn_pages(reader.db, reader.viewer.tenant_id, asked, most=_most(keys))
    return _paged(keys, found, lambda row: encode_cursor(TURNS, (row.number,)))


async def message_by_id(reader: Reader, ids: Sequence[UUID]) -> list[MessageRow | None]:
    """Messages of the viewer's own threads."""
    rows = await messages.own_by_id(reader.db, reader.viewer.tenant_id, reader.viewer.user_id, ids)
    return in_key_order(ids, ((row.id, row) for row in rows))


async def message_by_turn(reader: Reader, turn_ids: Sequence[UUID]) -> list[MessageRow | None]:
    """The messages that opened turns which were seen already."""
    rows = await messages.opening(reader.db, reader.viewer.tenant_id, turn_ids)
    return in_key_order(turn_ids, ((row.turn_id, row) for row in rows if row.turn_id is not None))


async def messages_by_thread(reader: Reader, keys: Sequence[Pages]) -> list[Page[MessageRow]]:
    """Pages of the messages of threads that were seen already, newest first; what is written later moves none."""
    asked = [(id, place) for id, place, _ in keys]
    found = await messages.pages(reader.db, reader.viewer.tenant_id, asked, most=_most(keys))
    return _paged(keys, found, lambda row: encode_cursor(MESSAGES, (row.created_at.isoformat(), str(row.id))))


def message_count(reader: Reader, thread_id: UUID) -> Count:
    """Counts the messages of a thread, when it is asked to."""
    return lambda: messages.count(reader.db, reader.viewer.tenant_id, thread_id)


async def question_by_run(reader: Reader, run_ids: Sequence[UUID]) -> list[QuestionRow | None]:
    """What runs are asked, as far as the viewer is to answer it or asked it."""
    rows = await messages.questions(reader.db, reader.viewer.tenant_id, reader.viewer.user_id, run_ids)
    return in_key_order(run_ids, ((row.run_id, row) for row in rows))


async def history_by_question(reader: Reader, keys: Sequence[tuple[QuestionRow, int]]) -> list[list[MessageRow]]:
    """At most so many messages before each question that was seen already, the oldest first."""
    asked = [(question.thread_id, (question.created_at, question.message_id)) for question, _ in keys]
    most = max(count for _, count in keys)
    found: list[list[MessageRow]] = [[] for _ in keys]
    for number, row in await messages.pages(reader.db, reader.viewer.tenant_id, asked, most=most):
        found[number].append(row)
    return [rows[:count][::-1] for rows, (_, count) in zip(found, keys, strict=True)]


def thread_place(after: str | None) -> Place | None:
    """Where a page of threads starts; refused if the cursor is of another list."""
    return _place(THREADS, after)


def message_place(after: str | None) -> Place | None:
    """Where a page of messages starts; refused if the cursor is of another list."""
    return _place(MESSAGES, after)


def turn_place(after: str | None) -> int | None:
    """The number before which a page of turns starts; refused if the cursor is of another list."""
    found = decode_cursor(TURNS, after, 1)
    if found is None:
        return None
    number = found[0]
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 2**31:
        raise damaged()
    return number


def _place(name: str, after: str | None) -> Place | None:
    found = decode_cursor(name, after, 2)
    return None if found is None else (instant_of(found[0]), uuid_of(found[1]))


def _most(keys: Sequence[tuple[UUID, object, int]]) -> int:
    """One more than the longest page, so that each knows whether more follow."""
    return max(first for _, _, first in keys) + 1


def _paged(
    keys: Sequence[tuple[UUID, object, int]], found: Sequence[tuple[int, Item]], cursor_of: Callable[[Item], str]
) -> list[Page[Item]]:
    lists: list[list[Item]] = [[] for _ in keys]
    for number, row in found:
        lists[number].append(row)
    return [
        Page(
            items=tuple(rows[:first]),
            cursors=tuple(cursor_of(row) for row in rows[:first]),
            has_next=len(rows) > first,
            has_previous=place is not None,
        )
        for rows, (_, place, first) in zip(lists, keys, strict=True)
    ]
