"""How the values of a field are found for a whole list of parents: attributes, relations by batch, resolvers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from operator import attrgetter
from typing import Any

from graphql import GraphQLField, GraphQLObjectType
from graphql.execution.collect_fields import FieldDetails

from app.graph.engine.plan.leaves import Column
from app.graph.engine.plan.shapes import Shape
from app.graph.relation import Relation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """A field as an operation asks for it: what the library needs to call its resolver."""

    parent: GraphQLObjectType
    definition: GraphQLField
    details: list[FieldDetails]
    key: str


class Found:
    """Base of fields: a column of values, completed in the shape of the field's type."""

    waits = False

    def __init__(self, key: str, shape: Shape) -> None:
        self.key = key
        self.shape = shape

    def now(self, objects: Sequence[Any], run: Any) -> Column:
        """The completed column, without waiting."""
        raise NotImplementedError

    async def later(self, objects: Sequence[Any], run: Any) -> Column:
        """The completed column."""
        raise NotImplementedError


class TypeName(Found):
    """`__typename`."""

    def __init__(self, key: str, name: str, shape: Shape) -> None:
        super().__init__(key, shape)
        self._name = name

    def now(self, objects: Sequence[Any], run: Any) -> Column:
        """The same for all."""
        return [self._name] * len(objects)


class Attribute(Found):
    """A plain attribute of the row; ids leave as text, as by the default resolver."""

    def __init__(self, key: str, name: str, shape: Shape) -> None:
        super().__init__(key, shape)
        self._get = attrgetter(name)
        self.waits = shape.waits

    def now(self, objects: Sequence[Any], run: Any) -> Column:
        """Read from each row."""
        return self.shape.now(list(map(self._get, objects)), run)

    async def later(self, objects: Sequence[Any], run: Any) -> Column:
        """Read from each row; what is below may have to be read."""
        return await self.shape.later(list(map(self._get, objects)), run)


class Related(Found):
    """A relation: the keys of all parents in one call of its loader."""

    waits = True

    def __init__(self, key: str, relation: Relation, shape: Shape) -> None:
        super().__init__(key, shape)
        self._key_of = relation.key
        self._loader_of = relation.loader
        self._then = relation.then

    async def later(self, objects: Sequence[Any], run: Any) -> Column:
        """Rows of the relation, then what is below them."""
        keys = list(map(self._key_of, objects))
        wanted = [key for key in keys if key is not None]
        found = await self._loader_of(run.loaders).load_many(wanted) if wanted else []
        values: Column = found
        if len(wanted) != len(keys):
            following = iter(found)
            values = [None if key is None else next(following) for key in keys]
        if self._then is not None:
            then = self._then
            values = [then(row, value) for row, value in zip(objects, values, strict=True)]
        if self.shape.waits:
            return await self.shape.later(values, run)
        return self.shape.now(values, run)


class Called(Found):
    """A resolver that takes the parent alone, and none of the machinery around it."""

    def __init__(self, key: str, resolve: Callable[[Any], Any], shape: Shape) -> None:
        super().__init__(key, shape)
        self._resolve = resolve
        self.waits = shape.waits

    def now(self, objects: Sequence[Any], run: Any) -> Column:
        """Called for each parent."""
        return self.shape.now([self._resolve(row) for row in objects], run)

    async def later(self, objects: Sequence[Any], run: Any) -> Column:
        """Called for each parent; what is below may have to be read."""
        return await self.shape.later([self._resolve(row) for row in objects], run)


class Resolved(Found):
    """Any other field: by the library's resolver, which gets arguments and info."""

    waits = True

    def __init__(self, asked: Asked, shape: Shape) -> None:
        super().__init__(asked.key, shape)
        self._asked = asked

    async def later(self, objects: Sequence[Any], run: Any) -> Column:
        """Called for each parent, all at once."""
        call = run.resolver_of(self._asked)
        values = [call(row) for row in objects]
        waiting = [at for at, value in enumerate(values) if isawaitable(value)]
        if len(waiting) == 1:
            values[waiting[0]] = await values[waiting[0]]
        elif waiting:
            found = await asyncio.gather(*[values[at] for at in waiting])
            for at, value in zip(waiting, found, strict=True):
                values[at] = value
        if self.shape.waits:
            return await self.shape.later(values, run)
        return self.shape.now(values, run)

    async def complete(self, value: Any, run: Any) -> Any:
        """What is sent of one value that was resolved already."""
        (done,) = await self.shape.later([value], run)
        return done

    def resolve(self, root: Any, run: Any) -> Awaitable[Any] | Any:
        """The value for one parent, for a root field whose turn it is."""
        return run.resolver_of(self._asked)(root)


@dataclass(slots=True)
class ObjectPlan:
    """The fields of one object type as an operation asks for them, in their order."""

    fields: list[Found]
    waits: bool = field(init=False)
    keys: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.waits = any(one.waits for one in self.fields)
        self.keys = tuple(one.key for one in self.fields)

    def now(self, objects: Sequence[Any], run: Any) -> list[dict[str, Any]]:
        """One answer an object."""
        return self._rows([one.now(objects, run) for one in self.fields])

    async def later(self, objects: Sequence[Any], run: Any) -> list[dict[str, Any]]:
        """One answer an object; what has to be read is read at the same time."""
        if not self.waits:
            return self.now(objects, run)
        columns: list[Any] = [None if one.waits else one.now(objects, run) for one in self.fields]
        waiting = [at for at, one in enumerate(self.fields) if one.waits]
        if len(waiting) == 1:
            columns[waiting[0]] = await self.fields[waiting[0]].later(objects, run)
        else:
            found = await asyncio.gather(*[self.fields[at].later(objects, run) for at in waiting])
            for at, column in zip(waiting, found, strict=True):
                columns[at] = column
        return self._rows(columns)

    def _rows(self, columns: list[Column]) -> list[dict[str, Any]]:
        keys = self.keys
        return [dict(zip(keys, row, strict=False)) for row in zip(*columns, strict=True)]
