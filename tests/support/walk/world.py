"""One world in which everything is there and touches what is next to it, each text and id marked with whose it is."""

from dataclasses import dataclass, field
from typing import Any

from app.clock import utc_now
from app.db.engine import Database
from app.domain.ids import uuid7
from app.storage.statements import composed
from tests.support.graph import Graph
from tests.support.kin import bind, descend, make_artifact
from tests.support.walk.asking import Asking
from tests.support.walk.people import People, Realm, Who

HELD_BY = composed(
    "UPDATE runs SET agent_session_id = CAST(:session AS uuid) WHERE id = CAST(:id AS uuid) RETURNING id"
)
COLUMNS = ({"name": "name", "dataType": "STRING"}, {"name": "age", "dataType": "INTEGER"})


@dataclass(slots=True)
class World:
    """What is there: ids by realm and kind, and every mark that was written."""

    db: Database
    graph: Graph
    people: People
    ids: dict[Realm, dict[str, list[str]]] = field(default_factory=dict)
    marks: dict[str, Realm] = field(default_factory=dict)

    def mark(self, realm: Realm) -> str:
        """A text that is nowhere else."""
        text = f"zq{realm.value}{len(self.marks):04d}"
        self.marks[text] = realm
        return text

    def note(self, realm: Realm, kind: str, id: str) -> str:
        """Remember whose an id is."""
        self.ids.setdefault(realm, {}).setdefault(kind, []).append(id)
        return id

    def asking(self, who: Who) -> Asking:
        """Mutations as somebody."""
        return Asking(self.graph.as_(self.people[who]))

    def every(self, kind: str, *realms: Realm) -> list[str]:
        """The ids of a kind, of these realms or of all."""
        return [id for realm in realms or Realm for id in self.ids.get(realm, {}).get(kind, [])]

    def first(self, kind: str, realm: Realm = Realm.PLACE) -> str:
        """The first id of a kind."""
        return self.ids[realm][kind][0]

    def realm_of(self) -> dict[str, Realm]:
        """Whose each id is."""
        return {id: realm for realm, kinds in self.ids.items() for found in kinds.values() for id in found}


class Maker:
    """Makes things as the owner, all texts of one realm."""

    def __init__(self, world: World, realm: Realm, who: Who = Who.OWNER) -> None:
        self.world = world
        self.realm = realm
        self.who = who
        self.asking = world.asking(who)

    @property
    def mark(self) -> str:
        """A new text."""
        return self.world.mark(self.realm)

    async def make(self, kind: str, name: str, /, **given: Any) -> str:
        """Something with an id."""
        return self.world.note(self.realm, kind, await self.asking.made(name, kind, **given))

    async def table(self, **more: Any) -> str:
        """A live table with a row."""
        made = await self.make(
            "table", "createTable", name=self.mark, columns=COLUMNS, primaryKey=["name"], logicalName=self.mark, **more
        )
        await self.asking.do("importRows", "rowCount", tableId=made, rows=[[self.mark, 1], [self.mark, 2]])
        return made

    async def artifact(self, **more: Any) -> str:
        """A table of two rows."""
        rows = [[self.mark, 1], [self.mark, 2]]
        content = {"columns": [dict(one) for one in COLUMNS], "rows": rows}
        name = more.pop("name", None) or self.mark
        return await self.make("artifact", "createArtifact", name=name, kind="TABLE", content=content, **more)

    async def task(self, name: str = "createTask", /, **more: Any) -> str:
        """A task with a text in every member that takes one."""
        given = {
            "scope": "WORKSPACE" if "workspaceId" in more else "GLOBAL",
            "title": self.mark,
            "identifier": self.mark,
            "description": self.mark,
            "metadata": {"note": self.mark},
            "networkChannel": self.mark,
            "uniqueKey": self.mark,
            "owner": {"kind": "HUMAN", "ref": self.mark},
            "retryPolicy": {"initialSeconds": 0},
        }
        return await self.make("task", name, **given | more)

    async def run(self, task: str, /, **more: Any) -> str:
        """A queued run."""
        noted = more.pop("metadata", None) or {"note": self.mark}
        return await self.make(
            "run", "enqueueRun", taskId=task, idempotencyKey=self.mark, metadata=noted, networkChannel=self.mark, **more
        )

    async def session(self, **more: Any) -> str:
        """An agent session that may hold ten runs."""
        given: dict[str, Any] = {"agentName": self.mark, "capabilities": [self.mark], "maxConcurrency": 100}
        made = await self.asking.do("registerAgentSession", "agentSession { id }", **given | more)
        return self.world.note(self.realm, "agentSession", made["agentSession"]["id"])

    async def take(self, session: str) -> str:
        """The run that the session is given."""
        made = await self.asking.do("claimNextRun", "claim { run { id } }", agentSessionId=session)
        id: str = made["claim"]["run"]["id"]
        return id

    async def work(self, session: str, run: str, artifact: str | None = None) -> None:
        """A report with everything in it."""
        step = {
            "stepKey": self.mark,
            "toolName": self.mark,
            "toolCallId": self.mark,
            "input": {"note": self.mark},
            "output": self.mark,
            "status": "FAILED",
            "error": self.mark,
        }
        usage = {"inputTokens": 1, "provider": self.mark, "modelId": self.mark, "loadedSkillSlugs": [self.mark]}
        outcome = {"summary": self.mark, "artifactId": artifact, "artifactName": self.mark, "data": {"n": self.mark}}
        await self.asking.do(
            "reportRun",
            "sequence",
            runId=run,
            agentSessionId=session,
            progress={"fraction": 0.5, "message": self.mark},
            usage=usage,
            transcriptAppend=self.mark,
            outcome=outcome,
            steps=[step],
        )


