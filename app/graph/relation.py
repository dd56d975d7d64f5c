"""How relations and values are declared: a relation names its loader, so that a whole list is one batch."""

from collections.abc import Callable, Hashable
from typing import Any
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from app.graph.context import Info
from app.loaders.registry import Loaders

LoaderOf = Callable[[Loaders], DataLoader[Any, Any]]
KeyOf = Callable[[Any], Hashable | None]


def related(loader: LoaderOf, key: KeyOf, description: str) -> Any:
    """A field whose value a loader finds by a key of the parent row; no key means null."""

    async def resolve(root: Any, info: Info) -> Any:
        wanted = key(root)
        return None if wanted is None else await loader(info.context.loaders).load(wanted)

    return strawberry.field(resolver=resolve, description=description)


def value(description: str, name: str | None = None) -> Any:
    """A plain attribute of the row."""
    return strawberry.field(description=description, name=name)


def read_attribute(row: object, name: str) -> object:
    """The default resolver: an attribute of the row; ids leave as text."""
    found = getattr(row, name)
    return str(found) if isinstance(found, UUID) else found
