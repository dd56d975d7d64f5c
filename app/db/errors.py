"""What the driver's errors mean to the rest of the program."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from app.domain.errors import ServiceUnavailable, TaskloomError


class Duplicate(Exception):
    """A unique constraint refused a row."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


class StatementTimeout(ServiceUnavailable):
    """A statement ran longer than its class of statements may."""


class Disconnected(ServiceUnavailable):
    """The connection broke; whether a write in flight happened is unknown."""


class Refused(TaskloomError):
    """The database refuses a value that the rules let through."""

    code = "BAD_USER_INPUT"


LOST = (
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    ConnectionError,
    OSError,
)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours; nothing of SQL or a DSN leaves with them."""
    try:
        yield
    except asyncpg.UniqueViolationError as problem:
        raise Duplicate(problem.constraint_name or "") from problem
    except asyncpg.QueryCanceledError as problem:
        raise StatementTimeout("The database took too long to answer; ask for less, or try again.") from problem
    except (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError, asyncpg.SerializationError) as problem:
        raise ServiceUnavailable("Too much happens to this at once; try again.") from problem
    except (
        asyncpg.DataError,
        asyncpg.CharacterNotInRepertoireError,
        asyncpg.ProgramLimitExceededError,
    ) as problem:
        raise Refused("The database cannot store this value; check its type and its range.") from problem
    except LOST as problem:
        raise Disconnected("The database cannot be reached right now; try again shortly.") from problem
