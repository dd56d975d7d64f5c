"""A client of a published API: calls operations by id, holds every answer against its shape, remembers what it saw."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from tests.support.listening import Listening

UNKNOWN = "0197f3a0-0000-7000-8000-000000000000"


class Calling:
    """What the clients of both APIs have in common."""

    def __init__(
        self,
        server: Listening,
        operations: Mapping[str, Mapping[str, Any]],
        check: Callable[[Mapping[str, Any], httpx.Response], Any],
    ) -> None:
        self.server = server
        self.seen: set[tuple[str, int]] = set()
        self.key: str | None = server.key
        self.http = httpx.AsyncClient(timeout=15)
        self._operations = operations
        self._check = check

    async def call(
        self,
        id: str,
        expected: int,
        *path: str,
        json: Any = None,
        content: bytes | None = None,
        query: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The body of the expected answer."""
        response = await self.send(id, *path, json=json, content=content, query=query, headers=headers)
        assert response.status_code == expected, f"{id}: {response.status_code} {response.text}"
        return self._check(self._operations[id], response)

    async def send(
        self,
        id: str,
        *path: str,
        json: Any = None,
        content: bytes | None = None,
        query: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The answer, whatever it is."""
        response = await self.http.request(
            self._operations[id]["method"],
            self.server.http + self.path(id, *path),
            json=json,
            content=content,
            params=query,
            headers={**({"x-api-key": self.key} if self.key else {}), **(headers or {})},
        )
        self.seen.add((id, response.status_code))
        return response

    def path(self, id: str, *given: str) -> str:
        """The path of an operation with its parameters filled in."""
        operation = self._operations[id]
        names = [one if isinstance(one, str) else one["name"] for one in operation["path_params"]]
        values = dict(zip(names, (quote(text, safe="") for text in given), strict=True))
        path: str = operation["path"].format(**values)
        return path
