"""The demo's feeder: makes tasks one after another, watches them by subscription, starts again what failed."""

import asyncio
import uuid
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, Final

from app.demo.stories import MARK, STORIES, Place, story_of
from app.demo.voice import Voice
from app.worker import GraphQLClient, Refused, Unavailable
from app.worker.client import payload
from app.worker.documents import ERRORS
from app.worker.errors import cause_of
from app.worker.follow import follow
from app.worker.tables import delete_table

OPEN_MAX: Final = 3
# Events are what moves us; this only bounds how long a wrong belief could last.
LOOK_SECONDS: Final = 20.0
TASKS_KEPT: Final = 25  # of each workspace
TIDY_EVERY: Final = 10  # tasks

TASKS: Final = """
query DemoTasks($workspaceId: ID!) {
  tasks(filter: { workspaceId: $workspaceId }, first: 100) {
    nodes { id title status metadata latestRun { attempt status } }
  }
}
"""

CREATE: Final = f"""
mutation CreateTask($input: CreateTaskInput!) {{
  createTask(input: $input) {{ task {{ id }} {ERRORS} }}
}}
"""

START: Final = f"""
mutation StartTask($input: StartTaskInput!) {{
  startTask(input: $input) {{ run {{ id }} {ERRORS} }}
}}
"""

WATCH: Final = """
subscription DemoRuns($types: [EventType!], $after: BigInt) {
  events(filter: { types: $types }, after: $after) {
    cursor
    type
    task { id title status metadata latestRun { attempt status } }
    run { attempt error result }
  }
}
"""

ENDED: Final = """
query DemoEnded($workspaceId: ID!, $statuses: [TaskStatus!]) {
  tasks(filter: { workspaceId: $workspaceId, statuses: $statuses }, first: 100) { nodes { id metadata } }
}
"""

TABLES: Final = """
query DemoTables {
  tables(filter: { scope: TASK }, first: 100) { nodes { id task { id } } }
}
"""

DELETE: Final = f"""
mutation DeleteTask($input: DeleteTaskInput!) {{
  deleteTask(input: $input) {{ {ERRORS} }}
}}
"""

WATCHED: Final = ("TASK_RUN_COMPLETED", "TASK_RUN_FAILED", "TASK_RUN_CANCELED", "TASK_RUN_LEASE_EXPIRED")
CLOSED: Final = frozenset({"COMPLETED", "FAILED", "CANCELED"})

Json = dict[str, Any]


