"""The concurrency keys of tasks that change workspaces: their runs go one at a time.

Tasks that change the same workspace share a key, made of the oldest workspace that any of them changes. A task that
changes two workspaces makes one group of both: more waits than has to, and no two runs ever change one workspace.
"""

from collections.abc import Collection, Iterable
from typing import Final
from uuid import UUID

from app.domain.errors import BadInput
from app.domain.tasks.dispatch import dispatch_key

PREFIX: Final = "workspace:"


def own_key(given: str | None, field: str) -> str | None:
    """A concurrency key as callers choose it; BadInput for one of ours."""
    key = dispatch_key(given, field)
    if is_workspace_key(key):
        raise BadInput(f"Keys that begin with {PREFIX!r} are kept for workspaces; choose another.", field=field)
    return key


def is_workspace_key(key: str | None) -> bool:
    """Whether the key came from a binding."""
    return key is not None and key.startswith(PREFIX)


def shared_keys(tasks: Collection[str], changes: Iterable[tuple[str, UUID]]) -> dict[str, str | None]:
    """The key of each task, None for one that changes nothing; `changes` are all pairs `(task, workspace)` around."""
    group: dict[str | UUID, str | UUID] = {}

    def root(member: str | UUID) -> str | UUID:
        while (above := group.setdefault(member, member)) != member:
            group[member] = group[above]
            member = above
        return member

    places: set[UUID] = set()
    for task, place in changes:
        places.add(place)
        group[root(task)] = root(place)
    oldest: dict[str | UUID, UUID] = {}
    for place in sorted(places):
        oldest.setdefault(root(place), place)
    found = {task: oldest.get(root(task)) for task in tasks}
    return {task: None if place is None else f"{PREFIX}{place}" for task, place in found.items()}
