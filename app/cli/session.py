"""For commands that work on the database directly: open what a server opens, without serving."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.main import App, open_app
from app.observability.logs import configure
from app.settings import Settings

Result = TypeVar("Result")


def with_app(work: Callable[[App], Awaitable[Result]], settings: Settings | None = None) -> Result:
    """Run `work` with an application that neither listens nor has background duties."""
    chosen = settings or Settings.read()
    configure(chosen.log_format, "warning")

    async def run() -> Result:
        app = await open_app(chosen)
        try:
            return await work(app)
        finally:
            await app.stop()

    return asyncio.run(run())
