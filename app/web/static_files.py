"""Static files under addresses that name their content, so that a browser may keep them for a year."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, QueryParams
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC: Final = Path(__file__).parent / "static"
VERSION_DIGITS: Final = 16
KEEP_A_YEAR: Final = "public, max-age=31536000, immutable"
ASK_EACH_TIME: Final = "no-cache"


def static_routes(static: Path = STATIC) -> Sequence[BaseRoute]:
    """What main mounts: everything below the static directory."""
    return [Mount("/static", VersionedFiles(directory=static), name="static")]


def versioned(static: Path, path: str) -> str:
    """The path of a file with the version that its present content has."""
    return f"{path}?v={version_of(static / path)}"


def version_of(file: Path) -> str:
    """A name for what a file holds now."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:VERSION_DIGITS]


class VersionedFiles(StaticFiles):
    """Files that are kept for good when asked for by their version, and packed where a packed copy exists."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with the caching that its address allows."""
        response = await super().get_response(path, scope)
        packed = f"{path}.gz"
        if "gzip" in Headers(scope=scope).get("accept-encoding", "") and await self.holds(packed):
            response = await super().get_response(packed, scope)
            if isinstance(response, FileResponse):
                response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = await self.caching(path, scope)
        return response

    async def holds(self, path: str) -> bool:
        """Whether there is such a file."""
        return (await run_in_threadpool(self.lookup_path, path))[1] is not None

    async def caching(self, path: str, scope: Scope) -> str:
        """For good only if the version asked for is what the file holds.

        While servers of two releases stand behind one balancer, a page of the one may fetch from the other.
        """
        asked = QueryParams(scope["query_string"]).get("v")
        if asked is None:
            return ASK_EACH_TIME
        file, _ = await run_in_threadpool(self.lookup_path, path)
        return KEEP_A_YEAR if asked == await run_in_threadpool(version_of, Path(file)) else ASK_EACH_TIME
