"""Rules of runs that a person moves by hand (section 9)."""

from app.domain.errors import Conflict, NotFound
from tests.support.life.things import Answer, Event, Refused, Run
from tests.support.life.world import World


def claim(world: World, user: str, run_id: str) -> Answer:
    """Take a queued run of a task that is not blocked: no lease, so it never expires."""
    run = world.writable_run(user, run_id)
    if run.status != "queued" or world.blocked(world.tasks[run.task]):
        raise Refused(Conflict)
    run.status, run.by = "claimed", user
    return _told(world, user, run, "task.run_claimed")


def start(world: World, user: str, run_id: str) -> Answer:
    """Let a claimed run, or a starting one with a session, be running; refused while its task is blocked."""
    run = world.writable_run(user, run_id)
    first = run.status == "claimed"
    if not first and (run.status != "starting" or run.session is None):
        raise Refused(Conflict)
    if world.tasks[run.task].status == "blocked":
        raise Refused(Conflict)
    run.status, run.started = "running", True
    return _told(world, user, run, *(["task.run_starting"] if first else []), "task.run_started")


def attach(world: World, user: str, run_id: str, session_id: str) -> Answer:
    """Bind a live agent session that is bound to nothing else; refused while the task is blocked."""
    session = world.sessions.get(session_id)
    if session is None:
        raise Refused(NotFound)
    if session.state != "active":
        raise Refused(Conflict)
    run = world.writable_run(user, run_id)
    if any(one.session == session_id and one.is_held for one in world.runs.values()):
        raise Refused(Conflict)
    if run.status not in ("claimed", "starting") or run.session is not None:
        raise Refused(Conflict)
    if world.tasks[run.task].status == "blocked":
        raise Refused(Conflict)
    run.status, run.session = "starting", session_id
    return _told(world, user, run, "task.run_session_bound")


def finish(world: World, user: str, run_id: str, outcome: str) -> Answer:
    """End a run by hand: a running one well, a starting or running one badly; never one under an agent's lease."""
    run = world.writable_run(user, run_id)
    from_where = ("running",) if outcome == "completed" else ("starting", "running")
    if run.lease != "none" or run.status not in from_where:
        raise Refused(Conflict)
    run.status = outcome
    return _told(world, user, run, f"task.run_{outcome}")


def cancel(world: World, user: str, run_id: str) -> Answer:
    """End any open run; its task is canceled with it. A lease stays on the record."""
    run = world.writable_run(user, run_id)
    if not run.is_open:
        raise Refused(Conflict)
    run.status = "canceled"
    answer = _told(world, user, run, "task.run_canceled")
    world.record(user, Event(type="task.canceled", task=run.task, run=None, actor=user), about=())
    return answer


def _told(world: World, user: str, run: Run, *types: str) -> Answer:
    events = [Event(type=type, task=run.task, run=run.id, actor=user) for type in types]
    world.tasks[run.task].moves += 1
    world.record(user, *events, about=(run.task,))
    return Answer(runs=(run.id,), event=events[-1])
