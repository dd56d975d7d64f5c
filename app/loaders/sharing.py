"""Batched reads of shares, tags and activity."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.domain.paging import Page, decode_cursor, encode_cursor
from app.loaders.pages import Count
from app.loaders.places import damaged, uuid_of
from app.loaders.reader import Reader, grouped, in_key_order
from app.storage import activity, people, shares, tags
from app.storage.rows.activity import ActivityRow
from app.storage.rows.identity import UserRow
from app.storage.rows.share import ShareRow, TagRow
from app.storage.rows.task import RunRow
from app.storage.rows.workspace import WorkspaceRow

Counted = tuple[UUID, int]
WORKSPACE_RUNS: Final = "workspace runs"
TAGS: Final = "tags"
USERS: Final = "users"


async def share_by_workspace(reader: Reader, workspace_ids: Sequence[UUID]) -> list[ShareRow | None]:
    """The shares of workspaces that were seen already, also where there is no record."""
    rows = await shares.by_workspace(reader.db, reader.viewer.tenant_id, workspace_ids)
    return in_key_order(workspace_ids, ((row.workspace_id, row) for row in rows))


async def recipients_by_workspace(reader: Reader, workspace_ids: Sequence[UUID]) -> list[list[UserRow]]:
    """Whom the viewer's own workspaces are shared with, or were; only an owner may ask."""
    rows = await shares.recipients(reader.db, reader.viewer.tenant_id, workspace_ids)
    return grouped(workspace_ids, ((row.workspace_id, row.user) for row in rows))


async def tag_by_id(reader: Reader, ids: Sequence[UUID]) -> list[TagRow | None]:
    """Tags of the viewer's tenant."""
    rows = await tags.by_id(reader.db, reader.viewer.tenant_id, ids)
    return in_key_order(ids, ((row.id, row) for row in rows))


async def tags_by_workspace(reader: Reader, workspace_ids: Sequence[UUID]) -> list[list[TagRow]]:
    """The tags of workspaces that were seen already, in order."""
    return grouped(workspace_ids, await tags.by_workspace(reader.db, reader.viewer.tenant_id, workspace_ids))


async def workspaces_by_tag(reader: Reader, keys: Sequence[Counted]) -> list[list[WorkspaceRow]]:
    """The workspaces that the viewer may read and that bear each tag, at most so many each, last changed first."""
    viewer = reader.viewer
    ids = list(dict.fromkeys(id for id, _ in keys))
    found = await tags.workspaces(reader.db, viewer.tenant_id, viewer.user_id, ids, most=max(n for _, n in keys))
    by_tag = dict(zip(ids, grouped(ids, found), strict=True))
    return [by_tag[id][:most] for id, most in keys]


async def activity_by_workspace(reader: Reader, keys: Sequence[Counted]) -> list[list[ActivityRow]]:
    """What happened on workspaces that were seen already, newest first, at most so many items each."""
    viewer = reader.viewer
    ids = list(dict.fromkeys(id for id, _ in keys))
    most = max(n for _, n in keys)
    rows = await activity.of_workspaces(reader.db, viewer.tenant_id, viewer.user_id, ids, most=most)
    by_workspace = dict(zip(ids, grouped(ids, ((row.workspace_id, row) for row in rows)), strict=True))
    return [by_workspace[id][:count] for id, count in keys]


async def run_page(reader: Reader, workspace_id: UUID, *, after: str | None, first: int) -> tuple[Page[RunRow], Count]:
    """The runs of a workspace that was seen already, newest first."""
    place = decode_cursor(WORKSPACE_RUNS, after, 1)
    tenant_id = reader.viewer.tenant_id
    start = None if place is None else uuid_of(place[0])
    rows = await activity.runs(reader.db, tenant_id, workspace_id, after=start, most=first + 1)
    items = tuple(rows[:first])
    page = Page(
        items=items,
        cursors=tuple(encode_cursor(WORKSPACE_RUNS, (str(row.id),)) for row in items),
        has_next=len(rows) > first,
        has_previous=place is not None,
    )
    return page, lambda: activity.count_runs(reader.db, tenant_id, workspace_id)


async def tag_page(
    reader: Reader, query: str | None, namespace: str | None, *, after: str | None, first: int
) -> tuple[Page[TagRow], Count]:
    """The tags of the tenant: those without a namespace first, then by name."""
    place = decode_cursor(TAGS, after, 3)
    start = None if place is None else (_text(place[0]), _text(place[1]), uuid_of(place[2]))
    given = {"search": query, "namespace": namespace}
    wanted = {name: value for name, value in given.items() if value is not None}
    tenant_id = reader.viewer.tenant_id
    rows = await tags.page(reader.db, tenant_id, wanted, after=start, most=first + 1)
    items = tuple(rows[:first])
    page = Page(
        items=items,
        cursors=tuple(encode_cursor(TAGS, (row.namespace or "", row.name, str(row.id))) for row in items),
        has_next=len(rows) > first,
        has_previous=place is not None,
    )
    return page, lambda: tags.count(reader.db, tenant_id, wanted)


async def user_page(reader: Reader, query: str | None, *, after: str | None, first: int) -> tuple[Page[UserRow], Count]:
    """The people of the tenant by address."""
    place = decode_cursor(USERS, after, 1)
    start = None if place is None else _text(place[0])
    tenant_id = reader.viewer.tenant_id
    rows = await people.page(reader.db, tenant_id, query, after=start, most=first + 1)
    items = tuple(rows[:first])
    page = Page(
        items=items,
        cursors=tuple(encode_cursor(USERS, (row.email,)) for row in items),
        has_next=len(rows) > first,
        has_previous=place is not None,
    )
    return page, lambda: people.count(reader.db, tenant_id, query)


def _text(part: object) -> str:
    if not isinstance(part, str):
        raise damaged()
    return part
