"""Locks between processes: who may start or stop the server, and who is using it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.clock import monotonic
from app.db.embedded_errors import EmbeddedPostgresError

POLL_SECONDS: Final = 0.01


def _open(path: Path) -> int:
    # Close-on-exec, or the server would inherit the lock and it would never be freed.
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def exclusive(path: Path, *, seconds: float) -> Iterator[None]:
    """Hold a lock alone, against other processes and other threads; the kernel frees it if we are killed."""
    descriptor = _open(path)
    try:
        deadline = monotonic() + seconds
        while not _try(descriptor, fcntl.LOCK_EX):
            if monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"Another process has held {path} for {seconds:.0f} seconds, as one does while it starts "
                    "or stops the server there. End that process if it hangs, and start again."
                )
            time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


class Share:
    """This process's share in the use of a server; taken and given up under the start lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def take(self) -> None:
        """Join the users; nobody holds the lock alone outside the start lock, so this never waits."""
        descriptor = _open(self.path)
        if not _try(descriptor, fcntl.LOCK_SH):
            os.close(descriptor)
            raise EmbeddedPostgresError(
                f"Another program holds {self.path}, which only Taskloom may lock. End it and start again."
            )
        self._descriptor = descriptor

    def give_up(self) -> bool:
        """Leave the users; true for the last one out."""
        if self._descriptor is None:
            return False
        descriptor, self._descriptor = self._descriptor, None
        try:
            # Freed by name and not only by closing: a forked child may still hold a copy of the descriptor.
            last = _try(descriptor, fcntl.LOCK_EX)
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)
        return last