class Feeder:
    """Keeps a few tasks open for ever, or tells each story once."""

    def __init__(
        self, client: GraphQLClient, places: Mapping[Place, str], voice: Voice, *, pace_seconds: float, once: bool
    ) -> None:
        self._client = client
        self._places = places
        self._voice = voice
        self._pace = pace_seconds
        self._once = once
        self.failures = 0
        self._serial = 0
        self._mine: set[str] = set()  # what we made ourselves; only kept when each story is told once
        self._open: set[str] = set()
        self._again: dict[str, int] = {}
        self._listening = asyncio.Event()
        self._doubtful = False
        self._moved = asyncio.Event()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Make no more tasks."""
        self._stopping.set()
        self._moved.set()

    async def run(self) -> None:
        """Feed until stopped, or until every story was told."""
        try:
            async with asyncio.TaskGroup() as group:
                listener = group.create_task(self._listen())
                feeding = group.create_task(self._feed())
                stopped = group.create_task(self._stopping.wait())
                await asyncio.wait({feeding, stopped}, return_when=asyncio.FIRST_COMPLETED)
                for task in (listener, feeding, stopped):
                    task.cancel()
        except BaseExceptionGroup as problems:
            raise cause_of(problems) from None

    async def _feed(self) -> None:
        await self._listening.wait()
        while not (self._told and not self._open):
            self._moved.clear()
            if self._doubtful:
                self._doubtful = False
                await self._look()
            await self._retry()
            if not self._told and len(self._open) < OPEN_MAX:
                await self._next()
            await self._breathe()

    @property
    def _told(self) -> bool:
        return self._once and len(self._mine) >= len(STORIES)

    async def _breathe(self) -> None:
        """A pace a person can follow; when nothing may be added, until something moves."""
        if not self._told and len(self._open) < OPEN_MAX:
            await asyncio.sleep(self._pace)
            return
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._moved.wait()
        except TimeoutError:
            self._doubtful = True

    async def _listen(self) -> None:
        events = follow(self._client, WATCH, {"types": WATCHED}, listening=self._doubt)
        async with aclosing(events):
            async for event in events:
                if event["task"] is not None and is_ours(event["task"]):
                    self._hear(event)

    def _doubt(self) -> None:
        """We listen anew: look how things stand, for something may have happened before."""
        self._doubtful = True
        self._listening.set()
        self._moved.set()

    def _hear(self, event: Json) -> None:
        task, run = event["task"], event["run"]
        if run is None:
            return
        if event["type"] == "TASK_RUN_COMPLETED":
            found = run["result"] if isinstance(run["result"], dict) else {}
            self._voice.say(f"done     {task['title']}: {found.get('summary', 'no summary')}")
        elif event["type"] == "TASK_RUN_FAILED":
            self._voice.say(f"failed   {task['title']}, attempt {run['attempt']}: {run['error']}")
        elif event["type"] == "TASK_RUN_LEASE_EXPIRED":
            self._voice.say(f"expired  {task['title']}: its worker was not heard in time; the run is queued again")
        else:
            self._voice.say(f"canceled {task['title']}")
        self._judge(task)
        self._moved.set()

    async def _look(self) -> None:
        """Read how all tasks of the demo stand."""
        for workspace_id in self._places.values():
            tasks = (await self._client.query(TASKS, {"workspaceId": workspace_id}))["tasks"]["nodes"]
            for task in filter(is_ours, tasks):
                self._serial = max(self._serial, task["metadata"]["serial"] + 1)
                self._judge(task)

    def _judge(self, task: Json) -> None:
        """What the state of a task asks of us."""
        id, run = task["id"], task["latestRun"]
        if self._once and id not in self._mine:
            return
        if task["status"] in CLOSED:
            self.failures += id in self._open and task["status"] != "COMPLETED"
            self._open.discard(id)
            self._again.pop(id, None)
            return
        self._open.add(id)
        if task["status"] == "READY" and (run is None or run["status"] == "FAILED"):
            self._again[id] = 1 if run is None else run["attempt"] + 1

    async def _retry(self) -> None:
        while self._again:
            id, attempt = self._again.popitem()
            await self._start(id, attempt)

    async def _next(self) -> None:
        serial = self._serial
        self._serial += 1
        story = story_of(serial)
        id = f"demo-{uuid.uuid4()}"
        asked = {
            "id": id,
            "identifier": story.name,
            "title": story.title,
            "scope": "WORKSPACE",
            "workspaceId": self._places[story.place],
            "metadata": story.metadata(serial),
        }
        try:
            payload(await self._client.query(CREATE, {"input": asked}))
        except Refused as no:
            # The id is our own: a second try after a lost answer finds it in use.
            if no.code != "CONFLICT" or no.field != "id":
                raise
        self._open.add(id)
        if self._once:
            self._mine.add(id)
        await self._start(id, 1)
        if serial % TIDY_EVERY == 0:
            await self._tidy()
        self._voice.say(f"queued   {story.title} ({story.place})")

    async def _tidy(self) -> None:
        """Delete all but the newest ended tasks, with their tables: a demo that runs for weeks must not fill a disk."""
        old: set[str] = set()
        for workspace_id in self._places.values():
            asked = {"workspaceId": workspace_id, "statuses": sorted(CLOSED)}
            ended = (await self._client.query(ENDED, asked))["tasks"]["nodes"]
            old |= {task["id"] for task in [*filter(is_ours, ended)][TASKS_KEPT:]}
        tables = (await self._client.query(TABLES))["tables"]["nodes"] if old else []
        try:
            for table in tables:
                if table["task"] is not None and table["task"]["id"] in old:
                    await delete_table(self._client, table["id"])
            for task_id in old:
                payload(await self._client.send(DELETE, {"input": {"taskId": task_id}}))
        except (Refused, Unavailable) as problem:
            # Somebody may have opened a workspace on a table, or the server went away: next time, perhaps.
            self._voice.say(f"kept     what is old: {problem}")

    async def _start(self, id: str, attempt: int) -> None:
        """The key makes a repeated request harmless, however often it is sent."""
        asked = {"taskId": id, "idempotencyKey": f"{id}#{attempt}"}
        try:
            payload(await self._client.query(START, {"input": asked}))
        except Refused as no:
            if no.code == "NOT_FOUND":
                self._open.discard(id)
            elif no.code == "CONFLICT":
                # Somebody started or canceled it meanwhile: see how it stands now.
                self._doubtful = True
            else:
                raise


def is_ours(task: Json) -> bool:
    """Whether the demo made this task."""
    found = task["metadata"]
    return isinstance(found, dict) and found.get(MARK) is True and isinstance(found.get("serial"), int)
