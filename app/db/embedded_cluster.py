"""A database directory on disk and the server process that runs on it; the caller holds the start lock."""

import hashlib
import os
import re
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.clock import monotonic
from app.db.embedded_account import Account
from app.db.embedded_binaries import MAJOR_MIN, Programs, system_folders
from app.db.embedded_errors import EmbeddedPostgresError, ServerStillBusy
from app.db.embedded_process import PIDFILE, command_line, exists, marker, orphans, pid_in, postmaster
from app.db.embedded_socket import SOCKET_NAME, SUPERUSER, Answer, probe

READY_SECONDS: Final = 120.0  # a long crash recovery is normal after a kill under load
SOCKET_GRACE_SECONDS: Final = 5.0
STOP_STEPS: Final = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
POLL_SECONDS: Final = 0.01
PAUSE_GROWTH: Final = 1.2  # each question during a recovery is a line in the server's log
PAUSE_SECONDS_MAX: Final = 0.5
ORPHAN_SECONDS: Final = 10.0
LOG_BYTES_MAX: Final = 10 * 1024 * 1024
LOG_TAIL_BYTES: Final = 2_000
SOCKET_PATH_BYTES_MAX: Final = 99

# The same directory for a process that works in it and may not walk the path to it.
WORKING_DIRECTORY: Final = Path("/proc/self/cwd")

