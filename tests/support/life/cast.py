"""Who acts in a life: three people of two tenants, their agent sessions, a workspace, and the first tasks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.db.engine import Database
from app.domain.access.viewer import UserRole, Viewer
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.status import PRIORITY_OF_WEIGHT, ApprovalPolicy, TaskScope
from app.services.registry import Services
from tests.support.grid import make_empty, share
from tests.support.life import task_rules
from tests.support.life.things import Session, Task
from tests.support.life.world import World
from tests.support.people import make_viewer

OWNER: Final = "owner"
COLLEAGUE: Final = "colleague"
OUTSIDER: Final = "outsider"
FIRST_TASKS: Final = (
    (OWNER, "a", False),
    (OWNER, "b", False),
    (OWNER, "c", True),
    (OWNER, "d", False),
    (OUTSIDER, "a", False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """People by name with the world each lives in, agent sessions with who registered them, the owner's workspace."""

    people: Mapping[str, Viewer]
    worlds: Mapping[str, World]
    sessions: tuple[tuple[str, str], ...]
    workspace: str

    def user(self, name: str) -> str:
        """The id by which the rules know a person."""
        return str(self.people[name].user_id)


async def gather_cast(db: Database, services: Services, number: int) -> Cast:
    """A cast in two tenants of its own."""
    people = {
        OWNER: await make_viewer(db, tenant=f"acme-{number}"),
        COLLEAGUE: await make_viewer(db, tenant=f"acme-{number}", email="second@example.com", role=UserRole.MEMBER),
        OUTSIDER: await make_viewer(db, tenant=f"other-{number}", email="outsider@example.com"),
    }
    acme, other = World(), World()
    worlds = {OWNER: acme, COLLEAGUE: acme, OUTSIDER: other}
    place = (await make_empty(services, people[OWNER])).id
    await share(db, people[OWNER], place, people[COLLEAGUE])
    acme.places[str(place)] = str(people[OWNER].user_id)
    acme.readers[str(place)] = {str(people[COLLEAGUE].user_id)}
    sessions = []
    for name, workspace, offers, most in (
        (OWNER, None, (), 1),
        (OWNER, None, ("gpu",), 2),
        (OWNER, str(place), (), 1),
        (COLLEAGUE, None, (), 1),
        (OUTSIDER, None, (), 1),
    ):
        row, _ = await services.agent_sessions.register(
            people[name], agent_name=name, workspace_id=workspace, capabilities=offers, max_concurrency=most
        )
        sessions.append((name, str(row.id)))
        worlds[name].sessions[str(row.id)] = Session(
            id=str(row.id),
            user=str(people[name].user_id),
            place=workspace,
            offers=frozenset(offers),
            most=most,
        )
    cast = Cast(people=people, worlds=worlds, sessions=tuple(sessions), workspace=str(place))
    for name, id, placed in FIRST_TASKS:
        task = new_task(id, place=cast.workspace if placed else None, max_attempts=1 if id == "b" else 3)
        await services.tasks.create(people[name], draft_of(task))
        task_rules.create(worlds[name], cast.user(name), task)
    return cast


def new_task(
    id: str,
    *,
    place: str | None = None,
    draft: bool = False,
    manual: bool = False,
    max_attempts: int = 3,
    priority: int = 20,
    needs: frozenset[str] = frozenset(),
) -> Task:
    """A task as it begins (section 3)."""
    return Task(
        id=id,
        place=place,
        parent=None,
        path=(),
        status="draft" if draft else "blocked" if manual else "ready",
        policy="manual" if manual else "none",
        approval="pending" if manual else "not_required",
        priority=priority,
        max_attempts=max_attempts,
        needs=needs,
    )


def draft_of(task: Task) -> TaskDraft:
    """The same as a caller asks for it."""
    return TaskDraft(
        id=task.id,
        title=task.id,
        scope=TaskScope.GLOBAL if task.place is None else TaskScope.WORKSPACE,
        workspace_id=task.place,
        draft=task.status == "draft",
        approval_policy=ApprovalPolicy(task.policy),
        max_attempts=task.max_attempts,
        priority=PRIORITY_OF_WEIGHT[task.priority],
        required_capabilities=sorted(task.needs),
    )
