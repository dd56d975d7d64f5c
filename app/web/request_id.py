"""A request id for every call: the client's if it is sane, else a new one; it goes into logs and errors."""

import re
import secrets
from typing import Final

from starlette.requests import HTTPConnection

SANE: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
HEADER: Final = "x-request-id"


def request_id_of(connection: HTTPConnection) -> str:
    """The id of a call, remembered in its scope."""
    known = connection.scope.get("taskloom.request_id")
    if known is None:
        given = connection.headers.get(HEADER, "")
        known = given if SANE.fullmatch(given) else secrets.token_hex(8)
        connection.scope["taskloom.request_id"] = known
    return str(known)
