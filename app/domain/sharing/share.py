"""What the share of a workspace means now (workspaces API, section 7)."""

from enum import StrEnum
from typing import Final

RECIPIENTS_MAX: Final = 200


class ShareStatus(StrEnum):
    """The record of a share; `expired` may still be stored as `active`, time alone makes it so."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ShareState(StrEnum):
    """What the record, or its absence, means to people."""

    NOT_SHARED = "not_shared"
    SHARED = "shared"
    EXPIRED = "expired"
    REVOKED = "revoked"


STATES: Final = {
    None: ShareState.NOT_SHARED,
    ShareStatus.ACTIVE: ShareState.SHARED,
    ShareStatus.EXPIRED: ShareState.EXPIRED,
    ShareStatus.REVOKED: ShareState.REVOKED,
}