_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9/._-]+")
_STILL_ATTACHED: Final = "pre-existing shared memory block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The directory of one server, the account it belongs to and the programs that open it."""

    home: Path
    account: Account
    programs: Programs

    @property
    def directory(self) -> Path:
        return self.home / "cluster"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def socket_directory(self) -> Path:
        """The cluster itself, which is 0700; a short stand-in where its path does not fit an address."""
        if self._socket_fits():
            return self.directory
        digest = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
        # Not the TMPDIR of this process: every process must come to the same answer.
        return Path(f"/tmp/taskloom-{self.account.uid}-{digest}")  # noqa: S108 - owner and mode are checked

    def bring_up(self, settings: Mapping[str, str]) -> bool:
        """Leave with a server that answers; true if it had to be started."""
        pid = postmaster(self.directory)
        if pid is not None:
            if self._answers(pid):
                return False
            self.halt()
        self._create_if_missing(durable=settings.get("fsync") != "off")
        self._check_major()
        self._clear_the_way()
        self._turn_log_over()
        self._launch(settings)
        return True

    def halt(self) -> None:
        """Stop the server if one runs: orderly, then at once, then by force; recovery makes all safe."""
        pid = postmaster(self.directory)
        if pid is not None:
            for step, seconds in STOP_STEPS:
                with suppress(ProcessLookupError):
                    os.kill(pid, step)
                if _within(seconds, lambda: command_line(pid) is None):
                    break
            else:
                raise EmbeddedPostgresError(
                    f"The server of {self.directory} (pid {pid}) does not end, not even by SIGKILL. It hangs "
                    "in the kernel, most likely on its disk; look there first, then start again."
                )
        if not self._socket_fits() and self._is_private(self.socket_directory):
            shutil.rmtree(self.socket_directory, ignore_errors=True)

    def _socket_fits(self) -> bool:
        # Commas split a host list, and other characters are quoted differently by each client library.
        path = str(self.directory / SOCKET_NAME)
        return len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX and bool(_PLAIN_PATH.fullmatch(path))

    def _answers(self, pid: int, *, grace: float = SOCKET_GRACE_SECONDS) -> bool:
        """Wait for a living server; false if it ends or if its socket is gone for good."""
        pause = POLL_SECONDS
        absent_since: float | None = None
        deadline = monotonic() + READY_SECONDS
        while monotonic() < deadline:
            answer = probe(self.socket_directory)
            if answer is Answer.READY:
                return True
            if command_line(pid) is None:
                return False
            if answer is not Answer.ABSENT:
                absent_since = None
            elif absent_since is None:
                absent_since = monotonic()
            elif monotonic() - absent_since > grace:
                return False
            time.sleep(pause)
            pause = min(pause * PAUSE_GROWTH, PAUSE_SECONDS_MAX)
        raise ServerStillBusy(
            f"The server of {self.directory} (pid {pid}) runs but has not accepted a session for "
            f"{READY_SECONDS:.0f} seconds; it may still be recovering. {self.log} says what it does: wait "
            f"until it is ready and start again.{self._last_words(0)}"
        )

    def _create_if_missing(self, *, durable: bool) -> None:
        if (self.directory / "PG_VERSION").exists():
            return
        if self.directory.exists() and any(self.directory.iterdir()):
            raise EmbeddedPostgresError(
                f"{self.directory} is not empty and is no database directory (it has no PG_VERSION). Restore "
                "a backup, or move it away to begin with an empty database, or choose another DATA_DIR."
            )
        for remains in self.home.glob("cluster.new-*"):
            shutil.rmtree(remains, ignore_errors=True)
        new = Path(tempfile.mkdtemp(prefix="cluster.new-", dir=self.home))
        try:
            if self.account.dropped:
                os.chown(new, self.account.uid, self.account.gid)
            self._initialise(new, durable=durable)
            new.rename(self.directory)  # whole or not at all: a cut initdb leaves no half cluster
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        _sync_directory(self.home)

    def _initialise(self, new: Path, *, durable: bool) -> None:
        visible = self._visible(new)
        answer = self.account.run(
            [
                self.programs["initdb"],
                *("-D", visible, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"),
                *(["--no-instructions"] if durable else ["--no-instructions", "--no-sync"]),
            ],
            cwd=new if visible == WORKING_DIRECTORY else Path("/"),
        )
        if answer.returncode != 0:
            raise EmbeddedPostgresError(
                f"initdb could not make a database directory in {self.home} as {self.account.name}. "
                f"Remove the cause it names and start again:\n{(answer.stdout + answer.stderr).strip()}"
            )

    def _visible(self, directory: Path) -> Path:
        """How the account names the directory: by its path, or from inside if it cannot walk there."""
        # Root enters the directory and then steps down: a checkout under /root works and no folder is opened.
        if self.account.reaches(directory):
            return directory
        if not WORKING_DIRECTORY.exists():
            raise EmbeddedPostgresError(
                f"PostgreSQL never runs as root, and {self.account.name} cannot reach {directory}. Start as "
                f"an ordinary user, or choose a DATA_DIR whose parents {self.account.name} may enter."
            )
        return WORKING_DIRECTORY

    def _check_major(self) -> None:
        found = (self.directory / "PG_VERSION").read_text().strip()
        if found == str(self.programs.major):
            return
        fitting = [folder for folder in system_folders() if folder.parent.name == found]
        advice = f" (this machine has one: {fitting[0]})" if fitting else ""
        raise EmbeddedPostgresError(
            f"{self.directory} was made by PostgreSQL {found}, but the programs in {self.programs.folder} "
            f"are PostgreSQL {self.programs.major}. A database directory only opens with its own major "
            f"version, and {MAJOR_MIN} is the oldest. Set TASKLOOM_PG_BIN to the bin folder of PostgreSQL "
            f"{found}{advice}, or dump the data with that version and load it into a new DATA_DIR."
        )

    def _clear_the_way(self) -> None:
        """Remove what a killed server left; PostgreSQL's own checks for a living one stay in force."""
        left = orphans(self.directory, self.account)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
        _within(ORPHAN_SECONDS, lambda: all(command_line(pid) is None for pid in left))
        pidfile = self.directory / PIDFILE
        written = pid_in(pidfile)
        # PostgreSQL sees through a dead pid by itself, but takes any living process for its server.
        if written is None or exists(written):
            pidfile.unlink(missing_ok=True)
        self._make_socket_directory()
        for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
            (self.socket_directory / name).unlink(missing_ok=True)

    def _make_socket_directory(self) -> None:
        directory = self.socket_directory
        if directory == self.directory:
            return
        with suppress(FileExistsError):
            directory.mkdir(mode=0o700)
            if self.account.dropped:
                os.chown(directory, self.account.uid, self.account.gid, follow_symlinks=False)
        if not self._is_private(directory):
            raise EmbeddedPostgresError(
                f"The path of {self.directory} cannot hold a socket, and its stand-in {directory} is not a "
                f"private folder (0700) of {self.account.name}. Remove {directory}, or choose a DATA_DIR "
                "with a short path of plain characters."
            )

    def _is_private(self, directory: Path) -> bool:
        try:
            facts = directory.lstat()
        except FileNotFoundError:
            return False
        whole_mode = stat.S_IFMT(facts.st_mode) | stat.S_IMODE(facts.st_mode)
        return facts.st_uid == self.account.uid and whole_mode == stat.S_IFDIR | 0o700

    def _launch(self, settings: Mapping[str, str]) -> None:
        deadline = monotonic() + ORPHAN_SECONDS
        while True:
            before = self.log.stat().st_size if self.log.exists() else 0
            pid = self._start_detached(settings)
            # Another server may have won the race for the directory: then ours ends and that one answers.
            if self._answers(pid, grace=READY_SECONDS) or self._another_answers():
                return
            words = self._last_words(before)
            if _STILL_ATTACHED not in words or monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        raise EmbeddedPostgresError(
            f"PostgreSQL {self.programs.major} did not start on {self.directory} as {self.account.name}; "
            f"{self.log} holds the reason. Remove that cause and start again.{words}"
        )

    def _start_detached(self, settings: Mapping[str, str]) -> int:
        visible = self._visible(self.directory)
        listening = visible if self._socket_fits() else self.socket_directory
        command: list[str | Path] = [
            self.programs["postgres"],
            "-D",
            visible,
            "-c",
            f"unix_socket_directories={listening}",
        ]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        log = self._open_log()
        try:
            inside = self.directory if visible == WORKING_DIRECTORY else Path("/")
            return self.account.detach([*command, "-c", marker(self.directory)], cwd=inside, output=log)
        finally:
            os.close(log)

    def _another_answers(self) -> bool:
        pid = postmaster(self.directory)
        return pid is not None and self._answers(pid)

    def _turn_log_over(self) -> None:
        # Only between two servers, when nobody writes to it; one old log is kept.
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            self.log.replace(self.log.with_name("postgres.log.1"))

    def _open_log(self) -> int:
        log = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if self.account.dropped:
            os.fchown(log, self.account.uid, self.account.gid)
        return log

    def _last_words(self, start: int) -> str:
        try:
            with self.log.open("rb") as log:
                log.seek(max(start, self.log.stat().st_size - LOG_TAIL_BYTES))
                words = log.read().decode(errors="replace").strip()
        except OSError:
            return ""
        return f" Its last words:\n{words}" if words else ""


def _within(seconds: float, fact: Callable[[], bool]) -> bool:
    deadline = monotonic() + seconds
    while not fact():
        if monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
