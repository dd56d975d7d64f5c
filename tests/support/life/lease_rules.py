"""Rules of leases: claim, heartbeat, complete, fail, release, report, expire (section 8; expired leases count)."""

from collections.abc import Iterable

from app.domain.errors import Conflict, Forbidden, HeldByAnother, LeaseLost, NotFound
from tests.support.life.things import Answer, Event, Refused, Run, Session
from tests.support.life.world import World

SWEEPER = "scheduler"


def claim(world: World, user: str, session_id: str, limit: int, offered: frozenset[str], floor: int) -> Answer:
    """The most urgent, then the oldest runs that the session may have; never more at once than it registered for."""
    session = holder(world, user, session_id)
    if session.state != "active":
        raise Refused(Conflict)
    if len(world.active(session)) >= session.most:
        sweep(world, [run for run in world.active(session) if run.lease == "late"])
    free = session.most - len(world.active(session))
    taken = _matching(world, session, session.offers | offered, floor)[: max(0, min(limit, free))]
    for run in taken:
        run.status, run.lease, run.epoch = "claimed", "live", run.epoch + 1
        run.holder = run.by = run.session = session.id
        run.started = False
        world.tasks[run.task].moves += 1
    events = [Event(type="task.run_claimed", task=run.task, run=run.id, actor=session.id) for run in taken]
    world.record(session.id, *events, about=())
    return Answer(runs=tuple(run.id for run in taken), facts={"busy": free <= 0})


def heartbeat(world: World, user: str, session_id: str, run_id: str, epoch: int | None) -> Answer:
    """A live lease goes on; one that is gone is told as data."""
    session = holder(world, user, session_id)
    run = _held(world, session, run_id, epoch)
    if run is None:
        found = world.runs.get(run_id)
        asked = found is not None and found.holder == session.id and found.status == "canceled"
        return Answer(facts={"lease_lost": True, "cancel_requested": asked})
    event = Event(type="task.run_lease_extended", task=run.task, run=run.id, actor=session.id)
    world.record(session.id, event, about=())
    return Answer(event=event, facts={"lease_lost": False, "cancel_requested": False})


def finish(world: World, user: str, session_id: str, run_id: str, epoch: int | None, outcome: str) -> Answer:
    """End a held run as `completed` or `failed`; the holder stays on the record."""
    session = holder(world, user, session_id)
    run = _held_or_refused(world, session, run_id, epoch)
    run.status, run.lease = outcome, "none"
    return _told(world, session, run, f"task.run_{outcome}")


def release(world: World, user: str, session_id: str, run_id: str, epoch: int | None) -> Answer:
    """Back to the queue, with the attempt and the place it had."""
    session = holder(world, user, session_id)
    run = _held_or_refused(world, session, run_id, epoch)
    run.let_go()
    return _told(world, session, run, "task.run_released")


def report(
    world: World, user: str, session_id: str, run_id: str, epoch: int | None, fraction: float | None, more: str | None
) -> Answer:
    """What the holder says about its progress; a transcript grows."""
    session = holder(world, user, session_id)
    run = _held_or_refused(world, session, run_id, epoch)
    run.fraction = run.fraction if fraction is None else fraction
    run.transcript = run.transcript if more is None else (run.transcript or "") + more
    event = Event(type="task.run_reported", task=run.task, run=run.id, actor=session.id)
    world.record(session.id, event, about=())
    return Answer(event=event)


def end_session(world: World, user: str, session_id: str) -> Answer:
    """A session says goodbye; what it holds stays held until the leases end."""
    holder(world, user, session_id).state = "ended"
    return Answer()


def sweep(world: World, late: Iterable[Run]) -> Answer:
    """Each late run goes back to the queue as its next attempt; past the last one it fails."""
    events, swept = [], sorted(late, key=lambda run: run.id)
    for run in swept:
        events.append(Event(type="task.run_lease_expired", task=run.task, run=run.id, actor=SWEEPER))
        task = world.tasks[run.task]
        task.moves += 1
        if run.attempt >= task.max_attempts:
            run.status, run.lease, run.started = "failed", "none", False
            events.append(Event(type="task.run_failed", task=run.task, run=run.id, actor=SWEEPER))
        else:
            run.let_go()
            run.attempt += 1
    world.record(SWEEPER, *events, about=tuple(run.task for run in swept))
    return Answer(runs=tuple(run.id for run in swept))


def holder(world: World, user: str, session_id: str) -> Session:
    """The user's own session."""
    session = world.sessions.get(session_id)
    if session is None:
        raise Refused(NotFound)
    if session.user != user:
        raise Refused(Forbidden)
    return session


def _matching(world: World, session: Session, offered: frozenset[str], floor: int) -> list[Run]:
    fit = [
        run
        for run in world.runs.values()
        if run.status == "queued"
        and not world.blocked(task := world.tasks[run.task])
        and task.place == session.place
        and task.priority >= floor
        and task.needs <= offered
    ]
    return sorted(fit, key=lambda run: -world.tasks[run.task].priority)


def _held(world: World, session: Session, run_id: str, epoch: int | None) -> Run | None:
    run = world.runs.get(run_id)
    if run is None or not run.is_held or run.holder != session.id or run.lease != "live":
        return None
    return run if epoch in (None, run.epoch) else None


def _held_or_refused(world: World, session: Session, run_id: str, epoch: int | None) -> Run:
    run = _held(world, session, run_id, epoch)
    if run is not None:
        return run
    found = world.runs.get(run_id)
    if found is None or world.tasks[found.task].place != session.place:
        raise Refused(NotFound)
    raise Refused(HeldByAnother if found.is_held and found.holder != session.id else LeaseLost)


def _told(world: World, session: Session, run: Run, type: str) -> Answer:
    event = Event(type=type, task=run.task, run=run.id, actor=session.id)
    world.tasks[run.task].moves += 1
    world.record(session.id, event, about=(run.task,))
    return Answer(runs=(run.id,), event=event)
