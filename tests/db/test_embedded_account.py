"""As root and as an ordinary user: whom the server runs as, and that no folder is opened for it."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.db.embedded_account import Account, account_for
from app.db.embedded_binaries import COPIES, PACKAGE, find_programs
from app.db.embedded_errors import EmbeddedPostgresError
from tests.db.embedded_support import AS_ROOT, REPOSITORY, Place, ask

NOBODY = 65534

only_root = pytest.mark.skipif(not AS_ROOT, reason="only root can step down to another account")


@pytest.fixture
def place() -> Iterator[Place]:
    place = Place()
    yield place
    place.clean()


def nobody() -> Account:
    return Account(name="nobody", uid=NOBODY, gid=NOBODY, dropped=True)


def owner_of(pid: int | None) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def test_the_server_runs_as_an_ordinary_account(place: Place) -> None:
    server = place.start(place.folder / "data")
    uid = owner_of(server.postmaster_pid)
    assert uid == server.cluster.account.uid == server.cluster.directory.stat().st_uid
    assert uid != 0
    assert server.cluster.account.dropped is AS_ROOT


@only_root
def test_root_keeps_a_server_behind_a_closed_door(place: Place) -> None:
    door = place.folder / "closed"
    door.mkdir(mode=0o700)
    server = place.start(door / "project" / "data")
    ask(server, "CREATE TABLE kept AS SELECT 42 AS n")
    server.stop()
    again = place.start(door / "project" / "data")
    assert ask(again, "SELECT n FROM kept") == "42"
    assert owner_of(again.postmaster_pid) != 0
    assert (again.cluster.directory / "PG_VERSION").exists()
    assert (door.stat().st_mode & 0o777, door.stat().st_uid) == (0o700, 0)


@only_root
def test_two_root_processes_share_a_server_behind_a_closed_door(place: Place) -> None:
    place.folder.chmod(0o700)
    server = place.start(place.folder / "data")
    user = place.user(place.folder / "data")
    assert user.heard()["pid"] == server.postmaster_pid
    os.kill(server.postmaster_pid or 0, 9)
    assert user.told("ensure") == {"restarted": True}
    assert ask(server, "SELECT 1") == "1"


@only_root
def test_an_ordinary_user_has_a_server_of_its_own(place: Place) -> None:
    os.chown(place.folder, NOBODY, NOBODY)
    user = place.user(place.folder / "data", account="nobody", pg_bin=_programs_for_nobody(place))
    started = user.heard()
    assert owner_of(started["pid"]) == NOBODY
    os.kill(started["pid"], 9)
    assert user.told("ensure") == {"restarted": True}
    assert user.told("stop") == {"stopped": True}


@only_root
def test_root_serves_an_ordinary_users_directory_as_that_user(place: Place) -> None:
    os.chown(place.folder, NOBODY, NOBODY)
    pg_bin = _programs_for_nobody(place)
    user = place.user(place.folder / "data", account="nobody", pg_bin=pg_bin)
    pid = user.heard()["pid"]
    server = place.start(place.folder / "data")
    assert server.postmaster_pid == pid
    user.told("stop")
    os.kill(pid, 9)
    assert server.ensure_running()
    assert owner_of(server.postmaster_pid) == NOBODY
    server.stop()
    again = place.user(place.folder / "data", account="nobody", pg_bin=pg_bin)
    assert owner_of(again.heard()["pid"]) == NOBODY


@only_root
def test_an_ordinary_user_is_told_whose_directory_it_is(place: Place) -> None:
    server = place.start(place.folder / "data")
    server.stop()
    user = place.user(place.folder / "data", account="nobody", pg_bin=_programs_for_nobody(place))
    error = user.heard()["error"]
    assert str(place.folder / "data") in error
    assert "must be readable and writable for the account that starts Taskloom" in error
    assert "choose another DATA_DIR" in error


@only_root
def test_a_directory_copied_by_root_is_refused_with_the_cure(place: Place) -> None:
    cluster = place.folder / "cluster"
    cluster.mkdir()
    with pytest.raises(EmbeddedPostgresError, match=f"chown -R postgres '{cluster}'"):
        account_for(cluster)


@only_root
def test_programs_out_of_reach_are_copied_whole_and_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = place.folder / "site-packages"
    closed.mkdir(mode=0o700)
    package = find_programs(account_for(place.folder / "none"), pg_bin=None).folder.parents[1]
    for part in (package, package.with_name(f"{PACKAGE}.libs")):
        (closed / part.name).symlink_to(part)
    monkeypatch.syspath_prepend(closed)
    copies = place.folder / "copies"
    usual = os.umask(0o077)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: find_programs(nobody(), pg_bin=None, copies=copies), range(4)))
    finally:
        os.umask(usual)
    assert {programs.folder for programs in found} == {found[0].folder}
    assert found[0].folder.is_relative_to(copies)
    assert nobody().run([found[0]["initdb"], "--version"]).returncode == 0
    assert [entry.name for entry in copies.iterdir() if ".new-" in entry.name] == []
    server = place.start(place.folder / "data", pg_bin=found[0].folder)
    assert ask(server, "SELECT 1") == "1"


def _programs_for_nobody(place: Place) -> Path | None:
    """The folder to name when an ordinary user cannot read this checkout's packages; usually none."""
    if nobody().run(["/bin/sh", "-c", 'test -r "$0"', REPOSITORY / "pyproject.toml"]).returncode == 0:
        return None
    programs = find_programs(nobody(), pg_bin=None)
    assert programs.folder.is_relative_to(COPIES)
    return programs.folder
