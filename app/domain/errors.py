"""The one catalogue of errors: each is a class with a code and facts; a surface gives it a shape."""

from collections.abc import Mapping
from typing import ClassVar


class TaskloomError(Exception):
    """Anything a caller is told about; `code` is stable, the message teaches, facts are data."""

    code: ClassVar[str] = "INTERNAL_SERVER_ERROR"

    def __init__(self, message: str, *, field: str | None = None, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.facts: Mapping[str, object] = facts


class BadInput(TaskloomError):
    """A value breaks a published rule."""

    code = "BAD_USER_INPUT"


class TooLarge(BadInput):
    """A value is larger than its limit."""


class Unauthenticated(TaskloomError):
    """No credential, or one that does not hold."""

    code = "UNAUTHENTICATED"


class Forbidden(TaskloomError):
    """The caller may see the object but not do this to it."""

    code = "FORBIDDEN"


class NotFound(TaskloomError):
    """No such object for this caller: unknown, of another tenant, or not shared."""

    code = "NOT_FOUND"


class Conflict(TaskloomError):
    """The object's state does not allow this now."""

    code = "CONFLICT"


class WorkspaceArchived(Conflict):
    """The workspace is frozen: it can be read, restored, tagged, unshared and deleted, and nothing else."""

    code = "WORKSPACE_ARCHIVED"


class LeaseLost(Conflict):
    """The run is no longer held under this claim."""

    code = "LEASE_LOST"


class HeldByAnother(LeaseLost):
    """Another agent session holds the run now."""


class RateLimited(TaskloomError):
    """Too many at once from this caller."""

    code = "RATE_LIMITED"


class QueryTooComplex(TaskloomError):
    """The operation asks for more than one operation may."""

    code = "QUERY_TOO_COMPLEX"


class QueryTooDeep(TaskloomError):
    """The operation nests deeper than one operation may."""

    code = "QUERY_TOO_DEEP"


class CursorExpired(TaskloomError):
    """The cursor points before the oldest event that is kept."""

    code = "CURSOR_EXPIRED"


class ServiceUnavailable(TaskloomError):
    """The server cannot answer now; trying again later is right."""

    code = "SERVICE_UNAVAILABLE"
