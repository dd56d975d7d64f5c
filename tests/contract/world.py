"""A little of everything that the tasks API knows, so that generated calls meet ids that exist in every state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.contract.caller import UNKNOWN_RUN, Caller
from tests.contract.published import OPERATIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What was made, by the names under which calls speak of it."""

    tasks: Sequence[str]
    runs: Sequence[str]
    # The run that the first of the agents holds; the second holds nothing.
    held: str
    agents: Sequence[Mapping[str, str]]
    # A task that waits, and the one it waits for.
    edge: tuple[str, str]
    workspaces: Sequence[str]

    def known(self, name: str, operation: str) -> Sequence[str]:
        """What is there for a parameter or member of an operation; nothing for those that name nothing."""
        of_runs = "task-runs" in OPERATIONS[operation]["path"]
        sessions = [agent["X-AGH-Session-ID"] for agent in self.agents]
        found: Mapping[str, Sequence[str]] = {
            "id": self.runs if of_runs else self.tasks,
            "run_id": (self.held, *self.runs),
            "depends_on_id": (self.edge[1], *self.tasks),
            "depends_on_task_id": self.tasks,
            "parent_task_id": self.tasks,
            "workspace": self.workspaces,
            "workspace_id": self.workspaces,
            "session_id": sessions,
            "network_channel": ("ops",),
            "title": ("a task",),
            "error": ("it broke",),
        }
        match operation, name:
            case "createTask", "id":
                return ()
            case "removeTaskDependency", "id":
                return (self.edge[0], *self.tasks[:2])
        return found.get(name, ())


async def world(c: Caller) -> World:
    """A fresh one: whatever is asked may end, cancel or delete what the last one had."""
    place, agents_place = await c.workspace("a place"), await c.workspace("of the agents")
    draft, asking = await c.task(draft=True), await c.task(approval_policy="manual")
    parent, waiting = await c.task(), await c.task(scope="workspace", workspace=place)
    child = await c.call("createChildTask", 201, parent, json={"title": "c", "scope": "global"})
    await c.call("addTaskDependency", 200, waiting, json={"depends_on_task_id": parent})
    queued, running, ended = await c.queued(network_channel="ops"), await c.running(), await c.running()
    await c.call("completeTaskRun", 200, ended[1], json={"result": {"ok": True}})
    _, claimed = await c.queued()
    await c.call("claimTaskRun", 200, claimed)
    agents = [await c.session(name, workspaceId=agents_place) for name in ("holder", "free")]
    worked_on, held = await c.queued(scope="workspace", workspace=agents_place)
    await c.call("claimNextAgentTask", 200, headers=agents[0])
    return World(
        tasks=[draft, asking, parent, waiting, child["task"]["id"], queued[0], running[0], ended[0], worked_on],
        runs=[queued[1], claimed, running[1], ended[1], held, UNKNOWN_RUN],
        held=held,
        agents=agents,
        edge=(waiting, parent),
        workspaces=[agents_place, place],
    )
