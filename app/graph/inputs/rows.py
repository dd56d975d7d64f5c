"""What a caller says about the rows of a page."""

from typing import Annotated

import strawberry

from app.domain.grid.page import RowSort, SortDirection, window
from app.graph.scalars import JSON
from app.loaders.rows import RowsRequest


@strawberry.input(name="RowSort", description="The order of rows; equal ones follow by their identity, nulls are last.")
class RowSortInput:
    """Column and direction."""

    column: str = strawberry.field(description="The column.")
    direction: SortDirection = strawberry.field(default=SortDirection.ASC, description="ASC if absent.")


Limit = Annotated[int | None, strawberry.argument(description="At most so many rows; 100, at most 5 000.")]
Offset = Annotated[int | None, strawberry.argument(description="Skip so many rows; 0.")]
Sort = Annotated[RowSortInput | None, strawberry.argument(description="By identity, if absent.")]
RowFilters = Annotated[
    list[JSON] | None,
    strawberry.argument(
        description="Conditions {column, op, value} that must all hold; op is one of eq ne gt gte lt lte in not_in"
        " between contains not_contains starts_with ends_with is_null not_null."
    ),
]


def rows_request(
    limit: int | None, offset: int | None, sort: RowSortInput | None, filter: list[JSON] | None
) -> RowsRequest:
    """The request in the words of the loaders; BadInput where it asks for too much."""
    order = None if sort is None else RowSort(sort.column, sort.direction)
    return RowsRequest(window=window(limit, offset), sort=order, filters=filter or ())
