"""What can go wrong between a client and the server, and what a handler may raise or meet."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

# A defect of the server is among them: the same call may do better in a moment, or after the next release.
NOT_NOW_CODES: Final = frozenset({"SERVICE_UNAVAILABLE", "RATE_LIMITED", "INTERNAL_SERVER_ERROR"})


class ClientError(Exception):
    """Base of everything the kit raises about the server."""


class Unauthorized(ClientError):
    """The server does not accept the key; trying again is no use."""


class Unavailable(ClientError):
    """No answer came; `sent` says whether the server may have acted all the same."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class Refused(ClientError):
    """The server answered that it will not do this; `code` is stable."""

    def __init__(self, message: str, *, code: str, field: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field

    @classmethod
    def of(cls, problem: Mapping[str, Any]) -> "Refused":
        """A user error, or a GraphQL error with its code in the extensions."""
        facts = problem.get("extensions") or problem
        return cls(
            str(problem.get("message", "no message")),
            code=str(facts.get("code", "UNKNOWN")),
            field=facts.get("field"),
        )


def failure(errors: Sequence[Mapping[str, Any]]) -> ClientError:
    """The GraphQL errors of an answer as one exception: that of the first."""
    refused = Refused.of(errors[0])
    if refused.code == "UNAUTHENTICATED":
        return Unauthorized(refused.message)
    if refused.code in NOT_NOW_CODES:
        return Unavailable(str(refused), sent=True)
    return refused


def cause_of(problems: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first thing that really went wrong in a group of tasks."""
    inner = problems.exceptions[0]
    return cause_of(inner) if isinstance(inner, BaseExceptionGroup) else inner


class Release(Exception):
    """Raise it in a handler to give the run back to the queue, with the reason."""


class Stopped(asyncio.CancelledError):
    """The run must not be worked on any more; methods of the run raise it once its handler was cancelled."""


class Canceled(Stopped):
    """Somebody canceled the run."""


class LeaseLost(Stopped):
    """The run is no longer ours, or nobody can tell that it still is."""


class Draining(Stopped):
    """The worker is being stopped and its time to drain is over; the run is given back."""
