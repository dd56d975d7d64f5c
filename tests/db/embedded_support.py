"""What the tests of the embedded server share: directories, second users, questions, and cleaning up."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any, Final, TypeVar

from app.clock import monotonic
from app.db.embedded import EmbeddedPostgres
from app.db.embedded_process import command_line, postmaster

REPOSITORY: Final = Path(__file__).parents[2]
QUICK: Final[Mapping[str, str]] = {"fsync": "off", "shared_buffers": "16MB"}
AS_ROOT: Final = os.geteuid() == 0
POLL_SECONDS: Final = 0.02
MEMORY: Final = Path("/dev/shm")
MEMORY_BYTES_MIN: Final = 1024**3  # containers often have 64 MiB, too little for a server

Answer = TypeVar("Answer")


def eventually(fact: Callable[[], Answer], *, within: float = 10.0) -> Answer:
    """Ask until the answer is true; a fact that does not come is a failure."""
    deadline = monotonic() + within
    never = Event()
    while not (answer := fact()):
        assert monotonic() < deadline, "the fact did not come in time"
        never.wait(POLL_SECONDS)
    return answer


def ask(server: EmbeddedPostgres, statement: str) -> str:
    """Run a statement through psql, which also proves that libpq reads the address."""
    psql = server.cluster.programs["psql"]
    answer = subprocess.run(
        [psql, "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", server.dsn, "-c", statement],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


class User:
    """A process that uses a server; see `embedded_user`."""

    def __init__(self, data_dir: Path, account: str | None, pg_bin: Path | None) -> None:
        arguments = {
            "data_dir": str(data_dir),
            "account": account,
            "pg_bin": str(pg_bin) if pg_bin else None,
            "options": dict(QUICK),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.db.embedded_user", json.dumps(arguments)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def heard(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def told(self, command: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.heard()

    def end(self, signal_number: int = signal.SIGKILL) -> None:
        """End the process and all of its group, as a terminal's Ctrl-C would."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal_number)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()


class Place:
    """A folder for data directories, with everything that was started in it."""

    def __init__(self, seed: Path | None = None) -> None:
        self._seed = seed
        self.folder = Path(tempfile.mkdtemp(prefix="taskloom-test-", dir=_roomy_folder()))
        self.folder.chmod(0o755)
        self._clusters: set[Path] = set()
        self._servers: list[EmbeddedPostgres] = []
        self._users: list[User] = []

    def sow(self, name: str = "data") -> Path:
        """A data directory with a database directory already in it: initdb is most of a first start."""
        assert self._seed is not None
        data_dir = self.folder / name
        data_dir.mkdir(parents=True)
        subprocess.run(["cp", "-a", self._seed, data_dir / "cluster"], check=True)
        return data_dir

    def start(self, data_dir: Path, *, pg_bin: Path | None = None, **options: str) -> EmbeddedPostgres:
        self._clusters.add(data_dir.resolve() / "cluster")
        server = EmbeddedPostgres.start(data_dir, pg_bin=pg_bin, options={**QUICK, **options})
        self._servers.append(server)
        return server

    def user(self, data_dir: Path, *, account: str | None = None, pg_bin: Path | None = None) -> User:
        self._clusters.add(data_dir.resolve() / "cluster")
        user = User(data_dir, account, pg_bin)
        self._users.append(user)
        return user

    def clean(self) -> None:
        """Leave no process and no file, whatever the test did."""
        for user in self._users:
            user.end()
        for cluster in self._clusters:
            end_server(cluster)
        for server in self._servers:
            server.stop()
        shutil.rmtree(self.folder)


def _roomy_folder() -> Path:
    """Memory if there is plenty: a database directory is a thousand files, and slow to make on some disks."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES_MIN:
        return MEMORY
    return Path("/tmp")


def kill_server(server: EmbeddedPostgres) -> None:
    """Kill the server as a crash would, and wait until its death shows."""
    pid = server.postmaster_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not server.is_alive())


def end_server(cluster: Path) -> None:
    """End a server at once and wait until it is gone; unlike a kill, this leaves no shared memory behind."""
    pid = postmaster(cluster)
    if pid is not None:
        os.kill(pid, signal.SIGQUIT)
        eventually(lambda: command_line(pid) is None)
