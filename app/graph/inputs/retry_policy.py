"""How a caller says that failed attempts are to be followed by others."""

from datetime import UTC, datetime

import strawberry

from app.domain.tasks.dispatch import RetryPolicy


@strawberry.input(
    description="The wait after failed attempt n: initialSeconds * factor^(n - 1), at most maxSeconds, less some luck."
)
class RetryPolicyInput:
    """Numbers of the wait."""

    initial_seconds: float = strawberry.field(description="The wait after the first attempt; 0 to 86 400.")
    factor: float = strawberry.field(default=2.0, description="How much longer each wait is than the last; 1 to 10.")
    max_seconds: float = strawberry.field(default=3_600.0, description="The longest wait; initialSeconds to 86 400.")
    jitter: float = strawberry.field(
        default=0.5,
        description="The part of the wait that is left to chance, so that not all come back at once; 0 to 1.",
    )

    def to_policy(self) -> RetryPolicy:
        """The words of the domain."""
        return RetryPolicy(
            initial_seconds=self.initial_seconds,
            factor=self.factor,
            max_seconds=self.max_seconds,
            jitter=self.jitter,
        )


def in_utc(given: datetime) -> datetime:
    """An instant; one without an offset is taken as UTC."""
    return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
