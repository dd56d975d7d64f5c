"""What may be said on the channel on which agents coordinate a run (tasks API, section 16)."""

from enum import StrEnum


class CoordinationMessageKind(StrEnum):
    """A kind of message; every channel allows all of them."""

    STATUS = "status"
    REQUEST = "request"
    REPLY = "reply"
    BLOCKER = "blocker"
    HANDOFF = "handoff"
    RESULT = "result"
    REVIEW_REQUEST = "review_request"
