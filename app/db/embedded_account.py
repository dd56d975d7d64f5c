"""The operating system account a server runs as: our own, or an unprivileged one when we are root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

from app.db.embedded_errors import EmbeddedPostgresError

# PostgreSQL refuses to run as root; the first of these that exists is used, none is ever added.
UNPRIVILEGED_NAMES: Final = ("postgres", "nobody")

# A fixed environment: PG* variables of the caller must not steer our programs, and messages stay English.
PROGRAM_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"}

DETACH: Final = '"$@" </dev/null >&2 & echo $!'


class Identity(TypedDict, total=False):
    """The arguments that make subprocess change its user; empty when there is nothing to change."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom the server's programs run as; `dropped` means that we are root and step down to it."""

    name: str
    uid: int
    gid: int
    dropped: bool

    @property
    def identity(self) -> Identity:
        if not self.dropped:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def run(self, command: Sequence[str | Path], *, cwd: Path = Path("/")) -> subprocess.CompletedProcess[str]:
        """Run a program to its end as this account; root may enter a `cwd` the account cannot reach."""
        return subprocess.run(  # noqa: S603 - programs we located, no shell text from outside
            [str(word) for word in command],
            cwd=cwd,
            env=PROGRAM_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            **self.identity,
        )

    def detach(self, command: Sequence[str | Path], *, cwd: Path, output: int) -> int:
        """Start a program that outlives us, writing to the given descriptor; its pid."""
        # The shell's only work is to leave: so the program is no child of ours that would end as a zombie.
        # Its own session keeps the terminal's Ctrl-C away from it.
        answer = subprocess.run(  # noqa: S603 - programs we located; the shell text is a constant
            ["/bin/sh", "-c", DETACH, "sh", *(str(word) for word in command)],
            cwd=cwd,
            env=PROGRAM_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
            check=True,
            **self.identity,
        )
        return int(answer.stdout)

    def reaches(self, directory: Path) -> bool:
        """Whether this account can write in the directory by its path, through all its parents."""
        if not self.dropped:
            return os.access(directory, os.W_OK | os.X_OK)
        # Asked of the kernel under that identity: modes alone say nothing about parents, ACLs or mounts.
        return self.run(["/bin/sh", "-c", 'test -w "$0" && test -x "$0"', directory]).returncode == 0


def account_for(cluster: Path) -> Account:
    """The owner of an existing cluster, because PostgreSQL runs as nobody else; otherwise our own choice."""
    owner = cluster.stat() if cluster.exists() else None
    if os.geteuid() != 0:
        return _own_account(cluster, owner)
    if owner is None:
        return _unprivileged_account()
    if owner.st_uid == 0:
        raise EmbeddedPostgresError(
            f"The database directory {cluster} belongs to root, and PostgreSQL never runs as root. "
            f"Give it back to the account that made it (chown -R postgres '{cluster}') and start again."
        )
    return Account(name=_name_of(owner.st_uid), uid=owner.st_uid, gid=owner.st_gid, dropped=True)


def _own_account(cluster: Path, owner: os.stat_result | None) -> Account:
    uid = os.geteuid()
    if owner is not None and owner.st_uid != uid:
        raise EmbeddedPostgresError(
            f"The database directory {cluster} belongs to {_name_of(owner.st_uid)}, but this process runs as "
            f"{_name_of(uid)}; PostgreSQL only runs as the owner of its directory. Start as "
            f"{_name_of(owner.st_uid)} or as root, or choose another DATA_DIR, or set DATABASE_URL."
        )
    return Account(name=_name_of(uid), uid=uid, gid=os.getegid(), dropped=False)


def _unprivileged_account() -> Account:
    for name in UNPRIVILEGED_NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, dropped=True)
    raise EmbeddedPostgresError(
        "PostgreSQL never runs as root, and this machine has neither an account 'postgres' nor 'nobody' to "
        "run it as. Start as an ordinary user, or set DATABASE_URL to a PostgreSQL that already runs."
    )


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
