"""A GraphQL client over HTTP and graphql-transport-ws that tells apart what may be tried again and what may not."""

import asyncio
import ipaddress
import math
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

import httpx
import orjson
import structlog

from app.worker.backoff import Backoff
from app.worker.errors import ClientError, Refused, Unauthorized, Unavailable, failure
from app.worker.subscription import Subscription

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS: Final = 30.0
CONNECT_SECONDS: Final = 5.0
# Shorter than servers keep an idle connection, so that a request rarely meets one that is being closed.
KEEP_ALIVE_SECONDS: Final = 4.0
NOT_NOW: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
PATH: Final = "/graphql"


class GraphQLClient:
    """One server, one key. Use it as an async context manager, or close it."""

    def __init__(self, url: str, key: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        if not (key.isascii() and key.isprintable() and key.strip()):
            raise ValueError("The key must be visible ASCII characters; give the API key as it was printed.")
        self.url = endpoint(url)
        self._key = key
        self._local = is_local(self.url)
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            timeout=httpx.Timeout(timeout, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=None, keepalive_expiry=KEEP_ALIVE_SECONDS),
            trust_env=not self._local,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def send(
        self, document: str, variables: Mapping[str, Any] | None = None, *, within: float | None = None
    ) -> dict[str, Any]:
        """Carry out a query or mutation once, `within` seconds; the answer is its `data`."""
        body = orjson.dumps({"query": document, "variables": variables or {}})
        limit = httpx.USE_CLIENT_DEFAULT if within is None else within
        try:
            response = await self._http.post(self.url, content=body, timeout=limit)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as problem:
            raise Unavailable(f"{self.url} cannot be reached: {_said(problem)}", sent=False) from problem
        except httpx.TransportError as problem:
            raise Unavailable(f"{self.url} did not answer: {_said(problem)}", sent=True) from problem
        return _data(response)

    async def query(
        self, document: str, variables: Mapping[str, Any] | None = None, *, patience: float = math.inf
    ) -> dict[str, Any]:
        """Like `send`, tried again for `patience` seconds while the server is away: only for what may be repeated."""
        clock = asyncio.get_running_loop()
        until = clock.time() + patience
        backoff = Backoff()
        while True:
            try:
                return await self.send(document, variables)
            except Unavailable as gone:
                pause = backoff.next()
                if clock.time() + pause >= until:
                    raise
                log.warning("query.repeated", reason=str(gone), pause_seconds=round(pause, 1))
            await asyncio.sleep(pause)

    def subscribe(self, document: str, variables: Mapping[str, Any] | None = None) -> Subscription:
        """A subscription; entering it returns when the server listens, iterating it gives the `data` of each result."""
        parts = urlsplit(self.url)
        address = urlunsplit(parts._replace(scheme="wss" if parts.scheme == "https" else "ws"))
        return Subscription(address, self._key, document, variables or {}, local=self._local)


def endpoint(url: str) -> str:
    """The address of /graphql on the server named by `url`; with a path of its own it stays as it is."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is no address of a server; give http://HOST:PORT.")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") or PATH, "", ""))


def is_local(url: str) -> bool:
    """Whether the server is this machine: then no proxy of the environment stands between."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def payload(data: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of an operation with one root field; its first user error is raised as Refused."""
    (answer,) = data.values()
    if answer is None:
        raise ClientError("The server answered null where a payload was expected.")
    if answer.get("userErrors"):
        raise Refused.of(answer["userErrors"][0])
    return dict(answer)


def _data(response: httpx.Response) -> dict[str, Any]:
    status = response.status_code
    if status == 401:
        raise Unauthorized("The server does not accept this key (401); give one that is valid and not revoked.")
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict) or not ("data" in answer or "errors" in answer):
        if status in NOT_NOW:
            raise Unavailable(f"The server answered {status}.", sent=True)
        raise Refused(f"The server answered {status}, and no GraphQL; is this its address?", code="BAD_RESPONSE")
    errors = answer.get("errors") or []
    if errors:
        raise failure(errors)
    if status in NOT_NOW:
        raise Unavailable(f"The server answered {status}.", sent=True)
    return dict(answer["data"])


def _said(problem: Exception) -> str:
    return str(problem) or type(problem).__name__
