"""A schema with everything GraphQL has, and values that break every rule somewhere: what plans are compared on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.schema.config import StrawberryConfig

from app.domain.errors import Conflict, NotFound
from app.graph.relation import read_attribute, value
from app.graph.scalars import JSON, SCALARS, BigInt


@strawberry.enum(description="Kinds of skin.")
class Skin(Enum):
    """Words."""

    FUR = "fur"
    SCALES = "scales"


DOG_ID = UUID(int=7)


@dataclass
class DogRow:
    """A dog; any of its members may be wrong."""

    name: Any = "Rex"
    id: Any = DOG_ID
    skin: Any = Skin.FUR
    weight: Any = 12.5
    age: Any = 3
    good: Any = True
    born: Any = datetime(2020, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    steps: Any = 2**40
    notes: Any = None
    tricks: Any = ("sit", "roll")
    grid: Any = ((1, 2), (3,), ())
    friends: Any = ()
    best: Any = None


@dataclass
class FishRow:
    """A fish."""

    name: Any = "Wanda"
    id: Any = "fish-1"
    fins: Any = 4


@strawberry.interface(description="Whatever lives here.")
class Animal:
    """Base."""

    id: strawberry.ID = value("Its id.")
    name: str = value("Its name.")


@strawberry.type(description="A dog.")
class Dog(Animal):
    """A type with all kinds of fields."""

    skin: Skin | None = value("An enum.")
    weight: float | None = value("A number.")
    age: int | None = value("An integer.")
    good: bool | None = value("A boolean.")
    born: datetime | None = value("An instant.")
    steps: BigInt | None = value("A big integer.")
    notes: JSON | None = value("Anything.")
    tricks: list[str] = value("A list of texts that are there.")
    grid: list[list[int]] | None = value("A list of lists.")
    friends: list[Annotated["Animal", strawberry.lazy("tests.support.zoo")] | None] = value("Others, some missing.")
    best: Annotated["Dog", strawberry.lazy("tests.support.zoo")] | None = value("Another dog.")
    best_of_all: Annotated["Dog", strawberry.lazy("tests.support.zoo")] = value(
        "Another dog, always.", name="bestOfAll"
    )

    @strawberry.field(description="Its name backwards.")
    def backwards(root: strawberry.Parent[DogRow]) -> str:
        """A resolver that may fail."""
        return str(root.name[::-1])

    @strawberry.field(description="Its name so many times.")
    async def times(root: strawberry.Parent[DogRow], count: int = 2, between: str | None = None) -> str:
        """Arguments with defaults."""
        # Callers that are generated ask for two thousand million.
        return (between or "").join([root.name] * min(count, 100))

    @strawberry.field(description="It refuses.")
    async def refuses(root: strawberry.Parent[DogRow]) -> str | None:
        """A refusal of ours."""
        raise NotFound(f"{root.name} does not want to.", field="refuses")

    @strawberry.field(description="It breaks.")
    def breaks(root: strawberry.Parent[DogRow]) -> str:
        """A fault of ours, where null may not be."""
        raise RuntimeError("broken inside")

    @classmethod
    def is_type_of(cls, row: object, _info: Any) -> bool:
        """Rows stand for types."""
        return isinstance(row, DogRow)


@strawberry.type(description="A fish.")
class Fish(Animal):
    """Another type of the interface."""

    fins: int = value("How many.")

    @classmethod
    def is_type_of(cls, row: object, _info: Any) -> bool:
        """Rows stand for types."""
        return isinstance(row, FishRow)


@strawberry.input(description="What is wanted.")
class Wish:
    """An input with defaults."""

    name: str = "Rex"
    ages: list[int] = strawberry.field(default_factory=list, description="Ages.")


def cases() -> dict[str, Any]:
    """Animals by name; most of them are wrong somewhere."""
    rex, wanda = DogRow(), FishRow()
    return {
        "rex": rex,
        "wanda": wanda,
        "nobody": None,
        "nameless": DogRow(name=None),
        "numbered": DogRow(name=5, id=5, age="4", weight="1.5", good=1, steps="77"),
        "wrong": DogRow(skin="feathers", age=2**40, weight=float("nan"), good="perhaps"),
        "naive": DogRow(born=datetime(2020, 1, 1)),  # noqa: DTZ001  # the point
        "timeless": DogRow(born="yesterday"),
        "gaps": DogRow(tricks=("sit", None)),
        "unlisted": DogRow(tricks="sit"),
        "listless": DogRow(tricks=None),
        "generous": DogRow(grid=((1, None), None)),
        "deep": DogRow(best=DogRow(best=DogRow(name=None), name="Inner"), name="Outer"),
        "circle": DogRow(friends=(rex, None, wanda, DogRow(name=None))),
        "lonely": DogRow(friends=(object(),)),
        "odd": DogRow(friends=None),
        "noted": DogRow(notes={"a": [1, {"b": None}], "id": "x"}),
        "set": DogRow(tricks={"one"}),
        "stranger": object(),
    }


@strawberry.type(description="Reads.")
class Query:
    """Roots."""

    @strawberry.field(description="One animal.")
    async def animal(self, name: str) -> Animal | None:
        """May be missing, or of no type."""
        return cases().get(name)

    @strawberry.field(description="One dog, always.")
    def dog(self, name: str = "rex") -> Dog:
        """May be wrong."""
        return cases().get(name)  # type: ignore[return-value]  # rows stand for types

    @strawberry.field(description="One dog, maybe.")
    def maybe(self, name: str = "rex") -> Dog | None:
        """May be wrong."""
        return cases().get(name)

    @strawberry.field(description="Dogs.")
    async def dogs(self, names: list[str]) -> list[Dog | None]:
        """Some may be wrong."""
        return [cases().get(name) for name in names]

    @strawberry.field(description="Animals, all there.")
    def animals(self, names: list[str]) -> list[Animal]:
        """Some may be wrong."""
        return [cases().get(name) for name in names]  # type: ignore[misc]  # rows stand for types

    @strawberry.field(description="What was wished.")
    def wish(self, wish: Wish, skin: Skin = Skin.SCALES, at: datetime | None = None) -> str:
        """Inputs, enums and scalars as arguments."""
        return f"{wish.name} {wish.ages} {skin.name} {at}"

    @strawberry.field(description="It refuses.")
    async def refused(self) -> str:
        """A refusal at the root, where null may not be."""
        raise Conflict("No.", reason="because")


class Counter:
    """How often something was done."""

    def __init__(self) -> None:
        self.done: list[str] = []


COUNTER = Counter()


@strawberry.type(description="Writes.")
class Mutation:
    """Roots that are carried out once."""

    @strawberry.mutation(description="Feed somebody.")
    async def feed(self, name: str) -> Dog | None:
        """Remembered."""
        COUNTER.done.append(name)
        return cases().get(name)

    @strawberry.mutation(description="Feed somebody who does not want to.")
    def overfeed(self, name: str) -> Dog | None:
        """Remembered, and refused."""
        COUNTER.done.append(f"over {name}")
        raise Conflict("It is full.")


@strawberry.type(description="Watches.")
class Subscription:
    """A root of events."""

    @strawberry.subscription(description="Dogs that come by.")
    async def passing(self) -> AsyncIterator[Dog]:
        """Two of them."""
        for name in ("rex", "nameless"):
            yield cases()[name]


def zoo() -> strawberry.Schema:
    """The schema."""
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        types=[Dog, Fish],
        config=StrawberryConfig(scalar_map=SCALARS, default_resolver=read_attribute),
    )
