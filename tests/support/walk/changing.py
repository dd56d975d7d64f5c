"""Every mutation of the schema: what it takes, made fresh each time, and who may call it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.domain.access.credentials import Scope
from tests.support.walk.people import Realm, Who
from tests.support.walk.world import Maker

Given = dict[str, Any]


class May(StrEnum):
    """Who may call a mutation on something of the shared workspace, or of the tenant."""

    # The owner; a recipient sees it and is refused, to everybody else it does not exist.
    OWNER = "owner"
    # Whoever reads the workspace.
    READER = "reader"
    # Its maker, to whom alone it exists.
    PRIVATE = "private"
    # Whose it is and the administrators, to whom alone it exists.
    ADMINISTERED = "administered"
    # Its maker and the administrators; the others of the tenant see it.
    MAKER = "maker"
    # The user whose agent session it is; the others of the tenant see it.
    HOLDER = "holder"
    # The administrators, each of their own tenant.
    ADMIN = "admin"
    # Everybody, since they make something of their own.
    ANYBODY = "anybody"


@dataclass(frozen=True, slots=True)
class Change:
    """A mutation: who may call it, the scope that it needs, and what it takes; `ids` name what is looked up."""

    may: May
    given: Callable[[Maker], Awaitable[Given]]
    ids: tuple[str, ...] = ()
    scope: Scope | None = Scope.WRITE


async def nothing(_: Maker) -> Given:
    return {}


def of(kind: str, name: str | None = None, **more: Any) -> Callable[[Maker], Awaitable[Given]]:
    """Something fresh of the workspace, under the name by which mutations take it."""

    async def made(m: Maker) -> Given:
        return {name or f"{kind}Id": await fresh(m, kind), **more}

    return made


async def fresh(m: Maker, kind: str) -> str:
    """A new thing of the shared workspace, or of the tenant, that nothing was done with."""
    place = m.world.first("workspace")
    match kind:
        case "task":
            return await m.asking.made(
                "createTask", "task", title=m.mark, scope="WORKSPACE", workspaceId=place, maxAttempts=9
            )
        case "draft":
            return await m.asking.made(
                "createTask", "task", title=m.mark, scope="WORKSPACE", workspaceId=place, draft=True
            )
        case "run":
            return await m.asking.made("enqueueRun", "run", taskId=await fresh(m, "task"))
        case "chart":
            spec = {"kind": "bar", "x": {"column": "name"}, "y": [{"agg": "sum", "column": "age"}]}
            return await m.asking.made("createChart", "chart", workspaceId=place, spec=spec)
        case "table":
            return await m.asking.made(
                "createTable", "table", name=m.mark, columns=COLUMNS, scope="WORKSPACE", workspaceId=place
            )
        case "tag":
            return await m.asking.made("createTag", "tag", name=m.mark)
        case "thread":
            return await m.asking.made("createThread", "thread", workspaceId=place)
        case "mutation":
            edit: str = (await m.asking.do("updateCell", "mutationId", **CELL, workspaceId=place, newValue=m.mark))[
                "mutationId"
            ]
            return edit
        case _:
            return await m.asking.made("registerAgentSession", "agentSession", agentName=m.mark, maxConcurrency=9)


COLUMNS: Final = ({"name": "name", "dataType": "STRING"},)
CELL: Final[Given] = {"column": "name", "wsRowId": "2"}


async def attempted(m: Maker, status: str) -> str:
    """A run of the shared workspace that an operator took on."""
    run = await fresh(m, "run")
    for name in ("claimRun", "startRun")[: ("claimed", "running").index(status) + 1]:
        await m.asking.do(name, "sequence", runId=run)
    return run


def run(status: str, **more: Any) -> Callable[[Maker], Awaitable[Given]]:
    """A run that an operator took on."""

    async def made(m: Maker) -> Given:
        return {"runId": await attempted(m, status), **more}

    return made


async def held(m: Maker) -> Given:
    """A run of everybody's that a new agent session of the owner holds."""
    session = await fresh(m, "agentSession")
    task = await m.asking.made("createTask", "task", title=m.mark, scope="GLOBAL")
    run = await m.asking.made("enqueueRun", "run", taskId=task)
    while await m.take(session) != run:
        pass  # one that was released by then
    return {"agentSessionId": session, "runId": run}


