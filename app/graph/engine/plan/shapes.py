"""What a field's values become: leaves, objects, lists of either; a whole column of values at a time."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, Protocol

from graphql import GraphQLObjectType

from app.graph.engine.plan.leaves import Column, Serialise
from app.graph.engine.plan.unplanned import Unplanned

Answer = dict[str, Any]


class Shape(Protocol):
    """How values are completed. `waits` says whether that may have to wait for something to be read."""

    waits: bool

    def now(self, values: Column, run: Any) -> Column:
        """The completed values, without waiting."""

    async def later(self, values: Column, run: Any) -> Column:
        """The completed values."""


class Objects(Protocol):
    """The plan of an object type: one answer an object."""

    waits: bool

    def now(self, objects: Sequence[Any], run: Any) -> list[Answer]:
        """The answers, without waiting."""

    async def later(self, objects: Sequence[Any], run: Any) -> list[Answer]:
        """The answers."""


class Leaf:
    """Scalars and enums."""

    waits = False

    def __init__(self, serialise: Serialise) -> None:
        self._serialise = serialise

    def now(self, values: Column, _run: Any) -> Column:
        """Serialised."""
        return self._serialise(values)

    async def later(self, values: Column, run: Any) -> Column:
        """The same."""
        return self.now(values, run)


class One:
    """Objects of one type; `fits` is the type's own test of a value, asked once for each class of values."""

    def __init__(self, plan: Objects, fits: Callable[[Any, Any], Any] | None, *, nullable: bool) -> None:
        self.waits = plan.waits
        self._plan = plan
        self._fits = fits
        self._nullable = nullable

    def now(self, values: Column, run: Any) -> Column:
        """Answers in the places of their objects."""
        there = self._there(values, run)
        return _woven(values, there, self._plan.now(there, run) if there else [])

    async def later(self, values: Column, run: Any) -> Column:
        """Answers in the places of their objects."""
        there = self._there(values, run)
        return _woven(values, there, await self._plan.later(there, run) if there else [])

    def _there(self, values: Column, run: Any) -> Column:
        there = [value for value in values if value is not None]
        if len(there) != len(values) and not self._nullable:
            raise Unplanned("a null where none may be")
        if self._fits is not None:
            by_class = {type(value): value for value in there}
            if not all(self._fits(value, run) for value in by_class.values()):
                raise Unplanned("an object of another type")
        return there


class OneOfMany:
    """Objects of an abstract type: each kind of object by the plan of its own type."""

    waits = True

    def __init__(
        self,
        type_of: Callable[[Any, Any], GraphQLObjectType],
        plan_of: Callable[[GraphQLObjectType], Objects],
        *,
        nullable: bool,
    ) -> None:
        self._type_of = type_of
        self._plan_of = plan_of
        self._nullable = nullable

    def now(self, values: Column, run: Any) -> Column:
        """Never asked: which types there are is only known when the values are."""
        raise Unplanned("an abstract type without waiting")

    async def later(self, values: Column, run: Any) -> Column:
        """Answers in the places of their objects."""
        places: dict[str, tuple[GraphQLObjectType, list[int]]] = {}
        for at, value in enumerate(values):
            if value is not None:
                kind = self._type_of(value, run)
                places.setdefault(kind.name, (kind, []))[1].append(at)
            elif not self._nullable:
                raise Unplanned("a null where none may be")
        answers: Column = [None] * len(values)
        work = [self._plan_of(kind).later([values[at] for at in taken], run) for kind, taken in places.values()]
        for (_, taken), found in zip(places.values(), await asyncio.gather(*work), strict=True):
            for at, answer in zip(taken, found, strict=True):
                answers[at] = answer
        return answers


class Many:
    """Lists: laid end to end, completed as one column, and cut again."""

    def __init__(self, inner: Shape, *, nullable: bool) -> None:
        self.waits = inner.waits
        self._inner = inner
        self._nullable = nullable

    def now(self, values: Column, run: Any) -> Column:
        """Lists of completed items."""
        return _cut(values, self._inner.now(self._laid(values), run))

    async def later(self, values: Column, run: Any) -> Column:
        """Lists of completed items."""
        return _cut(values, await self._inner.later(self._laid(values), run))

    def _laid(self, values: Column) -> Column:
        kinds = set(map(type, values))
        if not kinds <= LISTS:
            raise Unplanned("a list of an unusual kind")
        if type(None) in kinds and not self._nullable:
            raise Unplanned("a null where none may be")
        return list(chain.from_iterable(value for value in values if value is not None))


LISTS: frozenset[type] = frozenset({list, tuple, type(None)})


def _woven(values: Column, there: Column, answers: list[Answer]) -> Column:
    if len(there) == len(values):
        return answers
    following = iter(answers)
    return [None if value is None else next(following) for value in values]


def _cut(values: Column, flat: Column) -> Column:
    at = 0
    lists: Column = []
    for value in values:
        if value is None:
            lists.append(None)
        else:
            lists.append(flat[at : at + len(value)])
            at += len(value)
    return lists
