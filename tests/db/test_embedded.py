"""The embedded server starts, is shared, survives kills and stops with its last user."""

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from app.db.embedded_process import PIDFILE, command_line
from app.db.embedded_socket import SOCKET_NAME
from tests.db.embedded_support import Place, ask, eventually, kill_server

SETTINGS = """
    SELECT name, setting FROM pg_settings WHERE name IN
    ('listen_addresses', 'wal_level', 'TimeZone', 'server_encoding', 'fsync', 'unix_socket_permissions')
"""


@pytest.fixture(scope="module")
def seed() -> Iterator[Path]:
    nursery = Place()
    server = nursery.start(nursery.folder / "data")
    server.stop()
    yield server.cluster.directory
    nursery.clean()


@pytest.fixture
def place(seed: Path) -> Iterator[Place]:
    place = Place(seed)
    yield place
    place.clean()


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A living process that has nothing to do with PostgreSQL."""
    process = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE)
    yield process
    process.communicate()


async def test_an_empty_directory_becomes_a_private_server(place: Place) -> None:
    with place.start(place.folder / "data") as server:
        connection = await asyncpg.connect(server.dsn)
        settings = {row["name"]: row["setting"] for row in await connection.fetch(SETTINGS)}
        here = await connection.fetchrow("SELECT current_user, current_database(), version()")
        await connection.close()
        socket_mode = server.cluster.socket_directory.stat().st_mode & 0o777
        alive = server.is_alive()
    assert settings == {
        "listen_addresses": "",
        "wal_level": "minimal",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
        "fsync": "off",
        "unix_socket_permissions": "0700",
    }
    assert tuple(here)[:2] == ("postgres", "taskloom")
    assert f"PostgreSQL {server.cluster.programs.major}." in here["version"]
    assert (socket_mode, alive, server.is_alive(), server.postmaster_pid) == (0o700, True, False, None)


def test_what_was_written_is_there_after_a_stop(place: Place) -> None:
    server = place.start(place.sow())
    ask(server, "CREATE TABLE kept AS SELECT 42 AS n")
    server.stop()
    server.stop()
    again = place.start(place.folder / "data")
    assert ask(again, "SELECT n FROM kept") == "42"
    assert "database system was not properly shut down" not in again.cluster.log.read_text()


def test_a_stopped_handle_starts_nothing(place: Place) -> None:
    server = place.start(place.sow())
    server.stop()
    assert (server.ensure_running(), server.postmaster_pid) == (False, None)


def test_the_last_of_two_processes_stops_the_server(place: Place) -> None:
    server = place.start(place.sow())
    pid = server.postmaster_pid
    user = place.user(place.folder / "data")
    assert user.heard() == {"dsn": server.dsn, "pid": pid}
    server.stop()
    assert (server.is_alive(), server.postmaster_pid) == (True, pid)
    assert user.told("stop") == {"stopped": True}
    assert (server.is_alive(), server.postmaster_pid) == (False, None)


def test_two_handles_in_one_process_count_as_two_users(place: Place) -> None:
    data_dir = place.sow()
    first, second = place.start(data_dir), place.start(data_dir)
    second.stop()
    assert first.is_alive()
    first.stop()
    assert not first.is_alive()


def test_four_processes_on_an_empty_directory_share_one_server(place: Place) -> None:
    users = [place.user(place.folder / "data") for _ in range(4)]
    answers = [user.heard() for user in users]
    assert len({answer["pid"] for answer in answers}) == 1
    assert [user.told("stop") for user in users] == [{"stopped": True}] * 4
    assert command_line(answers[0]["pid"]) is None
    log = (place.folder / "data" / "postgres.log").read_text()
    assert log.count("ready to accept connections") == 1


def test_a_killed_server_is_started_again_with_its_data(place: Place) -> None:
    # Durability on: what is promised after a kill is promised for these settings.
    server = place.start(place.sow(), fsync="on")
    user = place.user(place.folder / "data")
    killed = user.heard()["pid"]
    ask(server, "CREATE TABLE kept AS SELECT 42 AS n")
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: not server.is_alive())
    assert (server.ensure_running(), server.ensure_running()) == (True, False)
    assert user.told("ensure") == {"restarted": False}
    assert server.postmaster_pid != killed
    assert ask(server, "SELECT n FROM kept") == "42"


def test_many_threads_that_miss_the_server_start_it_once(place: Place) -> None:
    server = place.start(place.sow())
    kill_server(server)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: server.ensure_running(), range(4)))
    assert sorted(answers) == [False, False, False, True]


def test_a_query_that_outlives_the_server_does_not_bar_the_next_one(place: Place) -> None:
    server = place.start(place.sow())
    endless = subprocess.Popen(
        [
            *(server.cluster.programs["psql"], "-XAtq", "-d", server.dsn),
            *("-c", "SET statement_timeout = '30s'"),  # so that a failed test leaves nothing behind
            *("-c", "SELECT count(*) FROM generate_series(1, 4000000000) a"),
        ],
        stderr=subprocess.DEVNULL,
    )
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%4000000000%' AND pid <> pg_backend_pid()"
    eventually(lambda: ask(server, running) == "1")
    kill_server(server)
    try:
        assert server.ensure_running()
    finally:
        endless.kill()
        endless.wait()
    assert ask(server, running) == "0"


def test_a_killed_user_leaves_no_lock_and_a_server_that_the_next_one_stops(place: Place) -> None:
    user = place.user(place.sow())
    pid = user.heard()["pid"]
    user.end(signal.SIGKILL)
    assert command_line(pid) is not None
    server = place.start(place.folder / "data")
    assert (server.postmaster_pid, server.is_alive()) == (pid, True)
    server.stop()
    assert command_line(pid) is None


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(place: Place) -> None:
    server = place.start(place.sow())
    server.stop()
    user = place.user(place.folder / "data")
    pid = user.heard()["pid"]
    user.end(signal.SIGINT)
    server = place.start(place.folder / "data")
    assert server.postmaster_pid == pid
    assert "shutdown request" not in _log_of_last_server(server.cluster.log)


def test_a_reused_pid_is_neither_believed_nor_killed(place: Place, stranger: subprocess.Popen[bytes]) -> None:
    server = place.start(place.sow())
    kill_server(server)
    _write_pid(server.cluster.directory, stranger.pid)
    assert server.postmaster_pid is None
    assert server.ensure_running()
    assert server.postmaster_pid not in {None, stranger.pid}
    assert ask(server, "SELECT 1") == "1"
    kill_server(server)
    _write_pid(server.cluster.directory, stranger.pid)
    server.stop()
    assert stranger.poll() is None
    assert place.start(place.folder / "data").is_alive()


def test_the_server_of_another_directory_is_a_stranger_too(place: Place) -> None:
    other = place.start(place.sow("other"))
    server = place.start(place.sow())
    kill_server(server)
    _write_pid(server.cluster.directory, other.postmaster_pid or 0)
    assert server.ensure_running()
    server.stop()
    assert (other.is_alive(), server.is_alive()) == (True, False)


@pytest.mark.parametrize("content", ["", "nonsense\n", "-1\n"])
def test_an_unreadable_pid_file_is_replaced(place: Place, content: str) -> None:
    server = place.start(place.sow())
    server.stop()
    (server.cluster.directory / PIDFILE).write_text(content)
    assert place.start(place.folder / "data").is_alive()


def test_a_server_whose_pid_file_was_removed_is_still_found(place: Place) -> None:
    server = place.start(place.sow())
    pid = server.postmaster_pid
    (server.cluster.directory / PIDFILE).unlink()
    assert place.start(place.folder / "data").postmaster_pid == pid


def test_a_server_whose_socket_was_removed_is_started_again(place: Place) -> None:
    server = place.start(place.sow())
    unreachable = server.postmaster_pid
    (server.cluster.socket_directory / SOCKET_NAME).unlink()
    assert server.ensure_running()
    assert (server.is_alive(), command_line(unreachable or 0)) == (True, None)


@pytest.mark.parametrize(
    "name", ["with spaces, a comma & 'quotes\" $HOME", "größer", "long" * 30], ids=["odd", "foreign", "long"]
)
async def test_any_path_can_hold_a_server(place: Place, name: str) -> None:
    data_dir = place.folder / name / "postgres"
    server = place.start(data_dir)
    assert len(os.fsencode(server.cluster.socket_directory / SOCKET_NAME)) < 100
    connection = await asyncpg.connect(server.dsn)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    assert ask(server, "SELECT 2") == "2"
    assert place.start(data_dir).postmaster_pid == server.postmaster_pid
    kill_server(server)
    assert server.ensure_running()


def test_one_directory_by_two_names_is_one_server(place: Place) -> None:
    server = place.start(place.sow())
    (place.folder / "link").symlink_to(place.folder / "data")
    assert place.start(place.folder / "link").dsn == server.dsn


def test_a_cut_initdb_is_begun_anew(place: Place) -> None:
    half = place.folder / "data" / "cluster.new-cut"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    assert place.start(place.folder / "data").is_alive()
    assert not half.exists()


def test_another_database_has_its_own_address(place: Place) -> None:
    server = place.start(place.sow())
    ask(server, 'CREATE DATABASE "odd name/?"')
    server.dsn = server.dsn_for("odd name/?")
    assert ask(server, "SELECT current_database()") == "odd name/?"


def test_an_overgrown_log_is_turned_over_between_two_servers(place: Place) -> None:
    server = place.start(place.sow())
    server.stop()
    with server.cluster.log.open("ab") as log:
        log.truncate(10 * 1024 * 1024 + 1)
    place.start(place.folder / "data")
    assert server.cluster.log.stat().st_size < 10_000
    assert (place.folder / "data" / "postgres.log.1").stat().st_size == 10 * 1024 * 1024 + 1


def _write_pid(cluster: Path, pid: int) -> None:
    pidfile = cluster / PIDFILE
    lines = pidfile.read_text().split("\n")
    pidfile.write_text("\n".join([str(pid), *lines[1:]]))


def _log_of_last_server(log: Path) -> str:
    return log.read_text().rsplit("starting PostgreSQL", 1)[1]
