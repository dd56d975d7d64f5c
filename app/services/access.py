"""What the services know of an object before they decide: its owner and whether the viewer is a recipient."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from app.db.engine import Database
from app.domain.access.policy import (
    Action,
    SessionBound,
    TenantWide,
    ThreadBound,
    WorkspaceBound,
    require,
    unknown,
)
from app.domain.access.viewer import Viewer
from app.domain.errors import Conflict, NotFound
from app.domain.ids import is_task_id, parse_uuid
from app.services.presence import active
from app.storage import identity, runs, tasks, threads, workspaces
from app.storage.rows.identity import AgentSessionRow
from app.storage.rows.task import RunRow, TaskRow
from app.storage.rows.thread import ThreadRow
from app.storage.rows.workspace import WorkspaceRow


def known_id(text: str, what: str) -> UUID:
    """The UUID a caller sent; anything else names nothing."""
    found = parse_uuid(text)
    if found is None:
        raise NotFound(f"There is no {what} {text[:140]!r}.", id=text[:140], reason=unknown(what))
    return found


class Access:
    """Looks objects up for a viewer and applies the policy."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def workspace(self, viewer: Viewer, id: UUID, action: Action) -> WorkspaceRow:
        """The workspace, if the viewer may do this to it."""
        found = await workspaces.facts(self._db, viewer.tenant_id, viewer.user_id, [id])
        row, recipient = found[0] if found else (None, False)
        bound = (
            None
            if row is None
            else WorkspaceBound(tenant_id=viewer.tenant_id, owner_id=row.owner_id, recipient=recipient)
        )
        require(viewer, action, bound, what="workspace", id=id)
        assert row is not None
        return row

    async def workspace_named(self, viewer: Viewer, name: str, action: Action) -> UUID:
        """The id of the workspace with this id, else of the one with exactly this title (tasks API, section 3)."""
        id = parse_uuid(name)
        if id is not None:
            with suppress(NotFound):
                return (await self.workspace(viewer, id, action)).id
        found = await workspaces.by_title(self._db, viewer.tenant_id, viewer.user_id, name)
        if not found:
            raise NotFound(f"There is no workspace {name[:140]!r}.", field="workspaceId")
        if len(found) > 1:
            raise Conflict(f"Several workspaces are called {name[:140]!r}; give an id.", field="workspaceId")
        return found[0].id

    async def tasks(
        self, viewer: Viewer, ids: Sequence[str], action: Action, *, unfrozen: bool = False
    ) -> dict[str, TaskRow | Exception]:
        """Each task that exists and may be acted on; the refusal for each that may not.

        `unfrozen` also refuses those of an archived workspace.
        """
        wanted = [id for id in ids if is_task_id(id)]
        rows = {row.id: row for row in await tasks.by_id(self._db, viewer.tenant_id, wanted)} if wanted else {}
        places = {row.workspace_id for row in rows.values() if row.workspace_id is not None}
        known = {
            row.id: (row, recipient)
            for row, recipient in (
                await workspaces.facts(self._db, viewer.tenant_id, viewer.user_id, list(places)) if places else []
            )
        }
        answer: dict[str, TaskRow | Exception] = {}
        for id in ids:
            row = rows.get(id)
            try:
                require(viewer, action, self._bound(viewer, row, known), what="task", id=id)
                if unfrozen and row is not None and row.workspace_id is not None:
                    active(known[row.workspace_id][0])
            except Exception as refusal:
                answer[id] = refusal
            else:
                assert row is not None
                answer[id] = row
        return answer

    def _bound(
        self, viewer: Viewer, row: TaskRow | None, known: dict[UUID, tuple[WorkspaceRow, bool]]
    ) -> TenantWide | WorkspaceBound | None:
        if row is None:
            return None
        if row.workspace_id is None:
            return TenantWide(tenant_id=viewer.tenant_id)
        place = known.get(row.workspace_id)
        if place is None:
            return None
        return WorkspaceBound(tenant_id=viewer.tenant_id, owner_id=place[0].owner_id, recipient=place[1])

    async def task(self, viewer: Viewer, id: str, action: Action) -> TaskRow:
        """The task, if the viewer may do this to it."""
        found = (await self.tasks(viewer, [id], action))[id]
        if isinstance(found, Exception):
            raise found
        return found

    async def run(self, viewer: Viewer, id: UUID, action: Action) -> RunRow:
        """The run, if the viewer may do this to its task; of a task that they do not see there is no run."""
        found = await runs.by_id(self._db, viewer.tenant_id, [id])
        missing = NotFound(f"There is no run {str(id)!r}.", id=str(id))
        if not found:
            raise missing
        try:
            await self.task(viewer, found[0].task_id, action)
        except NotFound as hidden:
            raise missing from hidden
        return found[0]

    async def thread(self, viewer: Viewer, id: UUID, action: Action) -> ThreadRow:
        """The viewer's own thread, on a workspace that they may read or that is deleted."""
        rows = await threads.by_id(self._db, viewer.tenant_id, [id])
        place_id = rows[0].workspace_id if rows else None
        places = [] if place_id is None else [place_id]
        found = await workspaces.facts(self._db, viewer.tenant_id, viewer.user_id, places) if places else []
        place = next(
            (
                WorkspaceBound(tenant_id=viewer.tenant_id, owner_id=row.owner_id, recipient=recipient)
                for row, recipient in found
            ),
            None,
        )
        bound = ThreadBound(tenant_id=viewer.tenant_id, author_id=rows[0].user_id, place=place) if rows else None
        require(viewer, action, bound, what="thread", id=id)
        return rows[0]

    async def agent_session(self, viewer: Viewer, id: UUID) -> AgentSessionRow:
        """The viewer's own agent session, active or ended."""
        rows = await identity.sessions_by_id(self._db, viewer.tenant_id, [id])
        bound = SessionBound(tenant_id=viewer.tenant_id, user_id=rows[0].user_id) if rows else None
        require(viewer, Action.WORK, bound, what="agent session", id=id)
        return rows[0]
