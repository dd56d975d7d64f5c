"""Tasks, runs, edges and marks for tests, written as rows, so that any state of the work can be had at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.ids import uuid7
from app.storage.statements import composed

PRIORITIES = (10, 20, 30, 40)
WORKSPACES = composed(
    """
    INSERT INTO workspaces (tenant_id, id, owner_id, title, mode, status)
    SELECT :tenant_id, x.id, x.owner_id, 'w', 'snapshot', 'active'
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS x(id uuid, owner_id uuid)
    """
)
TASKS = composed(
    """
    INSERT INTO tasks (tenant_id, id, identifier, scope, workspace_id, parent_task_id, path, network_channel, title,
                       status, priority, max_attempts, approval_policy, approval_state, owner_kind, owner_ref,
                       created_by_kind, created_by_ref, origin_kind, origin_ref, child_count, last_attempt, open_run_id,
                       latest_run_id, created_at, updated_at, closed_at)
    SELECT :tenant_id, x.id, x.identifier, CASE WHEN x.workspace_id IS NULL THEN 'global' ELSE 'workspace' END,
           x.workspace_id, x.parent_id, x.path, x.channel, x.title, x.status, x.priority, 10, x.policy, x.approval,
           x.owner_kind, x.owner_ref, 'human', 'test', x.origin, 'test', 0, 0, x.open_run_id, x.latest_run_id,
           x.created_at, x.updated_at, x.closed_at
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS x(
          id text, identifier text, workspace_id uuid, parent_id text, path text[], channel text, title text,
          status text, priority smallint, policy text, approval text, owner_kind text, owner_ref text, origin text,
          open_run_id uuid, latest_run_id uuid, created_at timestamptz, updated_at timestamptz, closed_at timestamptz)
    """
)
RUNS = composed(
    """
    INSERT INTO runs (tenant_id, id, task_id, workspace_id, attempt, status, priority, claimable, claimed_by_kind,
                      claimed_by_ref, agent_session_id, session_id, heartbeat_at, queued_at, claimed_at, started_at,
                      ended_at, network_channel, origin_kind, origin_ref)
    SELECT :tenant_id, x.id, x.task_id, x.workspace_id, x.attempt, x.status, 20, true, x.claimed_by_kind,
           x.claimed_by_ref, x.agent_session_id, x.session_id, x.heartbeat_at, x.queued_at, x.claimed_at,
           x.started_at, x.ended_at, x.channel, x.origin, 'test'
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS x(
          id uuid, task_id text, workspace_id uuid, attempt smallint, status text, claimed_by_kind text,
          claimed_by_ref text, agent_session_id uuid, session_id text, heartbeat_at timestamptz,
          queued_at timestamptz, claimed_at timestamptz, started_at timestamptz, ended_at timestamptz, channel text,
          origin text)
    """
)
EDGES = composed(
    """
    INSERT INTO task_dependencies (tenant_id, task_id, depends_on_task_id, kind, created_at)
    SELECT :tenant_id, x.task_id, x.blocker_id, 'blocks', x.created_at
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS x(task_id text, blocker_id text, created_at timestamptz)
    """
)
MARKS = composed(
    """
    INSERT INTO task_triage (tenant_id, actor_kind, actor_ref, task_id, archived, dismissed, last_seen_activity_at)
    SELECT :tenant_id, 'human', x.actor_ref, x.task_id, x.archived, x.dismissed, x.seen_at
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS x(
          task_id text, actor_ref text, archived boolean, dismissed boolean, seen_at timestamptz)
    """
)
SESSIONS = composed(
    """
    INSERT INTO agent_sessions (tenant_id, id, user_id, agent_name, capabilities, max_concurrency, state)
    SELECT :tenant_id, x.id, :user_id, 'tester', '{}', 1, x.state
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS x(id uuid, state text)
    """
)
STOPS = composed(
    """
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, actor_kind, actor_ref, origin_kind, origin_ref,
                        payload)
    SELECT :tenant_id, take_event_sequences(:tenant_id, 1), now(), x.type, x.task_id, 'daemon', 'test', 'daemon',
           'test', '{}'
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS x(task_id text, type text)
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run; times are null where it has not come so far."""

    status: str
    queued_at: datetime
    claimed_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    heartbeat_at: datetime | None = None
    channel: str | None = None
    origin: str = "http"
    claimed_by: str | None = None  # a user
    session: str | None = None  # active, ended or unknown
    id: UUID = field(default_factory=lambda: uuid7(utc_now()))

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.status in ("queued", "claimed", "starting", "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What the viewer did with a task."""

    archived: bool
    dismissed: bool
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task with its runs, oldest first; only the last may be open."""

    id: str
    status: str
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    title: str = "task"
    identifier: str | None = None
    place: str | None = None  # own, or foreign: a workspace of somebody else
    workspace_id: UUID | None = None
    parent_id: str | None = None
    path: tuple[str, ...] = ()
    channel: str | None = None
    origin: str = "http"
    owner: str | None = None  # a user
    priority: int = 20
    policy: str = "none"
    approval: str = "not_required"
    runs: tuple[Run, ...] = ()
    blockers: tuple[str, ...] = ()
    mark: Mark | None = None
    forced_stops: int = 0

    @property
    def latest(self) -> Run | None:
        """Its newest run."""
        return self.runs[-1] if self.runs else None

    @property
    def activity(self) -> datetime:
        """When it or its newest run moved last."""
        run = self.latest
        times = [self.created_at, self.updated_at, self.closed_at]
        if run is not None:
            times += [run.queued_at, run.claimed_at, run.started_at, run.ended_at]
        return max(at for at in times if at is not None)


async def put(
    db: Database, viewer: Viewer, stranger: Viewer, tasks: Sequence[Task], *, me: str | None = None
) -> list[Task]:
    """Store the tasks, marked by `me` or else the viewer; returns them with the workspaces they got."""
    own, foreign = uuid7(utc_now()), uuid7(utc_now())
    places = {"own": own, "foreign": foreign}
    placed = [replace(task, workspace_id=places[task.place] if task.place else None) for task in tasks]
    sessions = {state: uuid7(utc_now()) for state in ("active", "ended", "unknown")}
    given: dict[Any, list[dict[str, Any]]] = {
        WORKSPACES: [{"id": own, "owner_id": viewer.user_id}, {"id": foreign, "owner_id": stranger.user_id}],
        SESSIONS: [{"id": id, "state": state} for state, id in sessions.items() if state != "unknown"],
        TASKS: [_task(task) for task in placed],
        RUNS: [_run(task, at, run, sessions) for task in placed for at, run in enumerate(task.runs, 1)],
        EDGES: [
            {"task_id": task.id, "blocker_id": blocker, "created_at": task.created_at}
            for task in placed
            for blocker in task.blockers
        ],
        MARKS: [_mark(task, me or str(viewer.user_id)) for task in placed if task.mark],
        STOPS: [
            {"task_id": task.id, "type": "task.run_force_stopped"} for task in placed for _ in range(task.forced_stops)
        ],
    }
    async with db.transaction() as tx:
        for statement, rows in given.items():
            text = orjson.dumps(rows, default=str).decode()
            await tx.fetch(statement, tenant_id=viewer.tenant_id, user_id=viewer.user_id, rows=text)
    return placed


def _task(task: Task) -> dict[str, Any]:
    latest = task.latest
    return {
        **{name: getattr(task, name) for name in Task.__dataclass_fields__ if name not in ("runs", "mark", "blockers")},
        "owner_kind": None if task.owner is None else "human",
        "owner_ref": task.owner,
        "latest_run_id": latest.id if latest else None,
        "open_run_id": latest.id if latest and latest.is_open else None,
    }


def _run(task: Task, attempt: int, run: Run, sessions: dict[str, UUID]) -> dict[str, Any]:
    held = run.session is not None and run.status != "queued"
    session = sessions[run.session] if held and run.session else None
    return {
        **{name: getattr(run, name) for name in Run.__dataclass_fields__},
        "task_id": task.id,
        "workspace_id": task.workspace_id,
        "attempt": attempt,
        "claimed_by_kind": None if run.claimed_by is None else "human",
        "claimed_by_ref": run.claimed_by,
        "agent_session_id": session,
        "session_id": session and str(session),
    }


def _mark(task: Task, me: str) -> dict[str, Any]:
    assert task.mark is not None
    return {
        "task_id": task.id,
        "actor_ref": me,
        "archived": task.mark.archived,
        "dismissed": task.mark.dismissed,
        "seen_at": task.mark.seen_at,
    }
