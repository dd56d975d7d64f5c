"""Rules of tasks: create, change, delete, reject, cancel, depend (sections 3, 4, 10, 11)."""

from app.domain.errors import BadInput, Conflict, Forbidden, NotFound
from tests.support.life.things import CLOSED, Answer, Event, Refused, Task
from tests.support.life.world import World


def create(world: World, user: str, task: Task) -> Answer:
    """A new root; creating one queues nothing."""
    _check_place(world, user, task)
    if task.id in world.tasks:
        raise Refused(Conflict)
    return _made(world, user, task)


def create_child(world: World, user: str, parent_id: str, task: Task) -> Answer:
    """A new task below another, which is told; the parent's own status is not looked at."""
    parent = world.writable_task(user, parent_id)
    _check_place(world, user, task)
    if parent.place is not None and task.place != parent.place:
        raise Refused(BadInput)
    if len(parent.path) + 2 > 8 or len(world.children(parent.id)) >= 64 or task.id in world.tasks:
        raise Refused(Conflict)
    task.parent, task.path = parent.id, (*parent.path, parent.id)
    parent.nudges += 1
    answer = _made(world, user, task)
    world.record(user, Event(type="task.child_created", task=parent.id, run=None, actor=user), about=(parent.id,))
    return answer


def update(world: World, user: str, id: str, **given: int | str) -> Answer:
    """New values; the same ones change nothing. A changed policy starts its decision anew."""
    if not given or not 1 <= int(given.get("max_attempts", 1)) <= 10:
        raise Refused(BadInput)
    task = world.writable_task(user, id)
    changed = {name: value for name, value in given.items() if getattr(task, name) != value}
    if not changed:
        return Answer()
    for name, value in changed.items():
        setattr(task, name, value)
    if "policy" in changed:
        task.approval = "pending" if task.policy == "manual" else "not_required"
    return _told(world, user, task, "task.updated")


def reject(world: World, user: str, id: str) -> Answer:
    """Decide against a task that waits for approval."""
    task = world.writable_task(user, id)
    if (task.policy, task.approval) != ("manual", "pending"):
        raise Refused(Conflict)
    task.approval = "rejected"
    return _told(world, user, task, "task.rejected")


def delete(world: World, user: str, id: str) -> Answer:
    """A task without children and open run goes, with all that belongs to it; dependents no longer wait for it."""
    task = world.writable_task(user, id)
    if world.children(id) or world.open_run(task) is not None:
        raise Refused(BadInput)
    gone = {run.id for run in world.runs_of(task)}
    world.keys = {key: run for key, run in world.keys.items() if run not in gone}
    world.runs = {run.id: run for run in world.runs.values() if run.id not in gone}
    world.edges = {edge for edge in world.edges if id not in edge}
    world.marks = {key: mark for key, mark in world.marks.items() if key[1] != id}
    del world.tasks[id]
    own = Event(type="task.deleted", task=id, run=None, actor=user, status="deleted")
    world.record(user, own, about=(id,))
    return Answer(event=own)


def cancel(world: World, user: str, id: str) -> Answer:
    """Cancel a task, its descendants and their open runs; what has ended is skipped, parents come first."""
    root = world.writable_task(user, id)
    tree = [task for task in world.tasks.values() if task.id == id or id in task.path]
    if root.status in ("completed", "failed"):
        raise Refused(Conflict)
    events, own = [], None
    for task in sorted(tree, key=lambda one: (len(one.path), one.id)):
        if task.status in CLOSED:
            continue
        run = world.open_run(task)
        if run is not None:
            run.status = "canceled"
            events.append(Event(type="task.run_canceled", task=task.id, run=run.id, actor=user))
        task.status = "canceled"
        task.moves += 1
        events.append(Event(type="task.canceled", task=task.id, run=None, actor=user))
        own = events[-1] if task is root else own
    world.record(user, *events, about=tuple(task.id for task in tree))
    return Answer(event=own)


def depend(world: World, user: str, id: str, blocker: str) -> Answer:
    """Wait for another task; a task never waits for itself, not even by way of others."""
    if id == blocker:
        raise Refused(BadInput)
    task = world.writable_task(user, id)
    world.visible_task(user, blocker)
    if (id, blocker) in world.edges:
        raise Refused(BadInput)
    if sum(one == id for one, _ in world.edges) >= 32 or _reaches(world, blocker, id):
        raise Refused(Conflict)
    world.edges.add((id, blocker))
    task.nudges += 1
    return _told(world, user, task, "task.dependency_added", moves=0)


def undepend(world: World, user: str, id: str, blocker: str) -> Answer:
    """No longer wait."""
    task = world.writable_task(user, id)
    if (id, blocker) not in world.edges:
        raise Refused(NotFound)
    world.edges.remove((id, blocker))
    task.nudges += 1
    return _told(world, user, task, "task.dependency_removed", moves=0)


def _check_place(world: World, user: str, task: Task) -> None:
    if task.place is None:
        return
    if task.place not in world.places or not world.sees(user, task.place):
        raise Refused(NotFound)
    if world.places[task.place] != user:
        raise Refused(Forbidden)


def _made(world: World, user: str, task: Task) -> Answer:
    world.tasks[task.id] = task
    own = Event(type="task.created", task=task.id, run=None, actor=user)
    world.record(user, own, about=(task.id,))
    return Answer(event=own)


def _told(world: World, user: str, task: Task, type: str, moves: int = 1) -> Answer:
    own = Event(type=type, task=task.id, run=None, actor=user)
    task.moves += moves
    world.record(user, own, about=(task.id,))
    return Answer(event=own)


def _reaches(world: World, start: str, goal: str) -> bool:
    return start == goal or any(_reaches(world, blocker, goal) for id, blocker in world.edges if id == start)
