"""A little of everything that the workspaces API knows, so that generated calls meet what exists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.contract.calling import UNKNOWN
from tests.contract.workspaces_caller import WorkspacesCaller
from tests.contract.workspaces_work import POST, START


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspacesWorld:
    """One workspace full of things, a live one, an empty one and an archived one."""

    # The first one holds the charts, the run, the thread and the bound task.
    workspaces: Sequence[str]
    charts: Sequence[str]
    run: str
    thread: str
    # The first one is bound.
    tasks: Sequence[str]
    artifact: str
    friend: str
    tag: str
    agents: Sequence[Mapping[str, str]] = ()

    def known(self, name: str, operation: str) -> Sequence[Any]:
        """What is there for a parameter or member; mostly of the workspace that has everything."""
        found: Mapping[str, Sequence[Any]] = {
            "workspace_id": (*[self.workspaces[0]] * 6, *self.workspaces[1:], UNKNOWN),
            "chart_id": self.charts,
            "run_id": (self.run,),
            "thread_id": (self.thread,),
            "task_id": self.tasks,
            "taskId": self.tasks[::-1],
            "artifactId": (self.artifact,),
            "version": (1, 2),
            "tag_id": ([self.tag], [self.tag, UNKNOWN]),
            "tagIds": ([self.tag], []),
            "recipientUserIds": ([self.friend], [self.friend, self.friend]),
            "expiresAt": ("2999-01-01T00:00:00Z",),
            "backingTableName": ("people",),
            "sort_column": ("name", "age"),
            "column": ("age", "name"),
            "wsRowId": ("1", "2"),
            "newValue": (7,),
        }
        return found.get(name, ())


async def workspaces_world(c: WorkspacesCaller) -> WorkspacesWorld:
    """A fresh one: whatever is asked may archive or delete what the last one had."""
    full, archived, empty = await c.copy(), await c.copy(), await c.empty()
    listed = (await c.call("list_workspace_table_candidates", 200))["items"]
    if not any(one["tableName"] == "people" for one in listed):
        await c.table()
    live = await c.empty(mode="operational", backingTableName="people")
    await c.call("archive_workspace", 200, archived)
    charts = [await c.chart(full), await c.chart(full, kind="pie")]
    bound, free = await c.task(), await c.task()
    await c.call("attach_task", 201, full, json={"taskId": bound})
    work = await c.task("Work", scope="WORKSPACE", workspaceId=full)
    run = (await c.graph(START, taskId=work))["run"]["id"]
    thread = (await c.call("create_workspace_session", 201, full))["id"]
    await c.graph(POST, threadId=thread, content="Why?")
    friend, _ = await c.person("friend@example.com")
    await c.share(full, friend)
    tags = await c.call("set_workspace_tags", 200, full, json={"tagNames": ["zebra"]})
    return WorkspacesWorld(
        workspaces=[full, live, empty, archived],
        charts=charts,
        run=run,
        thread=thread,
        tasks=[bound, free],
        artifact=await c.artifact(),
        friend=str(friend.user_id),
        tag=tags["items"][0]["id"],
    )
