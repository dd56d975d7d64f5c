"""Loads the statements that stand in `sql/`, one a file, and compiles each once."""

import re
from importlib.resources import files
from typing import Final

from app.db.statement import Statement
from app.storage.rows.base import Row
from app.storage.rows.cells import MutationRow
from app.storage.rows.event import EventRow
from app.storage.rows.grid import ArtifactRow, ArtifactVersionRow, TableRow
from app.storage.rows.identity import AgentSessionRow, ApiKeyRow, UserRow
from app.storage.rows.run import LineageRow, RunStepRow
from app.storage.rows.share import TagRow
from app.storage.rows.task import RunReportRow, RunRow, TaskRow
from app.storage.rows.thread import AgentSpecRow, ThreadRow
from app.storage.rows.workspace import ChartRow, WorkspaceRow
from app.storage.visibility import HOLDS, OWN_THREADS, READABLE_EVENTS, READABLE_WORKSPACES

ROWS: Final[dict[str, type[Row]]] = {
    "agent_session": AgentSessionRow,
    "agent_spec": AgentSpecRow,
    "api_key": ApiKeyRow,
    "artifact": ArtifactRow,
    "artifact_version": ArtifactVersionRow,
    "chart": ChartRow,
    "event": EventRow,
    "lineage": LineageRow,
    "mutation": MutationRow,
    "run": RunRow,
    "run_report": RunReportRow,
    "run_step": RunStepRow,
    "table": TableRow,
    "tag": TagRow,
    "task": TaskRow,
    "thread": ThreadRow,
    "user": UserRow,
    "workspace": WorkspaceRow,
}
OWN_THREAD: Final = re.compile(r"\{own_thread:(\w+)\}")
HOLDING: Final = re.compile(r"\{holds:(\w+)\}")
VISIBLE: Final = re.compile(r"\{visible:(\w+)\}")
ACTIVITY: Final = re.compile(r"\{activity:(\w+):(\w+)\}")
MOVED: Final = re.compile(r"\{moved:(\w+)\}")
PLACEHOLDER: Final = re.compile(r"\{(\w+):(\w+)\}")


def columns_of(row: type[Row], alias: str) -> str:
    """`alias.column, …` for every column of a row."""
    return ", ".join(f"{alias}.{name}" for name in row.columns())


def expand(source: str) -> str:
    """Fill `{task:t}` with the columns of a task row under the alias `t`, and so on.

    `{readable}` becomes the workspaces that :user_id may read, `{visible:t}` the condition that `t` is one of
    their things or belongs to none, `{readable_events}` the condition that a row of `events` is theirs to see,
    `{own_thread:h}` the condition that the row `h` of `threads` is, `{holds:r}` that they hold the lease of run `r`.
    `{moved:r}` becomes when the run `r` moved last, `{activity:t:r}` when the task `t` with its latest run `r` did: a
    heartbeat is no move.
    """
    filled = ACTIVITY.sub(r"greatest(\1.created_at, \1.updated_at, \1.closed_at, {moved:\2})", source)
    filled = MOVED.sub(r"greatest(\1.queued_at, \1.claimed_at, \1.started_at, \1.ended_at)", filled)
    filled = OWN_THREAD.sub(lambda found: OWN_THREADS.replace("{alias}", found[1]), filled)
    filled = HOLDING.sub(lambda found: HOLDS.replace("{alias}", found[1]), filled)
    filled = VISIBLE.sub(r"(\1.workspace_id IS NULL OR \1.workspace_id = ANY ({readable}))", filled)
    filled = filled.replace("{readable}", READABLE_WORKSPACES).replace("{readable_events}", READABLE_EVENTS)
    return PLACEHOLDER.sub(lambda found: columns_of(ROWS[found[1]], found[2]), filled)


def source_of(name: str) -> str:
    """The text of `sql/<name>.sql`, for a statement that is composed from it."""
    return files("app.storage").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def load(name: str) -> Statement:
    """The statement in `sql/<name>.sql`."""
    return Statement(expand(source_of(name)), name=name)


def composed(source: str, *, name: str = "") -> Statement:
    """A short statement that stands in a module."""
    return Statement(expand(source), name=name)
