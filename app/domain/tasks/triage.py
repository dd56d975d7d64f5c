"""Triage: what an actor did with a task in its inbox, and what of it still holds (tasks API, section 15)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.domain.actor import Actor


class Mark(StrEnum):
    """What an actor can do with a task in its inbox."""

    READ = "read"
    DISMISS = "dismiss"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a mark sets besides read; nothing takes a task out of the archive."""

    archives: bool
    dismissed: bool


EFFECTS: Final[Mapping[Mark, Effect]] = {
    Mark.READ: Effect(archives=False, dismissed=False),
    Mark.DISMISS: Effect(archives=False, dismissed=True),
    Mark.ARCHIVE: Effect(archives=True, dismissed=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is stored of an actor's marks on a task."""

    archived: bool
    dismissed: bool
    last_seen_activity_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """What holds now; the times are null where the actor never marked the task."""

    task_id: str
    actor: Actor
    read: bool
    archived: bool
    dismissed: bool
    last_seen_activity_at: datetime | None
    updated_at: datetime | None


def effective(task_id: str, actor: Actor, kept: Kept | None, latest_activity_at: datetime) -> Triage:
    """An archived task stays archived and read; any other is unread and shown again once something newer happened."""
    if kept is None:
        return Triage(
            task_id=task_id,
            actor=actor,
            read=False,
            archived=False,
            dismissed=False,
            last_seen_activity_at=None,
            updated_at=None,
        )
    holds = kept.archived or latest_activity_at <= kept.last_seen_activity_at
    return Triage(
        task_id=task_id,
        actor=actor,
        read=holds,
        archived=kept.archived,
        dismissed=kept.dismissed and holds,
        last_seen_activity_at=kept.last_seen_activity_at,
        updated_at=kept.updated_at,
    )
