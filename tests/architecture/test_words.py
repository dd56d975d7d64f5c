"""The words of the domain, of the tables and of the documents are the same words."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

import pytest
from sqlalchemy import CheckConstraint

from app.db.tables import metadata
from app.domain.access.viewer import UserRole
from app.domain.conversation import AgentLifecycle, MessageRole
from app.domain.grid.table import TableScope, TableSource
from app.domain.sharing.share import ShareStatus
from app.domain.tasks.run_status import HELD, HOLDER_MOVES, OPEN, OPERATOR_MOVES, TERMINAL, RunStatus
from app.domain.tasks.status import (
    CLOSED,
    PRIORITY_WEIGHTS,
    TASK_MOVES,
    ApprovalPolicy,
    ApprovalState,
    TaskScope,
    TaskStatus,
    initial_status,
)
from app.graph.types.agent_session import AgentSessionState
from app.storage.rows.cells import EditorType
from app.storage.rows.grid import SNAPSHOT_SCOPE, ArtifactKind
from app.storage.rows.workspace import WorkspaceMode, WorkspaceStatus
from tests.architecture.source import REPOSITORY

Status = TypeVar("Status", bound=StrEnum)

ONE_OF = re.compile(r"^(\w+) IN \(([^()]*)\)$")
STATE_MACHINES = REPOSITORY / "docs" / "state-machines.md"
ARROW = re.compile(r"^\s*(\[\*\]|\w+) --> (\[\*\]|\w+)(?:: .+)?$", re.MULTILINE)


def words(kind: type[StrEnum]) -> set[str]:
    """The values of an enum."""
    return {word.value for word in kind}


EXPECTED: Mapping[str, set[str]] = {
    "agent_specs.lifecycle_status": words(AgentLifecycle),
    "agent_sessions.state": words(AgentSessionState),
    "artifacts.kind": words(ArtifactKind),
    "messages.role": words(MessageRole),
    "cell_mutations.actor_type": words(EditorType),
    "runs.status": words(RunStatus),
    "tables.scope": words(TableScope) | {SNAPSHOT_SCOPE},
    "tables.source_type": words(TableSource),
    "tasks.priority": {str(weight) for weight in PRIORITY_WEIGHTS.values()},
    "tasks.scope": words(TaskScope),
    "tasks.status": words(TaskStatus),
    "users.role": words(UserRole),
    "workspace_shares.status": words(ShareStatus),
    "workspaces.mode": words(WorkspaceMode),
    "workspaces.status": words(WorkspaceStatus),
}


def checks() -> Iterable[tuple[str, str, str]]:
    """Table, name and text of every CHECK constraint."""
    for table in metadata.sorted_tables:
        for constraint in table.constraints:
            if isinstance(constraint, CheckConstraint):
                yield table.name, str(constraint.name), str(constraint.sqltext)


def test_every_list_of_words_in_a_check_is_that_of_the_domain() -> None:
    found = {
        f"{table}.{listed[1]}": {word.strip(" '") for word in listed[2].split(",")}
        for table, _, text in checks()
        if (listed := ONE_OF.match(text)) is not None
    }
    assert found == EXPECTED


def test_the_check_of_approval_knows_the_words_of_the_domain() -> None:
    [text] = [text for table, name, text in checks() if table == "tasks" and name.endswith("approval")]
    assert set(re.findall(r"'(\w+)'", text)) == words(ApprovalPolicy) | words(ApprovalState)


def diagram(heading: str) -> set[tuple[str, str]]:
    """The arrows of the one diagram under a heading of docs/state-machines.md."""
    section = STATE_MACHINES.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    [drawn] = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", section, re.DOTALL)
    return set(ARROW.findall(drawn))


def moves(*tables: Mapping[Status, frozenset[Status]]) -> set[tuple[str, str]]:
    """The moves of the tables as arrows."""
    return {
        (before.value, after.value) for table in tables for before, all_after in table.items() for after in all_after
    }


def test_the_diagram_of_tasks_shows_every_move_and_no_other() -> None:
    born = {initial_status(draft=draft, policy=policy) for draft in (False, True) for policy in ApprovalPolicy}
    assert diagram("Tasks") == moves(TASK_MOVES) | {("[*]", status.value) for status in born} | {
        (TaskStatus.CANCELED.value, "[*]")
    }


def test_the_diagram_of_runs_shows_every_move_and_no_other() -> None:
    assert diagram("Runs") == moves(OPERATOR_MOVES, HOLDER_MOVES) | {("[*]", RunStatus.QUEUED.value)} | {
        (status.value, "[*]") for status in TERMINAL
    }


@pytest.mark.parametrize(("table", "kind"), [(TASK_MOVES, TaskStatus), (OPERATOR_MOVES, RunStatus)])
def test_a_table_of_moves_knows_every_status(table: Mapping[StrEnum, object], kind: type[StrEnum]) -> None:
    assert set(table) == set(kind)


def test_an_ended_run_moves_no_more() -> None:
    assert {status for status in RunStatus if not OPERATOR_MOVES[status]} == TERMINAL
    assert set(HOLDER_MOVES) == HELD
    assert set(RunStatus) == OPEN | TERMINAL
    assert not OPEN & TERMINAL
    assert TASK_MOVES[TaskStatus.CANCELED] == frozenset()
    assert TaskStatus.CANCELED in CLOSED
