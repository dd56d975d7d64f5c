"""A client of the workspaces API that holds every answer against the published shapes, and makes what calls need."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.access.credentials import Scope
from app.domain.access.viewer import UserRole, Viewer
from tests.contract.calling import Calling
from tests.contract.published_workspaces import OPERATIONS, check
from tests.support.listening import Listening
from tests.support.people import make_viewer

BAR = {"kind": "bar", "x": {"column": "name"}, "y": [{"agg": "sum", "column": "age"}]}
TASK = "0197f3a0-0000-7000-8000-00000000000a"
# What each operation needs at least as a body.
BODIES: Mapping[str, Any] = {
    "create_workspace": {"title": "w"},
    "update_workspace": {},
    "create_workspace_chart": {"spec": BAR},
    "update_workspace_chart": {},
    "query_workspace_chart_data": {},
    "update_workspace_chart_position": {"position": 0},
    "update_workspace_cell": {"column": "age", "newValue": 1, "rowIdentity": {"name": "Ada"}},
    "upsert_workspace_share": {},
    "set_workspace_tags": {},
    "attach_task": {"taskId": TASK},
    "update_task_binding": {"mutatesWorkspace": True},
}
ARTIFACT = """
    mutation($i: CreateArtifactInput!) { createArtifact(input: $i) { artifact { id } userErrors { message } } }
"""
TABLE = "mutation($i: CreateTableInput!) { createTable(input: $i) { table { id } userErrors { message } } }"
ROWS = "mutation($i: ImportRowsInput!) { importRows(input: $i) { rowCount userErrors { message } } }"
NEW_TASK = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"
COLUMNS = ({"name": "name", "dataType": "STRING"}, {"name": "age", "dataType": "INTEGER"})
PEOPLE = (("Ada", 36), ("Bob", 41), ("Cy", None), ("Dee", 41))


class WorkspacesCaller(Calling):
    """Calls operations of the workspaces API."""

    def __init__(self, server: Listening) -> None:
        super().__init__(server, OPERATIONS, check)

    async def graph(self, document: str, **given: Any) -> Any:
        """The only root field's payload of a mutation with one input."""
        answer = await self.server.graphql(document, i=given)
        assert "errors" not in answer, answer
        (payload,) = answer["data"].values()
        assert not payload.get("userErrors"), payload
        return payload

    async def table(
        self,
        name: str = "people",
        columns: Sequence[Mapping[str, str]] = COLUMNS,
        rows: Sequence[object] = PEOPLE,
        **more: Any,
    ) -> str:
        """The id of a new live table, keyed by its first column unless said otherwise."""
        given = {"primaryKey": [columns[0]["name"]], **more}
        id: str = (await self.graph(TABLE, name=name, columns=columns, **given))["table"]["id"]
        if rows:
            await self.graph(ROWS, tableId=id, rows=rows)
        return id

    async def artifact(self, rows: Sequence[object] = PEOPLE) -> str:
        """The id of a new artifact with rows."""
        columns = [{"name": one["name"], "dataType": one["dataType"].lower()} for one in COLUMNS]
        content = {"columns": columns, "rows": rows}
        id: str = (await self.graph(ARTIFACT, name="rows", kind="TABLE", content=content))["artifact"]["id"]
        return id

    async def task(self, title: str = "Count the beans", **more: Any) -> str:
        """The id of a new task."""
        id: str = (await self.graph(NEW_TASK, title=title, **{"scope": "GLOBAL", **more}))["task"]["id"]
        return id

    async def empty(self, title: str = "w", **more: Any) -> str:
        """The id of a new workspace; without more it shows nothing."""
        made = await self.call("create_workspace", 201, json={"title": title, **more})
        id: str = made["workspace"]["id"]
        return id

    async def copy(self, **more: Any) -> str:
        """The id of a new workspace with a copy of rows."""
        return await self.empty("copy", artifactId=await self.artifact(), **more)

    async def chart(self, workspace: str, **more: Any) -> str:
        """The id of a new chart."""
        made = await self.call("create_workspace_chart", 201, workspace, json={"spec": {**BAR, **more}})
        id: str = made["id"]
        return id

    async def person(self, email: str, *scopes: Scope, tenant: str = "default") -> tuple[Viewer, str]:
        """A user, with a new key that has all or these scopes."""
        viewer = await make_viewer(self.server.app.db, tenant=tenant, email=email, role=UserRole.MEMBER)
        made = await self.server.app.services.identity.create_key(
            viewer, name="k", user_id=None, scopes=frozenset(scopes) or None, expires_at=None
        )
        return viewer, str(made.secret)

    async def share(self, workspace: str, *people: Viewer) -> None:
        """Shared with these people only."""
        ids = [str(one.user_id) for one in people]
        await self.call("upsert_workspace_share", 200, workspace, json={"recipientUserIds": ids})
