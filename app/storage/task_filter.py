"""Which tasks are meant: the conditions that lists, the dashboard and the inbox share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Final
from uuid import UUID

# Each combination of conditions is a statement of its own; so many are kept.
STATEMENTS_MAX: Final = 256
# A search compares plain characters: % and _ stand for themselves.
CONDITIONS: Final[Mapping[str, str]] = {
    "scope": "AND t.scope = :scope",
    "workspace_id": "AND t.workspace_id = CAST(:workspace_id AS uuid)",
    "statuses": "AND t.status = ANY (CAST(:statuses AS text[]))",
    "priorities": "AND t.priority = ANY (CAST(:priorities AS smallint[]))",
    "approval_state": "AND t.approval_state = :approval_state",
    "owner_kind": "AND t.owner_kind = :owner_kind",
    "owner_ref": "AND t.owner_ref = :owner_ref",
    "parent_task_id": "AND t.parent_task_id = :parent_task_id",
    "network_channel": "AND t.network_channel = :network_channel",
    "origin_kind": "AND t.origin_kind = :origin_kind",
    "search": "AND (strpos(lower(t.title), lower(:search)) > 0 OR strpos(lower(t.identifier), lower(:search)) > 0)",
    "without_drafts": "AND t.status <> 'draft'",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Conditions that are joined by AND; None means any."""

    scope: str | None = None
    workspace_id: UUID | None = None
    statuses: tuple[str, ...] | None = None
    priorities: tuple[int, ...] | None = None
    approval_state: str | None = None
    owner_kind: str | None = None
    owner_ref: str | None = None
    parent_task_id: str | None = None
    network_channel: str | None = None
    origin_kind: str | None = None
    search: str | None = None
    # True leaves drafts out, unless states were asked for by name.
    without_drafts: bool | None = None

    def given(self) -> dict[str, object]:
        """The conditions that were given."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        if not self.without_drafts or self.statuses is not None:
            del found["without_drafts"]
        return {name: value for name, value in found.items() if value is not None}


def conditions(names: Iterable[str]) -> str:
    """The conditions on a task `t` that go with these names."""
    return " ".join(CONDITIONS[name] for name in names)
