"""What a path names, as the caller may see it."""

from app.domain.errors import NotFound
from app.domain.ids import is_task_id, parse_uuid
from app.loaders.tasks import run_by_id, task_by_id
from app.storage.rows.task import RunRow, TaskRow
from app.web.rest.call import Call


async def task_of(call: Call, id: str | None = None) -> TaskRow:
    """The task that the path names, or this one."""
    wanted = call.path["id"] if id is None else id
    found = (await task_by_id(call.reader, [wanted]))[0] if is_task_id(wanted) else None
    if found is None:
        raise NotFound(f"There is no task {wanted[:140]!r}.", id=wanted[:140])
    return found


async def run_of(call: Call) -> RunRow:
    """The run that the path names."""
    wanted = call.path["id"]
    id = parse_uuid(wanted)
    found = None if id is None else (await run_by_id(call.reader, [id]))[0]
    if found is None:
        raise NotFound(f"There is no run {wanted[:140]!r}.", id=wanted[:140])
    return found
