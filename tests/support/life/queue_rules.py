"""Rules of the queue: enqueue, start, publish, approve, each with and without a key (section 7)."""

from app.domain.errors import Conflict
from tests.support.life.things import Answer, Event, Refused, Run, Task
from tests.support.life.world import World


def enqueue(world: World, user: str, id: str, action: str, key: str | None, new_run: str) -> Answer:
    """Queue a run under the id the server made, or answer the run that the same request queued before."""
    task = world.writable_task(user, id)
    known = None if key is None else world.keys.get((action, key))
    if known is not None:
        if world.runs[known].task != id:
            raise Refused(Conflict)
        return Answer(runs=(known,))
    opened = world.open_run(task)
    decided = (action == "publish" and task.status != "draft") or (
        action == "approve" and (task.policy, task.approval) != ("manual", "pending")
    )
    # Repeated without a key: the open run, if the same verb brought it about.
    repeated = key is None and opened is not None and (opened.action == action or action == "start")
    if decided and not repeated:
        raise Refused(Conflict)
    if decided and opened is not None:
        return Answer(runs=(opened.id,))
    if action == "approve":
        return _approve(world, user, task, key, new_run)
    if (task.status == "draft") != (action == "publish") or task.status == "canceled":
        raise Refused(Conflict)
    if opened is not None:
        if repeated and action == "start":
            return Answer(runs=(opened.id,))
        raise Refused(Conflict)
    if (action != "enqueue" and world.blocked(task)) or world.exhausted(task):
        raise Refused(Conflict)
    return _queued(world, user, task, action, key, new_run)


def _approve(world: World, user: str, task: Task, key: str | None, new_run: str) -> Answer:
    """A decision for a task: its run is queued, or may be claimed now; a draft may be published now."""
    opened = world.open_run(task)
    if task.status == "canceled" or (task.status != "draft" and opened is None and world.exhausted(task)):
        raise Refused(Conflict)
    task.approval = "approved"
    if task.status != "draft" and opened is None:
        return _queued(world, user, task, "approve", key, new_run)
    if key is not None and opened is not None and task.status != "draft":
        world.keys["approve", key] = opened.id
    own = Event(type="task.approved", task=task.id, run=None, actor=user)
    task.moves += 1
    world.record(user, own, about=(task.id,))
    return Answer(runs=() if opened is None else (opened.id,), event=own)


def _queued(world: World, user: str, task: Task, action: str, key: str | None, new_run: str) -> Answer:
    run = Run(id=new_run, task=task.id, attempt=world.last_attempt(task) + 1, action=action, key=key)
    world.runs[run.id] = run
    if key is not None:
        world.keys[action, key] = run.id
    first = {"publish": "task.published", "approve": "task.approved"}.get(action)
    if action == "publish":
        task.status = "ready"
    task.moves += 1
    own = Event(type="task.run_enqueued", task=task.id, run=run.id, actor=user)
    before = [] if first is None else [Event(type=first, task=task.id, run=None, actor=user)]
    world.record(user, *before, own, about=(task.id,))
    return Answer(runs=(run.id,), event=own)