async def make_world(db: Database, graph: Graph, people: People) -> World:
    """Everything there is, once."""
    world = World(db, graph, people)
    common, hidden = Maker(world, Realm.TENANT), Maker(world, Realm.HIDDEN)
    tags = [await common.make("tag", "createTag", name=common.mark, description=common.mark)]
    await common.artifact()
    lake = await common.table()
    whole = await common.task()
    store = await hidden.make("workspace", "createWorkspace", title=hidden.mark, description=hidden.mark)
    for maker in (hidden, Maker(world, Realm.PLACE)):
        await furnish(maker, store, whole, tags)
    place = world.first("workspace")
    await hidden.make(
        "workspace",
        "createWorkspace",
        title=hidden.mark,
        mode="OPERATIONAL",
        backingTableName=(await table_name(world, lake)),
    )
    await tie(world, whole)
    await share(world, place)
    await converse(world, place)
    await Maker(world, Realm.ELSEWHERE, Who.OTHER_TENANT).task()
    return world


async def table_name(world: World, id: str) -> str:
    """The name by which workspaces are opened."""
    found = await world.graph.data("query($id: ID!) { table(id: $id) { name } }", {"id": id})
    name: str = found["table"]["name"]
    return name


async def furnish(maker: Maker, store: str, whole: str, tags: list[str]) -> None:
    """A workspace with one of everything."""
    world = maker.world
    seed = await maker.artifact(workspaceId=store, name=world.mark(Realm.HIDDEN))
    world.ids[maker.realm]["artifact"].remove(seed)
    world.note(Realm.HIDDEN, "artifact", seed)
    place = await maker.make("workspace", "createWorkspace", title=maker.mark, description=maker.mark, artifactId=seed)
    await maker.asking.do("updateWorkspace", "sequence", workspaceId=place, rendererConfig={"note": maker.mark})
    spec = {"kind": "bar", "title": maker.mark, "x": {"column": "name"}, "y": [{"agg": "sum", "column": "age"}]}
    chart = await maker.make("chart", "createChart", workspaceId=place, spec=spec)
    found = await maker.asking.graph.data(
        "query($id: ID!) { node(id: $id) { ... on Chart { artifactId } } }", {"id": chart}
    )
    world.note(maker.realm, "artifact", found["node"]["artifactId"])
    await maker.asking.do("setWorkspaceTags", "sequence", workspaceId=place, tagIds=tags, tagNames=[])
    await maker.table(scope="WORKSPACE", workspaceId=place)
    artifact = await maker.artifact(workspaceId=place)
    edit = await maker.asking.do(
        "updateCell", "mutationId", workspaceId=place, column="name", newValue=maker.mark, wsRowId="1"
    )
    world.note(maker.realm, "mutation", edit["mutationId"])
    task = await maker.task(workspaceId=place)
    await maker.table(scope="TASK", taskId=task)
    child = await maker.task("createChildTask", parentTaskId=task, workspaceId=place)
    for bound in (task, whole):
        await maker.asking.do("attachTask", "sequence", workspaceId=place, taskId=bound, mutatesWorkspace=False)
    session = await maker.session(workspaceId=place)
    done = await maker.run(task)
    assert await maker.take(session) == done
    await maker.work(session, done, artifact)
    await make_artifact(world.db, world.people[Who.OWNER], uuid_of(done), maker.mark, uuid_of(place))
    await maker.asking.do(
        "completeClaimedRun", "sequence", runId=done, agentSessionId=session, result={"note": maker.mark}
    )
    noted = {"note": maker.mark}
    held = await maker.run(child, parentRunId=done, metadata=noted)
    assert await maker.take(session) == held
    await maker.work(session, held)
    await bind(world.db, world.people[Who.OWNER], uuid_of(held), maker.mark, noted)
    failed = await maker.run(await maker.task(workspaceId=place, maxAttempts=1))
    assert await maker.take(session) == failed
    await maker.asking.do("failClaimedRun", "sequence", runId=failed, agentSessionId=session, error=maker.mark)
    again = await maker.make("run", "retryRun", runId=failed) if maker.realm is Realm.PLACE else None
    if again is None:
        await maker.run(await maker.task(workspaceId=place, approvalPolicy="NONE"))
    await maker.task(workspaceId=place, approvalPolicy="MANUAL")


