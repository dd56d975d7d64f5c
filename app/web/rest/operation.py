"""An operation of a REST API as data: from one table come the routes and their description."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from app.web.rest.call import Call

PATH: Final = "taskloom.rest.path"
METHODS: Final = "taskloom.rest.methods"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a route takes and gives; a handler returns a shape, a whole response, or None for an empty answer."""

    id: str
    summary: str
    method: str
    path: str
    status: int
    # The shape of a success; None for an empty one.
    answer: type | None
    handler: Callable[[Call], Awaitable[object]]
    # Runs before the body is read: who may not call does not get to know what is wrong with it.
    before: Callable[[Call], Awaitable[None]] | None = None
    body: type | None = None
    body_optional: bool = False
    query: type | None = None
    # Statuses with an error, and what they mean; in addition to those that every operation may give.
    errors: Mapping[int, str] = field(default_factory=dict)
    # What an empty success of an operation means that has a shape too.
    nothing: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    invalid_status: int = 422
    media_type: str = "application/json"

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's parts; `{name}` stands for any."""
        return tuple(self.path.strip("/").split("/"))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in the path."""
        return tuple(part[1:-1] for part in self.segments if part.startswith("{"))


Methods: TypeAlias = Mapping[str, Operation]
Answer: TypeAlias = Callable[[Scope, Receive, Methods, Mapping[str, str]], Awaitable[Response]]


class RestRoutes(BaseRoute):
    """Finds the operations of a path by its raw segments, so that an id may hold an encoded slash."""

    def __init__(self, operations: Sequence[Operation], answer: Answer, *, whole: bool = True) -> None:
        """`whole` says that every path below the nouns is this API's, if only to be refused."""
        self._answer = answer
        self._paths: dict[tuple[str, ...], dict[str, Operation]] = {}
        for operation in operations:
            methods = self._paths.setdefault(operation.segments, {})
            if operation.method in methods:
                raise ValueError(f"{operation.method} {operation.path} is declared twice")
            methods[operation.method] = operation
        # Fixed words win over names: the template with the fewest names is tried first.
        self._order = sorted(self._paths, key=lambda template: sum(part.startswith("{") for part in template))
        self._nouns = frozenset(operation.segments[:2] for operation in operations) if whole else frozenset()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """FULL for whatever lies below the API's nouns: the wrong paths and methods are refused in its own words."""
        if scope["type"] == "http":
            segments = _segments(scope)
            for template in self._order:
                found = _fits(template, segments)
                if found is not None:
                    return Match.FULL, {PATH: found, METHODS: self._paths[template]}
            if segments[:2] in self._nouns:
                return Match.FULL, {PATH: {}, METHODS: {}}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        response = await self._answer(scope, receive, scope[METHODS], scope[PATH])
        await response(scope, receive, send)

    def url_path_for(self, name: str, /, **_: Any) -> Any:
        """No route is looked up by name."""
        raise NotImplementedError(name)


def _segments(scope: Scope) -> tuple[str, ...]:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.partition(b"?")[0].decode("latin-1").removeprefix(scope.get("root_path", ""))
    return tuple(unquote(part, errors="replace") for part in path.removeprefix("/").split("/"))


def _fits(template: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    if len(template) != len(segments):
        return None
    found = {}
    for part, given in zip(template, segments, strict=True):
        if part.startswith("{"):
            if not given:
                return None
            found[part[1:-1]] = given.strip()
        elif part != given:
            return None
    return found
