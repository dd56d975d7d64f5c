"""The enums of the schema: the words of the domain with a description each."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import strawberry

from app.domain.access.credentials import Scope
from app.domain.access.viewer import UserRole
from app.domain.actor import ActorKind, OriginKind, OwnerKind
from app.domain.grid.column import ColumnType
from app.domain.grid.page import ReadOnlyReason, SortDirection
from app.domain.grid.table import TableScope, TableSource
from app.domain.tasks.channels import CoordinationMessageKind
from app.domain.tasks.dashboard import FreshnessStatus, HealthStatus
from app.domain.tasks.dispatch import RunWait
from app.domain.tasks.events import DESCRIPTIONS, EventType
from app.domain.tasks.inbox import BlockingReason, InboxLane
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import ApprovalPolicy, ApprovalState, TaskPriority, TaskScope, TaskStatus
from app.domain.tasks.steps import StepSource, StepStatus
from app.storage.rows.grid import ArtifactKind
from app.storage.rows.workspace import WorkspaceMode, WorkspaceStatus
from app.storage.task_list import TaskOrder

Words = TypeVar("Words", bound=type[Enum])


def described(words: Words, description: str, values: Mapping[str, str], *, name: str | None = None) -> Words:
    """Make an enum of the domain an enum of the schema; every value needs a description."""
    strawberry.enum(words, name=name, description=description)
    definition = words.__strawberry_definition__  # type: ignore[attr-defined]  # set by strawberry.enum
    for value in definition.values:
        value.description = values[value.value]
    return words


described(
    TaskStatus,
    "Where a task stands.",
    {
        "draft": "Not published yet.",
        "pending": "Being published; never seen at rest.",
        "blocked": "Waits for a dependency or for approval.",
        "ready": "May run.",
        "in_progress": "A run is starting or running.",
        "completed": "Its latest run ended well.",
        "failed": "Its attempts are used up.",
        "canceled": "Canceled, for good.",
    },
)
described(
    RunStatus,
    "Where a run stands.",
    {
        "queued": "Waits to be claimed.",
        "claimed": "Held under a lease.",
        "starting": "Being started by its holder.",
        "running": "At work.",
        "completed": "Ended well.",
        "failed": "Ended with an error.",
        "canceled": "Canceled.",
    },
)
described(
    RunWait,
    "What a queued run waits for; of several the first, in this order.",
    {
        "blocked": "Its task waits for a dependency or for approval.",
        "pause": "Its task, or one that this is part of, is paused.",
        "time": "The instant has not come before which it is not claimed.",
        "concurrency": "As many runs of its concurrency key are dispatched as may be.",
    },
)
described(
    StepStatus,
    "Where a step of a run stands.",
    {
        "pending": "Not begun.",
        "running": "At work.",
        "completed": "Ended well.",
        "failed": "Ended with an error.",
        "skipped": "Not needed.",
        "canceled": "Stopped before its end.",
    },
    name="RunStepStatus",
)
described(
    StepSource,
    "What carries out a step of a run.",
    {
        "tool": "A tool.",
        "agent": "An agent.",
        "query": "A query.",
        "approval": "A person who decides.",
        "system": "The worker itself.",
    },
    name="RunStepSource",
)
described(
    CoordinationMessageKind,
    "What may be said on the channel of a run.",
    {
        "status": "How it goes.",
        "request": "A question.",
        "reply": "An answer.",
        "blocker": "Something is in the way.",
        "handoff": "Somebody else goes on.",
        "result": "What came out.",
        "review_request": "Somebody should look.",
    },
)
described(
    TaskScope,
    "Whom a task belongs to.",
    {"global": "The tenant as a whole.", "workspace": "One workspace."},
)
described(
    TaskPriority,
    "How urgent a task is; the most urgent is claimed first.",
    {"low": "Weight 10.", "medium": "Weight 20, the default.", "high": "Weight 30.", "urgent": "Weight 40."},
)
described(
    ApprovalPolicy,
    "Whether a person must approve a task before it may run.",
    {"none": "No approval is needed.", "manual": "A person must approve."},
)
described(
    ApprovalState,
    "What was decided about a task.",
    {
        "not_required": "Nothing needs to be decided.",
        "pending": "Nobody has decided yet.",
        "approved": "A person said yes.",
        "rejected": "A person said no.",
    },
)
described(
    HealthStatus,
    "Whether somebody should look.",
    {"ok": "All is well.", "warn": "Somebody should look."},
)
described(
    FreshnessStatus,
    "Whether the work moves.",
    {
        "empty": "Nothing ever happened.",
        "current": "It moves, or there is none.",
        "stale": "There is live work, and nothing moved for 2 minutes.",
    },
)
described(
    InboxLane,
    "A lane of an inbox; a task lies in the first that fits: ARCHIVED, APPROVALS, FAILED_RUNS, BLOCKED, MY_WORK.",
    {
        "my_work": "Yours, or claimed by you, and not at an end.",
        "approvals": "Blocked until a person approves.",
        "failed_runs": "The newest run failed.",
        "blocked": "Blocked by something else.",
        "archived": "Put away by you.",
    },
)
described(
    BlockingReason,
    "Why a task waits for somebody.",
    {
        "awaiting_approval": "A person must decide.",
        "approval_rejected": "A person said no.",
        "latest_run_failed": "Its newest run failed.",
        "awaiting_dependencies": "It depends on tasks that are not completed.",
    },
)
described(
    TaskOrder,
    "How a list of tasks is sorted.",
    {"newest_first": "Last made first.", "latest_activity": "Last moved first; heartbeats do not count."},
)
described(EventType, "What happened.", {k.value: v for k, v in DESCRIPTIONS.items()})
ACTORS = {
    "human": "A person.",
    "agent_session": "An agent or worker.",
    "automation": "An automation.",
    "extension": "An extension.",
    "network_peer": "A peer on the network.",
    "daemon": "The server itself.",
    "pool": "Any worker of the named agent.",
}
described(ActorKind, "What kind of being acts.", ACTORS)
described(OwnerKind, "What kind of being a task may belong to.", ACTORS)
described(
    OriginKind,
    "Through which door a call came.",
    {
        **ACTORS,
        "cli": "The command line.",
        "web": "The web page.",
        "uds": "A Unix socket.",
        "http": "HTTP or WebSocket.",
        "network": "The network.",
    },
)
described(
    WorkspaceMode,
    "Whose rows a workspace shows.",
    {"snapshot": "A copy of its own.", "operational": "A live table."},
)
described(
    WorkspaceStatus,
    "Whether a workspace is in use.",
    {"active": "In use.", "archived": "Frozen: readable, not writable."},
)
described(
    ColumnType,
    "The type of a column.",
    {
        "string": "Text.",
        "integer": "A whole number of 64 bits; beyond 2^53 a string on the wire.",
        "number": "A double-precision number.",
        "decimal": "An exact decimal; a string on the wire.",
        "boolean": "True or false.",
        "date": "A calendar date, YYYY-MM-DD.",
        "datetime": "An instant, RFC 3339 in UTC.",
        "json": "Any JSON value.",
    },
)
described(
    Scope,
    "What an API key may be used for.",
    {
        "read": "Reading and subscribing.",
        "write": "Changing tasks, tables and workspaces.",
        "work": "Claiming and finishing runs.",
        "admin": "Making users and keys.",
    },
    name="KeyScope",
)
described(
    UserRole,
    "What a user may administer.",
    {"admin": "Users and keys of the tenant.", "member": "Only what is theirs."},
)
described(
    TableScope,
    "Whom a live table belongs to.",
    {
        "tenant": "The tenant: everybody reads it, its creator and administrators write it.",
        "workspace": "A workspace: whoever reads the workspace reads it.",
        "task": "A task: whoever sees the task reads it.",
    },
)
described(
    TableSource,
    "What a table is made of.",
    {"table": "Rows of its own.", "view": "A view; read-only.", "external": "A table elsewhere; read-only."},
)
described(SortDirection, "Which end comes first.", {"asc": "The least.", "desc": "The greatest."})
described(
    ReadOnlyReason,
    "Why you may not edit cells; of several reasons the first in this order.",
    {
        "viewer_access": "You may only read this.",
        "workspace_archived": "The workspace is archived.",
        "no_data": "There are no columns yet.",
        "source_read_only": "The table shows another source.",
        "no_row_identity": "The table has no key, so no row can be named.",
    },
)
described(
    ArtifactKind,
    "What an artifact is.",
    {
        "table": "Columns and rows.",
        "chart": "A chart specification.",
        "markdown": "Text in Markdown.",
        "json": "Any JSON value.",
        "file": "What describes a file, as JSON.",
    },
)
