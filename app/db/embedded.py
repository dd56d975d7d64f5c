"""The embedded PostgreSQL: one server in a data directory, shared by all who use that directory."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from app.db.embedded_account import account_for
from app.db.embedded_binaries import find_programs
from app.db.embedded_cluster import Cluster
from app.db.embedded_errors import EmbeddedPostgresError, ServerStillBusy
from app.db.embedded_lock import Share, exclusive
from app.db.embedded_process import postmaster
from app.db.embedded_socket import PORT, SUPERUSER, Answer, ServerRefusal, ensure_database, probe

__all__ = ["DATABASE", "SERVER_SETTINGS", "EmbeddedPostgres", "EmbeddedPostgresError"]

DATABASE: Final = "taskloom"

# Longer than the longest wait of one holder, so that a queue of starters outlasts a crash recovery.
START_LOCK_SECONDS: Final = 180.0

# Given on the command line at every start, so that the server always fits this version of the code.
# Whoever wants to tune a server runs one and sets DATABASE_URL.
SERVER_SETTINGS: Final[Mapping[str, str]] = {
    "fsync": "on",
    "synchronous_commit": "on",  # an acknowledged write survives a crash
    # Nothing replicates from a server that only one machine can reach: the log carries what recovery
    # needs and no more, and a bulk load into a table of the same transaction is not written twice.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "512MB",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than short statements do
    "max_parallel_workers_per_gather": "0",  # a chart must not take the cores that claims need
    "autovacuum_naptime": "15s",  # queue tables age by the second
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",  # the supervisor hands it the file
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
}

# What the supervisor must be sure of: no network, and a server that is where it looks for it.
FIXED_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
}
RESERVED: Final = frozenset({*FIXED_SETTINGS, "unix_socket_directories", "data_directory", "external_pid_file"})

_OPTION_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")


class EmbeddedPostgres:
    """One PostgreSQL server in a data directory, shared by every process that uses that directory."""

    def __init__(self, cluster: Cluster, settings: Mapping[str, str]) -> None:
        self.cluster = cluster
        self.dsn = self.dsn_for(DATABASE)
        self._settings = settings
        self._share = Share(cluster.home / "use.lock")

    @classmethod
    def start(
        cls, data_dir: Path, *, pg_bin: Path | None = None, options: Mapping[str, str] = {}
    ) -> "EmbeddedPostgres":
        """Join the directory's server, or start it; the options count only for the process that starts it."""
        settings = _settings(options)
        home = data_dir.absolute()
        with _explained(home):
            home.mkdir(parents=True, exist_ok=True)
            home = home.resolve()  # one name for one directory, however it was reached
            with exclusive(home / "start.lock", seconds=START_LOCK_SECONDS):
                account = account_for(home / "cluster")
                programs = find_programs(account, pg_bin=pg_bin)
                server = cls(Cluster(home=home, account=account, programs=programs), settings)
                server._join()
        return server

    def dsn_for(self, database: str) -> str:
        """The address of another database of this server, for asyncpg and libpq."""
        host = quote(str(self.cluster.socket_directory), safe="")
        return f"postgresql://{SUPERUSER}@/{quote(database, safe='')}?host={host}&port={PORT}"

    @property
    def postmaster_pid(self) -> int | None:
        """The server's process, if it runs."""
        return postmaster(self.cluster.directory)

    def is_alive(self) -> bool:
        """Whether a session can be opened now."""
        return probe(self.cluster.socket_directory) is Answer.READY

    def ensure_running(self) -> bool:
        """Start the server again if it is gone; true if this call did. After `stop` it does nothing."""
        if not self._share.held or self.is_alive():
            return False
        with self._alone():
            # Asked again under the lock: another process may have done it, or another thread has stopped us.
            return self._share.held and self.cluster.bring_up(self._settings)

    def stop(self) -> None:
        """Give up our share; the last one out stops the server. May be called twice."""
        if self._share.held:
            with self._alone():
                self._leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _join(self) -> None:
        self._share.take()
        try:
            while True:
                self.cluster.bring_up(self._settings)
                if self._has_database():
                    return
        except ServerStillBusy:
            self._share.give_up()  # without a halt, which would send the recovery back to its beginning
            raise
        except BaseException:
            self._leave()
            raise

    def _has_database(self) -> bool:
        """Make our database if it is missing; false if the server was gone again before it answered."""
        try:
            ensure_database(self.cluster.socket_directory, DATABASE)
        except (OSError, ServerRefusal):
            if self.postmaster_pid is not None:
                raise
            return False
        return True

    def _leave(self) -> None:
        if self._share.give_up():
            self.cluster.halt()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        home = self.cluster.home
        with _explained(home), exclusive(home / "start.lock", seconds=START_LOCK_SECONDS):
            yield


def _settings(options: Mapping[str, str]) -> Mapping[str, str]:
    for name in options:
        if not _OPTION_NAME.fullmatch(name):
            raise EmbeddedPostgresError(
                f"{name!r} is not the name of a PostgreSQL setting: use lower case, as in 'work_mem'."
            )
        if name in RESERVED:
            raise EmbeddedPostgresError(
                f"The setting {name!r} belongs to the supervisor, which must find the server again. Leave it "
                "out; to reach a server in another way, run your own and set DATABASE_URL."
            )
    return {**SERVER_SETTINGS, **options, **FIXED_SETTINGS}


@contextmanager
def _explained(home: Path) -> Iterator[None]:
    try:
        yield
    except ServerRefusal as refusal:
        raise EmbeddedPostgresError(
            f"The server in {home} answered: {refusal}. Its log is {home / 'postgres.log'}; remove that "
            "cause and start again."
        ) from refusal
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL cannot use {home}: {error}. The folder and all in it must be readable "
            "and writable for the account that starts Taskloom, on a disk with room. Correct that, or choose "
            "another DATA_DIR, or set DATABASE_URL to a server that already runs."
        ) from error