def holding(**more: Any) -> Callable[[Maker], Awaitable[Given]]:
    """What its holder says of a run."""

    async def made(m: Maker) -> Given:
        return {**await held(m), **more}

    return made


async def many_held(m: Maker) -> Given:
    """The same for several."""
    one = await held(m)
    return {"agentSessionId": one["agentSessionId"], "runs": [{"runId": one["runId"]}]}


async def pending(m: Maker) -> Given:
    place = m.world.first("workspace")
    task = await m.asking.made(
        "createTask", "task", title=m.mark, scope="WORKSPACE", workspaceId=place, approvalPolicy="MANUAL"
    )
    return {"taskId": task}


async def edge(m: Maker) -> Given:
    return {"taskId": await fresh(m, "task"), "dependsOnTaskId": await fresh(m, "task")}


async def tied(m: Maker) -> Given:
    given = await edge(m)
    await m.asking.do("addDependency", "sequence", **given)
    return given


async def bindable(m: Maker) -> Given:
    return {"workspaceId": m.world.first("workspace"), "taskId": await fresh(m, "task"), "mutatesWorkspace": True}


async def bound(m: Maker) -> Given:
    given = await bindable(m) | {"mutatesWorkspace": False}
    await m.asking.do("attachTask", "sequence", **given)
    return given


async def unbinding(m: Maker) -> Given:
    given = await bound(m)
    return {name: given[name] for name in ("workspaceId", "taskId")}


async def paused(m: Maker) -> Given:
    given = {"taskId": await fresh(m, "task")}
    await m.asking.do("pauseTask", "sequence", **given)
    return given


async def failed(m: Maker) -> Given:
    run = await attempted(m, "running")
    await m.asking.do("failRun", "sequence", runId=run, error="no")
    return {"runId": run}


async def archived(m: Maker) -> Given:
    place = await shared(m)
    await m.asking.do("archiveWorkspace", "sequence", workspaceId=place)
    return {"workspaceId": place}


async def shared(m: Maker) -> str:
    """Another workspace that is shared with the recipient."""
    place = await m.asking.made("createWorkspace", "workspace", title=m.mark)
    friend = str(m.world.people[Who.RECIPIENT].user_id)
    await m.asking.do("shareWorkspace", "sequence", workspaceId=place, recipientUserIds=[friend])
    return place


def another(**more: Any) -> Callable[[Maker], Awaitable[Given]]:
    """Another shared workspace, since it is not as before afterwards."""

    async def made(m: Maker) -> Given:
        return {"workspaceId": await shared(m), **more}

    return made


async def asked(m: Maker) -> Given:
    thread = await fresh(m, "thread")
    said = await m.asking.do("postMessage", "turn { id }", threadId=thread, content=m.mark)
    return {"turnId": said["turn"]["id"]}


async def key(m: Maker) -> Given:
    return {"apiKeyId": await m.asking.made("createApiKey", "apiKey", name=m.mark)}


async def new_user(m: Maker) -> Given:
    return {"email": f"{m.mark}@example.com"}


async def key_for(m: Maker) -> Given:
    return {"name": m.mark, "userId": str(m.world.people[Who.ADMINISTRATOR].user_id)}


async def limited(m: Maker) -> Given:
    return {"key": m.mark, "limit": 3}


async def dead(_: Maker) -> Given:
    return {"limit": 1}


def named(**more: Any) -> Callable[[Maker], Awaitable[Given]]:
    """Something new with a name that nothing else has."""

    async def made(m: Maker) -> Given:
        return {"name": m.mark, **more}

    return made


def here(**more: Any) -> Callable[[Maker], Awaitable[Given]]:
    """Something new in the shared workspace."""

    async def made(m: Maker) -> Given:
        return {"workspaceId": m.world.first("workspace"), **more}

    return made


