"""A task as the workspace it is bound to shows it (workspaces API, section 9)."""

from enum import StrEnum

from app.domain.slug import slug
from app.domain.tasks.status import TaskStatus


class BoundTaskLifecycle(StrEnum):
    """The state of a bound task in the words of workspaces."""

    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


def lifecycle(status: TaskStatus) -> BoundTaskLifecycle:
    """A draft is a draft, a canceled task is out of use, anything else may run."""
    if status is TaskStatus.DRAFT:
        return BoundTaskLifecycle.DRAFT
    return BoundTaskLifecycle.ARCHIVED if status is TaskStatus.CANCELED else BoundTaskLifecycle.ACTIVE


def bound_name(identifier: str | None, title: str) -> str:
    """The name its creator chose, else the slug of its title, else the title itself."""
    return identifier or slug(title) or title
