"""What every resolver is given: the caller, the use cases, the loaders of this operation."""

from dataclasses import dataclass, field
from typing import TypeAlias

import strawberry

from app.domain.access.viewer import Viewer
from app.events.streams import Streams
from app.loaders.registry import Loaders
from app.services.registry import Services


@dataclass(slots=True)
class GraphContext:
    """One operation of one caller; `loaders` remember what they read, so they live as long as one operation."""

    viewer: Viewer
    services: Services
    streams: Streams
    request_id: str
    # Where an interrupted stream was left (`Last-Event-ID`); wins over the `after` of the document.
    resume_after: int | None = None
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.fresh_loaders()

    def fresh_loaders(self) -> None:
        """Forget what was read: the next event of a subscription must see the present."""
        self.loaders = Loaders(self.services.db, self.viewer)

    def again(self, request_id: str) -> "GraphContext":
        """The same caller, a new operation."""
        return GraphContext(self.viewer, self.services, self.streams, request_id)


Info: TypeAlias = strawberry.Info[GraphContext, None]
