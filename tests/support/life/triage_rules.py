"""Rules of triage: each user's own marks, told to nobody (section 15)."""

from tests.support.life.things import Answer, Mark
from tests.support.life.world import World


def mark(world: World, user: str, id: str, what: str) -> Answer:
    """Read, dismiss or archive; nothing takes a task out of the archive."""
    task = world.visible_task(user, id)
    before = world.marks.get((user, id))
    world.marks[user, id] = Mark(
        archived=what == "archive" or (before is not None and before.archived),
        dismissed=what == "dismiss",
        moves=task.moves,
        nudges=task.nudges,
    )
    return Answer()


def shown(world: World) -> dict[tuple[str, str], tuple[bool, bool, bool | None]]:
    """Archived, dismissed and read for each mark; read is None where the rules leave it open."""
    found: dict[tuple[str, str], tuple[bool, bool, bool | None]] = {}
    for (user, id), kept in world.marks.items():
        task = world.tasks[id]
        read: bool | None = kept.archived or task.moves == kept.moves
        if not kept.archived and task.nudges != kept.nudges and read:
            read = None
        found[user, id] = (kept.archived, kept.dismissed, read)
    return found
