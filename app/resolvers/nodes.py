"""Root fields that find anything by its id."""

import asyncio
from typing import Annotated

import strawberry

from app.domain.errors import BadInput
from app.domain.ids import is_task_id, parse_uuid
from app.domain.paging import FIRST_MAX
from app.graph.context import Info
from app.graph.types.node import Node
from app.loaders.registry import Loaders
from app.resolvers.outcome import shown


@strawberry.type
class NodeQueries:
    """Reads."""

    @strawberry.field(description="Whatever has this id; null if nothing has that you may see.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Any id of the graph.")]
    ) -> Node | None:
        """By id."""
        return shown(Node, await find(info.context.loaders, id))

    @strawberry.field(description="Whatever has these ids, in their order; null for each that has nothing.")
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 100 ids.")],
    ) -> list[Node | None]:
        """By ids."""
        if len(ids) > FIRST_MAX:
            raise BadInput(f"ids holds {len(ids)}; at most {FIRST_MAX} are allowed.", field="ids")
        found = await asyncio.gather(*[find(info.context.loaders, id) for id in ids])
        return [shown(Node, row) for row in found]


async def find(loaders: Loaders, id: str) -> object | None:
    """The row with that id: one batch for each kind, whatever the number of ids."""
    kinds = []
    if is_task_id(id):
        kinds.append(loaders.task_by_id.load(id))
    uuid = parse_uuid(id)
    if uuid is not None:
        kinds += [loader.load(uuid) for loader in loaders.by_uuid()]
    return next((row for row in await asyncio.gather(*kinds) if row is not None), None)
