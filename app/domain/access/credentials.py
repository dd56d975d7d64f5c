"""API keys and bearer tokens: their form, their digest, and how they are carried."""

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.errors import BadInput, Unauthenticated

KEY_MARK: Final = "tlk_"
PREFIX_LENGTH: Final = 12
PRESENTED_LENGTH_MAX: Final = 512
BOOTSTRAP_KEY_LENGTH_MIN: Final = 8


class Secret(str):
    """A text that does not print itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(***)"


class Scope(StrEnum):
    """What a key may be used for."""

    READ = "read"
    WRITE = "write"
    WORK = "work"
    ADMIN = "admin"


ALL_SCOPES: Final = frozenset(Scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key as it is made: the secret is shown once, only prefix and digest are stored."""

    secret: Secret
    prefix: str
    digest: bytes


def digest_of(secret: str) -> bytes:
    """SHA-256 of the whole key; a key holds 256 random bits, so no salt is needed."""
    return hashlib.sha256(secret.encode()).digest()


def new_key() -> NewKey:
    """A fresh random key."""
    return known_key(KEY_MARK + secrets.token_urlsafe(32))


def known_key(secret: str) -> NewKey:
    """A key whose text the operator chose (bootstrap)."""
    if not BOOTSTRAP_KEY_LENGTH_MIN <= len(secret) <= PRESENTED_LENGTH_MAX or not secret.isascii() or " " in secret:
        raise BadInput(
            f"The key must have {BOOTSTRAP_KEY_LENGTH_MIN} to {PRESENTED_LENGTH_MAX} ASCII characters without blanks."
        )
    shown = PREFIX_LENGTH if len(secret) >= 3 * PREFIX_LENGTH else 4
    return NewKey(secret=Secret(secret), prefix=secret[:shown], digest=digest_of(secret))


def presented(authorization: str | None, api_key: str | None, cookie: str | None) -> Secret | None:
    """The one credential that decides: the first present of header, X-API-Key and cookie.

    A bad one is refused, never skipped: a stale header must not turn a caller into another user
    (workspaces API, section 1.1).
    """
    if authorization is not None:
        scheme, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Only 'Authorization: Bearer <key>' is understood; send the API key that way.")
    elif api_key is not None:
        token = api_key.strip()
    elif cookie is not None:
        token = cookie.strip()
    else:
        return None
    if not token or len(token) > PRESENTED_LENGTH_MAX or not token.isascii():
        raise Unauthenticated("The credential is malformed; send an API key as it was shown when it was made.")
    return Secret(token)
