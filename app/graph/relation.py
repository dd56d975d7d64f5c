"""How relations and values are declared: a relation names its loader, so that a whole list is one batch."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import strawberry

from app.graph.context import Info
from app.loaders.batch import BatchLoader
from app.loaders.registry import Loaders

LoaderOf = Callable[[Loaders], BatchLoader[Any, Any]]
KeyOf = Callable[[Any], Hashable | None]
Then = Callable[[Any, Any], Any]

RELATION: Final = "relation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Which loader finds the value of a field, by which key of the parent row, and what is made of it then."""

    loader: LoaderOf
    key: KeyOf
    then: Then | None


def related(loader: LoaderOf, key: KeyOf, description: str, *, then: Then | None = None) -> Any:
    """A field whose value a loader finds by a key of the parent row; no key means null.

    `then` makes the value of parent row and what was found; it is asked without a key too.
    """

    async def resolve(root: Any, info: Info) -> Any:
        wanted = key(root)
        found = None if wanted is None else await loader(info.context.loaders).load(wanted)
        return found if then is None else then(root, found)

    setattr(resolve, RELATION, Relation(loader=loader, key=key, then=then))
    return strawberry.field(resolver=resolve, description=description)


def relation_of(resolver: object) -> Relation | None:
    """The relation behind a resolver that `related` made."""
    return getattr(resolver, RELATION, None)


def value(description: str, name: str | None = None) -> Any:
    """A plain attribute of the row."""
    return strawberry.field(description=description, name=name)


def read_attribute(row: object, name: str) -> object:
    """The default resolver: an attribute of the row; ids leave as text."""
    found = getattr(row, name)
    return str(found) if isinstance(found, UUID) else found
