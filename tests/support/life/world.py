"""One tenant as the rules see it: status is derived for everything after every change, counters are counted."""

from dataclasses import dataclass, field

from app.domain.errors import Forbidden, NotFound
from tests.support.life.things import CLOSED, Event, Mark, Refused, Run, Session, Task

RUN_EVENT = "task.run_"
SILENT = ("task.child_created",)


@dataclass(slots=True)
class World:
    """Everything of a tenant; `readers` are those with whom a workspace is shared."""

    places: dict[str, str] = field(default_factory=dict)
    readers: dict[str, set[str]] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    edges: set[tuple[str, str]] = field(default_factory=set)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    marks: dict[tuple[str, str], Mark] = field(default_factory=dict)
    log: list[Event] = field(default_factory=list)

    def sees(self, user: str, place: str | None) -> bool:
        """Whether something of this place exists for the user."""
        return place is None or self.places[place] == user or user in self.readers[place]

    def visible_task(self, user: str, id: str) -> Task:
        """The task, if the user sees it."""
        task = self.tasks.get(id)
        if task is None or not self.sees(user, task.place):
            raise Refused(NotFound)
        return task

    def writable_task(self, user: str, id: str) -> Task:
        """The task, if the user may change it."""
        task = self.visible_task(user, id)
        if task.place is not None and self.places[task.place] != user:
            raise Refused(Forbidden)
        return task

    def writable_run(self, user: str, id: str) -> Run:
        """The run, if the user may change its task."""
        run = self.runs.get(id)
        if run is None:
            raise Refused(NotFound)
        self.writable_task(user, run.task)
        return run

    def runs_of(self, task: Task) -> list[Run]:
        """Its runs, oldest first."""
        return [run for run in self.runs.values() if run.task == task.id]

    def open_run(self, task: Task) -> Run | None:
        """Its run that has not ended."""
        return next((run for run in self.runs_of(task) if run.is_open), None)

    def last_attempt(self, task: Task) -> int:
        """The highest attempt so far."""
        return max((run.attempt for run in self.runs_of(task)), default=0)

    def exhausted(self, task: Task) -> bool:
        """Whether no attempt is left."""
        return self.last_attempt(task) + 1 > task.max_attempts

    def waits(self, task: Task) -> bool:
        """Whether a task it depends on is not completed."""
        return any(self.tasks[blocker].status != "completed" for id, blocker in self.edges if id == task.id)

    def blocked(self, task: Task) -> bool:
        """Whether a dependency or the missing approval holds it back."""
        return self.waits(task) or (task.policy == "manual" and task.approval != "approved")

    def children(self, id: str) -> list[Task]:
        """Direct children."""
        return [task for task in self.tasks.values() if task.parent == id]

    def active(self, session: Session) -> list[Run]:
        """What an agent session holds, ended leases included until somebody sweeps."""
        return [run for run in self.runs.values() if run.is_held and run.holder == session.id]

    def derived(self, task: Task) -> str:
        """The status of a task (section 5): the first rule that matches."""
        idle = "blocked" if self.blocked(task) else "ready"
        runs = self.runs_of(task)
        if task.status in ("canceled", "draft"):
            return task.status
        if any(run.status in ("starting", "running") for run in runs):
            return "in_progress"
        if any(run.is_open for run in runs):
            return idle
        if runs and runs[-1].status in ("completed", "canceled"):
            return runs[-1].status
        if runs and self.exhausted(task):
            return "failed"
        return idle

    def record(self, actor: str, *own: Event, about: tuple[str, ...]) -> None:
        """Derive every status anew and write down what happened: the caller's own events, then those of dependents."""
        later: dict[str, Event] = {}
        moved = True
        while moved:
            moved = False
            for task in self.tasks.values():
                was, task.status = task.status, self.derived(task)
                if was != task.status:
                    moved = True
                    task.moves += 1
                    if task.id not in about and task.status in ("ready", "blocked"):
                        type = "task.unblocked" if task.status == "ready" else "task.blocked"
                        later[task.id] = Event(type=type, task=task.id, run=None, actor=actor)
        for event in [*own, *(later[id] for id in sorted(later))]:
            self._fill(event)
            self.log.append(event)

    def _fill(self, event: Event) -> None:
        """`status` is the run's on run events and the task's on task events (section 12.1)."""
        task = self.tasks.get(event.task)
        if task is None or event.type in SILENT:
            return
        run = self.runs[event.run] if event.run else None
        event.status = event.status or (run.status if run else task.status)
        if run and event.type != "task.run_reported":
            event.task_status = task.status

    def snapshot(self) -> dict[str, object]:
        """All that is compared with what is stored."""
        return {
            "tasks": {task.id: self._task(task) for task in self.tasks.values()},
            "runs": {run.id: self._run(run) for run in self.runs.values()},
            "sessions": {s.id: [s.state, len(self.active(s))] for s in self.sessions.values()},
            "edges": sorted([id, blocker] for id, blocker in self.edges),
            "keys": sorted([f"tasks.{a}", key, self.runs[run].task, run] for (a, key), run in self.keys.items()),
            "log": [[e.type, e.task, e.run, e.actor, e.status, e.task_status] for e in self.log],
        }

    def _task(self, task: Task) -> dict[str, object]:
        runs, open_run = self.runs_of(task), self.open_run(task)
        return {
            "status": task.status,
            "policy": task.policy,
            "approval": task.approval,
            "priority": task.priority,
            "max_attempts": task.max_attempts,
            "last_attempt": self.last_attempt(task),
            "open_run": open_run.id if open_run else None,
            "latest_run": runs[-1].id if runs else None,
            "open_dependencies": sum(
                self.tasks[blocker].status != "completed" for id, blocker in self.edges if id == task.id
            ),
            "dependent_count": sum(blocker == task.id for _, blocker in self.edges),
            "child_count": len(self.children(task.id)),
            "parent": task.parent,
            "path": list(task.path),
            "closed": task.status in CLOSED,
        }

    def _run(self, run: Run) -> dict[str, object]:
        return {
            "task": run.task,
            "attempt": run.attempt,
            "status": run.status,
            "claimable": None if run.status != "queued" else not self.blocked(self.tasks[run.task]),
            "priority": None if run.status != "queued" else self.tasks[run.task].priority,
            "holder": run.holder,
            "by": run.by,
            "session": run.session,
            "lease": run.lease,
            "epoch": run.epoch,
            "claimed": run.by is not None,
            "started": run.started,
            "ended": not run.is_open,
            "key": run.key,
            "fraction": run.fraction,
            "transcript": run.transcript,
        }
