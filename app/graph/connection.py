"""Relay connections with keyset cursors."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import strawberry

from app.domain.paging import Page

Item = TypeVar("Item")
Count = Callable[[], Awaitable[int]]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Relay's page info."""

    has_next_page: bool = strawberry.field(description="Whether more items follow.")
    has_previous_page: bool = strawberry.field(description="Whether the page starts after the beginning.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first item.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last item; give it as after.")


@strawberry.type(description="An item and its place in the list.")
class Edge(Generic[Item]):
    """Relay's edge."""

    node: Item = strawberry.field(description="The item.")
    cursor: str = strawberry.field(description="Its place; opaque, valid for this list only.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[Item]):
    """Relay's connection; of edges, cursors and total only what is asked for is made."""

    page: strawberry.Private[Page[Any]]
    count: strawberry.Private[Count]

    @strawberry.field(description="The items with their cursors.")
    def edges(self) -> list[Edge[Item]]:
        """Made for who asks for cursors."""
        page = self.page
        return [Edge(node=item, cursor=cursor) for item, cursor in zip(page.items, page.cursors, strict=True)]

    @strawberry.field(description="The items alone.")
    def nodes(self) -> list[Item]:
        """As they were read."""
        return list(self.page.items)

    @strawberry.field(description="Where the page stands.")
    def page_info(self) -> PageInfo:
        """With the cursors of its ends."""
        page = self.page
        return PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=page.cursors[0] if page.items else None,
            end_cursor=page.cursors[-1] if page.items else None,
        )

    @strawberry.field(description="How many items the whole list has.")
    async def total_count(self) -> int:
        """Counted by a statement of its own."""
        return await self.count()

    @classmethod
    def of(cls, page: Page[Any], count: Count) -> "Connection[Item]":
        """The connection of a page of rows."""
        return cls(page=page, count=count)
