"""Pages of dead letters and of concurrency limits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.domain.access.policy import Action, TenantWide, require
from app.domain.errors import BadInput
from app.domain.ids import is_task_id
from app.domain.paging import Page, decode_cursor, encode_cursor
from app.loaders.pages import Count
from app.loaders.reader import Reader
from app.storage import admission, dead_letters
from app.storage.admission import LimitRow
from app.storage.dead_letters import DeadLetters
from app.storage.rows.task import RunRow

LETTERS: Final = "dead letters"
LIMITS: Final = "concurrency limits"


async def dead_letter_page(
    reader: Reader, wanted: DeadLetters, *, after: str | None, first: int
) -> tuple[Page[RunRow], Count]:
    """The last runs of failed tasks that the viewer may see, the newest first."""
    place = _letter_place(after)
    db, viewer = reader.db, reader.viewer
    rows = await dead_letters.page(db, viewer.tenant_id, viewer.user_id, wanted, after=place, most=first + 1)
    shown = rows[:first]
    page = Page(
        items=tuple(run for _, run in shown),
        cursors=tuple(encode_cursor(LETTERS, (failed_at.isoformat(), run.task_id)) for failed_at, run in shown),
        has_next=len(rows) > first,
        has_previous=place is not None,
    )
    return page, lambda: dead_letters.count(db, viewer.tenant_id, viewer.user_id, wanted)


async def limit_page(reader: Reader, *, after: str | None, first: int) -> tuple[Page[LimitRow], Count]:
    """The concurrency keys of the tenant, in their order."""
    db, viewer = reader.db, reader.viewer
    require(viewer, Action.READ, TenantWide(tenant_id=viewer.tenant_id), what="tenant", id=viewer.tenant_id)
    place = decode_cursor(LIMITS, after, 1)
    if place is not None and not isinstance(place[0], str):
        raise _damaged()
    start = "" if place is None else str(place[0])
    rows: Sequence[LimitRow] = await admission.limits(db, viewer.tenant_id, after=start, most=first + 1)
    page = Page(
        items=tuple(rows[:first]),
        cursors=tuple(encode_cursor(LIMITS, (row.key,)) for row in rows[:first]),
        has_next=len(rows) > first,
        has_previous=place is not None,
    )
    return page, lambda: admission.count_limits(db, viewer.tenant_id)


def _letter_place(after: str | None) -> tuple[datetime, str] | None:
    found = decode_cursor(LETTERS, after, 2)
    if found is None:
        return None
    try:
        failed_at = datetime.fromisoformat(str(found[0]))
    except ValueError as problem:
        raise _damaged() from problem
    id = found[1]
    if failed_at.tzinfo is None or not isinstance(id, str) or not is_task_id(id):
        raise _damaged()
    return failed_at, id


def _damaged() -> BadInput:
    return BadInput("after is a damaged cursor; send back one that this list returned.", field="after")
