"""Tags of the tenant."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, cast

import strawberry

from app.domain.paging import page_size
from app.domain.sharing.tag import TagMatch
from app.graph.context import Info
from app.graph.enums import described
from app.graph.relation import related, value
from app.graph.scalars import JSON
from app.graph.types.node import Node
from app.graph.types.user import User
from app.storage.rows.share import TagRow

if TYPE_CHECKING:
    from app.graph.types.workspace import Workspace

described(
    TagMatch,
    "How many of the wanted tags a workspace must bear.",
    {"any": "At least one.", "all": "Every one."},
)


@strawberry.type(description="A word of the tenant that stands on workspaces.")
class Tag(Node):
    """A tag."""

    name: str = value("What people call it.")
    slug: str = value("What tags are compared by: its name in lower-case ASCII words.")
    namespace: str | None = value("What kind of tag it is; within one no slug repeats.")
    color: str | None = value("How a client shows it.")
    description: str | None = value("What it means.")
    attributes: JSON = value("Whatever else is kept about it.")
    created_at: datetime = value("When it was made.")
    updated_at: datetime = value("When it changed last.")
    created_by: User | None = related(lambda x: x.user_by_id, lambda row: row.created_by, "Who made it.")

    @strawberry.field(description="The workspaces you may read that bear it, last changed first.")
    async def workspaces(
        root: strawberry.Parent[TagRow],
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="At most so many; 25, at most 100.")] = None,
    ) -> list[Annotated["Workspace", strawberry.lazy("app.graph.types.workspace")]]:
        """One statement for a whole list of tags; see Query.workspaces for a list with pages."""
        found = await info.context.loaders.workspaces_by_tag.load((root.id, page_size(first)))
        return cast("list[Workspace]", found)

    @classmethod
    def is_type_of(cls, row: object, _info: object) -> bool:
        """Rows stand for types."""
        return isinstance(row, TagRow)