async def new_table(m: Maker) -> Given:
    return {"name": m.mark, "columns": COLUMNS, "scope": "WORKSPACE", "workspaceId": m.world.first("workspace")}


async def new_artifact(m: Maker) -> Given:
    return {"name": m.mark, "kind": "JSON", "content": {"a": 1}, "workspaceId": m.world.first("workspace")}


async def child(m: Maker) -> Given:
    place = m.world.first("workspace")
    return {"title": m.mark, "scope": "WORKSPACE", "workspaceId": place, "parentTaskId": await fresh(m, "task")}


async def new_task(m: Maker) -> Given:
    return {"title": m.mark, "scope": "WORKSPACE", "workspaceId": m.world.first("workspace")}


async def opened(m: Maker) -> Given:
    return {"title": m.mark, "artifactId": m.world.every("artifact", Realm.PLACE)[1]}


async def undoable(m: Maker) -> Given:
    return {"mutationId": await fresh(m, "mutation")}


async def attaching(m: Maker) -> Given:
    return {"runId": await attempted(m, "claimed"), "sessionId": await fresh(m, "agentSession")}


SPEC: Final = {"kind": "pie", "x": {"column": "name"}, "y": [{"agg": "sum", "column": "age"}]}
WORKERS: Final = ("agentSessionId",)
CHANGES: Final[Mapping[str, Change]] = {
    "createChildTask": Change(May.OWNER, child, ("parentTaskId",)),
    "updateTask": Change(May.OWNER, of("task", title="new"), ("taskId",)),
    "deleteTask": Change(May.OWNER, of("task"), ("taskId",)),
    "approveTask": Change(May.OWNER, pending, ("taskId",)),
    "rejectTask": Change(May.OWNER, pending, ("taskId",)),
    "addDependency": Change(May.OWNER, edge, ("taskId",)),
    "removeDependency": Change(May.OWNER, tied, ("taskId",)),
    "claimRun": Change(May.OWNER, of("run"), ("runId",)),
    "startRun": Change(May.OWNER, run("claimed"), ("runId",)),
    "attachRunSession": Change(May.OWNER, attaching, ("runId",)),
    "completeRun": Change(May.OWNER, run("running"), ("runId",)),
    "failRun": Change(May.OWNER, run("running", error="no"), ("runId",)),
    "createTask": Change(May.OWNER, new_task, ("workspaceId",)),
    "startTask": Change(May.OWNER, of("task"), ("taskId",)),
    "publishTask": Change(May.OWNER, of("draft", name="taskId"), ("taskId",)),
    "enqueueRun": Change(May.OWNER, of("task"), ("taskId",)),
    "cancelTask": Change(May.OWNER, of("task"), ("taskId",)),
    "cancelRun": Change(May.OWNER, of("run"), ("runId",)),
    "pauseTask": Change(May.OWNER, of("task"), ("taskId",)),
    "resumeTask": Change(May.OWNER, paused, ("taskId",)),
    "pauseDispatch": Change(May.ADMIN, nothing, scope=Scope.ADMIN),
    "resumeDispatch": Change(May.ADMIN, nothing, scope=Scope.ADMIN),
    "setConcurrencyLimit": Change(May.ANYBODY, limited),
    "forceReleaseRun": Change(May.OWNER, run("claimed", reason="stuck"), ("runId",)),
    "forceFailRun": Change(May.OWNER, run("running", reason="stuck"), ("runId",)),
    "retryRun": Change(May.OWNER, failed, ("runId",)),
    "requeueDeadLetters": Change(May.ANYBODY, dead),
    "discardDeadLetters": Change(May.ANYBODY, dead),
    "markTaskRead": Change(May.READER, of("task"), ("taskId",)),
    "dismissTask": Change(May.READER, of("task"), ("taskId",)),
    "archiveTask": Change(May.READER, of("task"), ("taskId",)),
    "registerAgentSession": Change(May.OWNER, here(agentName="bot"), ("workspaceId",), Scope.WORK),
    "endAgentSession": Change(May.HOLDER, of("agentSession"), WORKERS, Scope.WORK),
    "claimNextRun": Change(May.HOLDER, of("agentSession"), WORKERS, Scope.WORK),
    "claimRuns": Change(May.HOLDER, of("agentSession", limit=2), WORKERS, Scope.WORK),
    "heartbeatRun": Change(May.HOLDER, held, WORKERS, Scope.WORK),
    "heartbeatRuns": Change(May.HOLDER, many_held, WORKERS, Scope.WORK),
    "completeClaimedRun": Change(May.HOLDER, held, WORKERS, Scope.WORK),
    "completeClaimedRuns": Change(May.HOLDER, many_held, WORKERS, Scope.WORK),
    "failClaimedRun": Change(May.HOLDER, holding(error="no"), WORKERS, Scope.WORK),
    "releaseRun": Change(May.HOLDER, held, WORKERS, Scope.WORK),
    "reportRun": Change(May.HOLDER, holding(transcriptAppend="so"), WORKERS, Scope.WORK),
    "createUser": Change(May.ADMIN, new_user, scope=Scope.ADMIN),
    "createApiKey": Change(May.ADMIN, key_for, scope=Scope.ADMIN),
    "revokeApiKey": Change(May.ADMINISTERED, key, ("apiKeyId",), None),
    "createWorkspace": Change(May.READER, opened, ("artifactId",)),
    "attachTask": Change(May.OWNER, bindable, ("workspaceId",)),
    "updateTaskBinding": Change(May.OWNER, bound, ("workspaceId",)),
    "detachTask": Change(May.OWNER, unbinding, ("workspaceId",)),
    "updateWorkspace": Change(May.OWNER, here(description="new"), ("workspaceId",)),
    "archiveWorkspace": Change(May.OWNER, another(), ("workspaceId",)),
    "restoreWorkspace": Change(May.OWNER, archived, ("workspaceId",)),
    "deleteWorkspace": Change(May.OWNER, another(), ("workspaceId",)),
    "shareWorkspace": Change(May.OWNER, another(recipientUserIds=[]), ("workspaceId",)),
    "revokeWorkspaceShare": Change(May.OWNER, another(), ("workspaceId",)),
    "clearWorkspaceShare": Change(May.READER, another(), ("workspaceId",)),
    "createTag": Change(May.ANYBODY, named()),
    "updateTag": Change(May.MAKER, of("tag", color="#ff0000"), ("tagId",)),
    "deleteTag": Change(May.MAKER, of("tag"), ("tagId",)),
    "setWorkspaceTags": Change(May.OWNER, here(tagIds=[], tagNames=["seen"]), ("workspaceId",)),
    "createThread": Change(May.READER, here(), ("workspaceId",)),
    "postMessage": Change(May.PRIVATE, of("thread", content="Why?"), ("threadId",)),
    "cancelTurn": Change(May.PRIVATE, asked, ("turnId",)),
    "createTable": Change(May.OWNER, new_table, ("workspaceId",)),
    "importRows": Change(May.OWNER, of("table", rows=[["a"]]), ("tableId",)),
    "deleteTable": Change(May.OWNER, of("table"), ("tableId",)),
    "createArtifact": Change(May.OWNER, new_artifact, ("workspaceId",)),
    "createChart": Change(May.OWNER, here(spec=SPEC), ("workspaceId",)),
    "updateChart": Change(May.OWNER, of("chart", collapsed=True), ("chartId",)),
    "moveChart": Change(May.OWNER, of("chart", position=0), ("chartId",)),
    "deleteChart": Change(May.OWNER, of("chart"), ("chartId",)),
    "updateCell": Change(May.OWNER, here(**CELL, newValue="x"), ("workspaceId",)),
    "updateCells": Change(May.OWNER, here(edits=[{**CELL, "newValue": "y"}]), ("workspaceId",)),
    "undoCellMutation": Change(May.OWNER, undoable, ("mutationId",)),
}
