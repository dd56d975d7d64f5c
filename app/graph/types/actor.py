"""Who acts, through which door, and who owns."""

import strawberry

from app.domain import actor as domain
from app.domain.actor import ActorKind, OriginKind, OwnerKind


@strawberry.type(description="Whoever acts: a person, a worker, the server itself.")
class Actor:
    """Kind and reference."""

    kind: ActorKind = strawberry.field(description="What kind of being.")
    ref: str = strawberry.field(description="Its id within that kind.")


@strawberry.type(description="The door and the operation through which something was caused.")
class Origin:
    """Kind and reference."""

    kind: OriginKind = strawberry.field(description="The door.")
    ref: str = strawberry.field(description="The operation, such as tasks.create.")


@strawberry.type(description="Whom a task belongs to.")
class Owner:
    """Kind and reference."""

    kind: OwnerKind = strawberry.field(description="What kind of being.")
    ref: str = strawberry.field(description="Its id within that kind.")


def actor_of(found: domain.Actor | None) -> Actor | None:
    """The actor of a row as a graph type."""
    return None if found is None else Actor(kind=found.kind, ref=found.ref)
