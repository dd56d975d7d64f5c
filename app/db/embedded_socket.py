"""Just enough of PostgreSQL's protocol to learn whether a server answers and to create a database."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import Final

SUPERUSER: Final = "postgres"
PORT: Final = 5432  # only a part of the socket's file name: nothing listens on TCP
SOCKET_NAME: Final = f".s.PGSQL.{PORT}"

PROBE_SECONDS: Final = 2.0
STATEMENT_SECONDS: Final = 30.0

_PROTOCOL_3: Final = 3 << 16
# Going down by order, by a crash, or not up yet; any other refusal comes from a server that works.
_NOT_NOW: Final = frozenset({"57P01", "57P02", "57P03"})


class Answer(Enum):
    """What a socket says: a session opened, not now, or nobody is there."""

    READY = "ready"
    BUSY = "busy"
    ABSENT = "absent"


class ServerRefusal(Exception):
    """The server answered with an error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code


def probe(directory: Path) -> Answer:
    """Open and close a session: only that proves more than a listening socket."""
    try:
        with _session(directory, PROBE_SECONDS):
            return Answer.READY
    except ServerRefusal as refusal:
        return Answer.BUSY if refusal.code in _NOT_NOW else Answer.READY
    except (FileNotFoundError, ConnectionRefusedError):
        return Answer.ABSENT
    except OSError:  # a timeout, a full backlog, a server that dies under our hands
        return Answer.BUSY


def ensure_database(directory: Path, name: str) -> None:
    """Create the database if the server has none of that name, which is a plain word of ours."""
    with _session(directory, STATEMENT_SECONDS) as connection:
        if not _query(connection, f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608 - see above
            _query(connection, f'CREATE DATABASE "{name}"')


@contextmanager
def _session(directory: Path, seconds: float) -> Iterator[socket.socket]:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with connection:
        connection.settimeout(seconds)
        connection.connect(str(directory / SOCKET_NAME))
        words = ("user", SUPERUSER, "database", SUPERUSER, "application_name", "taskloom supervisor")
        body = struct.pack("!I", _PROTOCOL_3) + b"".join(word.encode() + b"\0" for word in words) + b"\0"
        connection.sendall(struct.pack("!I", len(body) + 4) + body)
        _read_until_ready(connection)
        yield connection
        with suppress(OSError):  # a polite goodbye, so that the server logs no lost connection
            _send(connection, b"X", b"")


def _send(connection: socket.socket, kind: bytes, body: bytes) -> None:
    connection.sendall(kind + struct.pack("!I", len(body) + 4) + body)


def _query(connection: socket.socket, statement: str) -> bool:
    """Run a statement; whether it gave a row."""
    _send(connection, b"Q", statement.encode() + b"\0")
    return _read_until_ready(connection)


def _read_until_ready(connection: socket.socket) -> bool:
    row = False
    while True:
        kind, length = struct.unpack("!cI", _read(connection, 5))
        body = _read(connection, length - 4)
        if kind == b"E":
            fields = {field[:1]: field[1:].decode(errors="replace") for field in body.split(b"\0") if field}
            raise ServerRefusal(fields.get(b"C", ""), fields.get(b"M", ""))
        row = row or kind == b"D"
        if kind == b"Z":
            return row


def _read(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionResetError("the server closed the connection")
        data += part
    return data