def uuid_of(text: str) -> Any:
    """As the database wants it."""
    return type(uuid7(utc_now()))(text)


async def tie(world: World, whole: str) -> None:
    """What everybody of the tenant sees touches what only the owner sees, in every way there is."""
    common, owner = Maker(world, Realm.TENANT), world.people[Who.OWNER]
    for realm in (Realm.HIDDEN, Realm.PLACE):
        task = world.first("task", realm)
        place = world.first("workspace", realm) if realm is Realm.PLACE else world.every("workspace", realm)[1]
        maker = Maker(world, realm)
        await maker.task("createChildTask", parentTaskId=whole, workspaceId=place)
        await common.asking.do("addDependency", "sequence", taskId=whole, dependsOnTaskId=task)
        later = await common.task()
        await maker.asking.do("addDependency", "sequence", taskId=task, dependsOnTaskId=later)
    await common.table(scope="TASK", taskId=whole)
    free = await common.task()
    run = await common.run(free)
    session = await common.session()
    assert await common.take(session) == run
    await common.work(session, run)
    await common.asking.do("completeClaimedRun", "sequence", runId=run, agentSessionId=session, result=common.mark)
    await world.db.fetch(HELD_BY, id=world.every("run", Realm.HIDDEN)[1], session=session)
    (private, *_) = world.every("run", Realm.HIDDEN)
    (shown, *_) = world.every("run", Realm.PLACE)
    for below, above in (
        (run, private),
        (world.every("run", Realm.HIDDEN)[1], run),
        (world.every("run", Realm.PLACE)[1], run),
    ):
        await descend(
            world.db,
            owner,
            uuid_of(below),
            uuid_of(above),
            uuid_of(private),
            retry_of=uuid_of(shown if below != run else private),
        )
    for realm, maker in ((Realm.HIDDEN, Maker(world, Realm.HIDDEN)), (Realm.TENANT, common)):
        at = uuid_of(world.first("workspace", realm)) if realm is Realm.HIDDEN else None
        id = await make_artifact(world.db, owner, uuid_of(run), maker.mark, at)
        world.note(realm, "artifact", str(id))


async def share(world: World, place: str) -> None:
    """Shared with the recipient; with the other one it was."""
    owner = world.asking(Who.OWNER)
    both = [str(world.people[who].user_id) for who in (Who.RECIPIENT, Who.REVOKED)]
    await owner.do("shareWorkspace", "sequence", workspaceId=place, recipientUserIds=both)
    await owner.do("shareWorkspace", "sequence", workspaceId=place, recipientUserIds=both[:1])


async def converse(world: World, place: str) -> None:
    """A conversation of the owner's, answered once and open again, and one of the recipient's."""
    session = await Maker(world, Realm.PLACE).session(workspaceId=place)
    for who, realm in ((Who.OWNER, Realm.OWN), (Who.RECIPIENT, Realm.GUEST)):
        maker = Maker(world, realm, who)
        made = await maker.asking.do("createThread", "thread { id }", workspaceId=place)
        thread = world.note(realm, "thread", made["thread"]["id"])
        for turn in range(2 if who is Who.OWNER else 1):
            said = await maker.asking.do(
                "postMessage", "turn { id runId } message { id }", threadId=thread, content=maker.mark
            )
            world.note(realm, "turn", said["turn"]["id"])
            world.note(realm, "message", said["message"]["id"])
            world.note(Realm.PLACE, "run", said["turn"]["runId"])
            if who is Who.OWNER:
                taken = await Maker(world, realm).take(session)
                while taken != said["turn"]["runId"]:
                    taken = await Maker(world, realm).take(session)
                if turn == 0:
                    # What a run reports belongs to the workspace, an answer as well.
                    result = world.mark(Realm.PLACE)
                    await maker.asking.do(
                        "completeClaimedRun", "sequence", runId=taken, agentSessionId=session, result=result
                    )
