"""A workspace as its creator describes it, and which of its members go together."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.grid.table import TableScope
from app.domain.problems import Problem
from app.domain.text import is_storable
from app.storage.rows.workspace import WorkspaceMode

BINDINGS_MAX: Final = 100
NAME_LENGTH_MAX: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A task that is to work on a workspace, and whether its runs may change the data."""

    task_id: str
    mutates: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceDraft:
    """Where the rows come from depends on the mode: a live table by its name, or an artifact, or nothing yet."""

    title: str
    mode: WorkspaceMode
    description: str | None = None
    table_name: str | None = None
    table_scope: TableScope | None = None
    artifact_id: str | None = None
    version: int | None = None
    row_id_column: str | None = None
    bindings: Sequence[Binding] = ()


def live_needs_a_table(draft: WorkspaceDraft) -> Iterator[Problem]:
    """An operational workspace shows a live table and copies nothing."""
    if draft.mode is not WorkspaceMode.OPERATIONAL:
        return
    if draft.table_name is None:
        yield _problem("backingTableName", "An operational workspace needs the name of a live table.")
    if draft.artifact_id is not None:
        yield _problem("artifactId", "An operational workspace shows a live table and copies no artifact.")


def snapshot_takes_no_table(draft: WorkspaceDraft) -> Iterator[Problem]:
    """A snapshot shows a copy, or is empty."""
    if draft.mode is not WorkspaceMode.SNAPSHOT:
        return
    message = "A snapshot shows a copy; open a live table with mode OPERATIONAL."
    if draft.table_name is not None:
        yield _problem("backingTableName", message)
    if draft.table_scope is not None:
        yield _problem("backingTableScope", message)


def version_belongs_to_an_artifact(draft: WorkspaceDraft) -> Iterator[Problem]:
    """A version alone says nothing."""
    if draft.version is None:
        return
    if draft.artifact_id is None:
        yield _problem("version", "A version is one of an artifact; give artifactId as well.")
    if draft.version < 1:
        yield _problem("version", "Versions are counted from 1.")


def names_are_names(draft: WorkspaceDraft) -> Iterator[Problem]:
    """What is looked up by name has one that could be stored."""
    for field, name in (("backingTableName", draft.table_name), ("rowIdColumn", draft.row_id_column)):
        if name is not None and not (is_storable(name) and 1 <= len(name) <= NAME_LENGTH_MAX):
            yield _problem(field, f"Give 1 to {NAME_LENGTH_MAX} characters without NUL and lone surrogates.")


def each_task_is_bound_once(draft: WorkspaceDraft) -> Iterator[Problem]:
    """A bounded list without repetitions."""
    if len(draft.bindings) > BINDINGS_MAX:
        yield _problem("taskBindings", f"{len(draft.bindings)} tasks; at most {BINDINGS_MAX} can be bound.")
    seen: set[str] = set()
    for index, one in enumerate(draft.bindings):
        if one.task_id in seen:
            yield Problem(("taskBindings", index, "taskId"), "duplicate", "The task is named twice.")
        seen.add(one.task_id)


RULES: Final[tuple[Callable[[WorkspaceDraft], Iterator[Problem]], ...]] = (
    live_needs_a_table,
    snapshot_takes_no_table,
    version_belongs_to_an_artifact,
    names_are_names,
    each_task_is_bound_once,
)


def draft_problems(draft: WorkspaceDraft) -> list[Problem]:
    """Everything that does not go together."""
    return [problem for rule in RULES for problem in rule(draft)]


def _problem(field: str, message: str) -> Problem:
    return Problem((field,), "value_error", message)
