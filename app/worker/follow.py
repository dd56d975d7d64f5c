"""Follow the event log over any number of connections, without a gap."""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

import structlog

from app.worker.backoff import Backoff
from app.worker.client import GraphQLClient
from app.worker.errors import Refused, Unavailable

log = structlog.get_logger(__name__)


async def follow(
    client: GraphQLClient,
    document: str,
    variables: Mapping[str, Any],
    *,
    after: str | None = None,
    listening: Callable[[], None],
) -> AsyncGenerator[dict[str, Any], None]:
    """The events of a subscription with `$after` and `cursor`; `listening` is called at each (re)connection.

    Whatever cannot be told as events, because the log no longer holds it, was written before that call.
    """
    backoff = Backoff()
    while True:
        try:
            async with client.subscribe(document, {**variables, "after": after}) as live:
                backoff.reset()
                listening()
                async for data in live:
                    (event,) = data.values()
                    after = event["cursor"]
                    yield event
        except Unavailable as gone:
            log.info("subscription.lost", reason=str(gone), after=after)
        except Refused as no:
            if no.code != "CURSOR_EXPIRED" and no.field != "after":
                raise
            # Too old for the log, or of a log that is no more because the server lost its data.
            log.warning("subscription.cursor_lost", after=after, reason=str(no))
            after = None
        await backoff.pause()
