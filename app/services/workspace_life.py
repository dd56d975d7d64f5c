"""The life of a workspace: changed, frozen, in use again, gone."""

from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

import orjson

from app.db.engine import Database
from app.db.tx import Tx
from app.domain.access.policy import Action
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.errors import BadInput, NotFound
from app.domain.tasks.events import EventType
from app.domain.text import checked, json_text
from app.services.access import Access, known_id
from app.services.presence import active, present
from app.services.workspace_turns import WorkspaceTurns
from app.services.workspaces import TITLE_LENGTH_MAX, description_text, workspace_event
from app.storage import bindings, events, grid, workspace_life, workspaces
from app.storage.rows.workspace import WorkspaceRow, WorkspaceStatus
from app.storage.workspace_life import OwnedTable

CONFIG_BYTES_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspacePatch:
    """What is to change: a title of None is no change, a description of None clears, a configuration of None empties.

    `sets_description` and `sets_config` say whether these were given at all.
    """

    title: str | None = None
    sets_description: bool = False
    description: str | None = None
    sets_config: bool = False
    config: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """A workspace after a change, or as it was at its end; no sequence where nothing changed."""

    workspace: WorkspaceRow
    sequence: int | None


class WorkspaceLife:
    """The use cases."""

    def __init__(self, db: Database, access: Access, turns: WorkspaceTurns) -> None:
        self._db = db
        self._access = access
        self._turns = turns

    async def update(self, viewer: Viewer, workspace_id: str, patch: WorkspacePatch) -> Lived:
        """Set what was given; what is there already changes nothing and writes no event."""
        title = None if patch.title is None else checked(patch.title, "title", longest=TITLE_LENGTH_MAX)
        description = description_text(patch.description)
        config = _config(patch.config)
        place = active(await self._owned(viewer, workspace_id))
        async with self._db.transaction() as tx:
            row = active(await workspaces.lock(tx, viewer.tenant_id, place.id))
            wanted: dict[str, object] = {"title": row.title if title is None else title}
            wanted["description"] = description if patch.sets_description else row.description
            wanted["renderer_config"] = orjson.loads(config) if patch.sets_config else row.renderer_config
            named = [name for name, value in wanted.items() if getattr(row, name) != value]
            if not named:
                return Lived(workspace=row, sequence=None)
            changed = await workspace_life.update(
                tx,
                viewer.tenant_id,
                row.id,
                title=str(wanted["title"]),
                description=description if patch.sets_description else row.description,
                renderer_config=config if patch.sets_config else orjson.dumps(row.renderer_config).decode(),
            )
            fields = [_WIRE[name] for name in named]
            fact = workspace_event(EventType.WORKSPACE_UPDATED, viewer, changed, changedFields=fields)
            sequence = await events.append(tx, viewer.tenant_id, [fact])
        return Lived(workspace=changed, sequence=sequence)

    async def archive(self, viewer: Viewer, workspace_id: str) -> Lived:
        """Freeze a workspace; one that is frozen stays so."""
        return await self._turn(viewer, workspace_id, WorkspaceStatus.ARCHIVED)

    async def restore(self, viewer: Viewer, workspace_id: str) -> Lived:
        """Use a workspace again; one that is in use stays so."""
        return await self._turn(viewer, workspace_id, WorkspaceStatus.ACTIVE)

    async def delete(self, viewer: Viewer, workspace_id: str) -> Lived:
        """End a workspace with its copy and the tables that belong to it; events and runs stay for the record."""
        place = await self._owned(viewer, workspace_id)
        async with self._db.transaction() as tx:
            row = await workspace_life.seize(tx, viewer.tenant_id, place.id)
            if row is None:
                raise NotFound(
                    f"There is no workspace {workspace_id!r}.", id=workspace_id, reason="workspace_not_found"
                )
            await self._turns.lock(tx, viewer.tenant_id)
            changing = await bindings.detach_all(tx, viewer.tenant_id, row.id)
            if changing:
                # What changed this workspace no longer takes turns because of it.
                await self._turns.renew(tx, viewer.tenant_id, row.id, changing)
            owned = await workspace_life.owned_tables(tx, viewer.tenant_id, row.id)
            await workspace_life.delete(tx, viewer.tenant_id, row.id)
            for table in owned:
                await grid.drop(tx, table.source)
            facts = [_table_deleted(viewer, row.id, table) for table in owned if table.scope is not None]
            facts.append(workspace_event(EventType.WORKSPACE_DELETED, viewer, row))
            sequence = await events.append(tx, viewer.tenant_id, facts)
        return Lived(workspace=row, sequence=sequence)

    async def _turn(
        self,
        viewer: Viewer,
        workspace_id: str,
        status: Literal[WorkspaceStatus.ACTIVE, WorkspaceStatus.ARCHIVED],
    ) -> Lived:
        place = await self._owned(viewer, workspace_id)
        async with self._db.transaction() as tx:
            row = await self._seized(tx, viewer, place.id)
            if row.status is status:
                return Lived(workspace=row, sequence=None)
            turned = await workspace_life.set_status(tx, viewer.tenant_id, row.id, status.value)
            fact = workspace_event(_TURNED[status], viewer, turned)
            sequence = await events.append(tx, viewer.tenant_id, [fact])
        return Lived(workspace=turned, sequence=sequence)

    async def _seized(self, tx: Tx, viewer: Viewer, id: UUID) -> WorkspaceRow:
        return present(await workspace_life.seize(tx, viewer.tenant_id, id))

    async def _owned(self, viewer: Viewer, workspace_id: str) -> WorkspaceRow:
        return await self._access.workspace(viewer, known_id(workspace_id, "workspace"), Action.WRITE)


_WIRE: Final = {"title": "title", "description": "description", "renderer_config": "rendererConfig"}
_TURNED: Final = {
    WorkspaceStatus.ARCHIVED: EventType.WORKSPACE_ARCHIVED,
    WorkspaceStatus.ACTIVE: EventType.WORKSPACE_RESTORED,
}


def _config(given: object) -> str:
    if not isinstance(given, dict | None):
        raise BadInput("rendererConfig is a JSON object.", field="rendererConfig")
    return json_text(given or {}, "rendererConfig", bytes_max=CONFIG_BYTES_MAX)


def _table_deleted(viewer: Viewer, workspace_id: UUID, table: OwnedTable) -> events.NewEvent:
    return events.NewEvent(
        type=EventType.TABLE_DELETED,
        payload={"tableId": str(table.source.table_id), "name": table.name, "scope": table.scope},
        actor=viewer.actor,
        origin=Origin(kind=OriginKind.HTTP, ref="workspaces.deleted"),
        workspace_id=workspace_id,
    )
