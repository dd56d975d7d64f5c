"""The interface of everything that has an id."""

import strawberry


@strawberry.interface(description="Something with an id that is unique over the whole graph.")
class Node:
    """Relay's node."""

    id: strawberry.ID = strawberry.field(description="Opaque; the same on every surface and in every event.")
