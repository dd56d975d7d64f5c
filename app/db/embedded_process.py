"""Processes of a server, told apart from strangers that happen to have the same pid."""

import os
import re
import subprocess
from pathlib import Path
from typing import Final

from app.db.embedded_account import PROGRAM_ENVIRONMENT, Account

PROC: Final = Path("/proc")
PIDFILE: Final = "postmaster.pid"

# A child of the server calls itself "postgres: what it does"; only the server has a plain program name.
_SERVER: Final = re.compile(r"(^|/)(postgres|postmaster)( |$)")
_CHILD: Final = "postgres: "

WORKING_HERE: Final = 'for p in /proc/[0-9]*; do if [ "$p/cwd" -ef . ]; then echo "${p#/proc/}"; fi; done'


def marker(cluster: Path) -> str:
    """The last argument of every server we start: it names the cluster in the process list."""
    return f"taskloom.cluster={cluster}"


def pid_in(pidfile: Path) -> int | None:
    """The pid in the first line; nothing when the file is missing, empty or nonsense."""
    try:
        return max(int(pidfile.read_text().split("\n", 1)[0]), 0) or None
    except (OSError, ValueError):
        return None


def exists(pid: int) -> bool:
    """Whether any process has this pid, a zombie included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def command_line(pid: int) -> str | None:
    """The command line of a living process; nothing for a dead one or a zombie."""
    if not _has_proc():
        return _asked_of_ps(pid)
    try:
        words = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return None
    return os.fsdecode(words.rstrip(b"\0").replace(b"\0", b" ")) or None


def serves(pid: int, cluster: Path) -> bool:
    """Whether this process is the server of this very directory."""
    line = command_line(pid)
    if line is None or not _SERVER.search(line):
        return False
    inside = _works_in(pid, cluster)
    if inside is not None:
        return inside
    return line.endswith(f" {marker(cluster)}") or f" -D {cluster} " in f"{line} "


def postmaster(cluster: Path) -> int | None:
    """The server of this directory: by its pid file, or by the process list if somebody removed that."""
    pid = pid_in(cluster / PIDFILE)
    if pid is not None and serves(pid, cluster):
        return pid
    return next((other for other in _pids() if serves(other, cluster)), None)


def orphans(cluster: Path, account: Account) -> list[int]:
    """Children of a killed server that still run a query; they bar the way to a new one."""
    # Asked as their own account: root in a container may not look into the processes of others.
    answer = account.run(["/bin/sh", "-c", WORKING_HERE], cwd=cluster)
    pids = [int(word) for word in answer.stdout.split()]
    return [pid for pid in pids if (command_line(pid) or "").startswith(_CHILD)]


def _works_in(pid: int, directory: Path) -> bool | None:
    """Whether the process works in the directory, as all of a server's do; None if we may not know."""
    if not _has_proc():
        return None
    try:
        return (PROC / str(pid) / "cwd").samefile(directory)
    except PermissionError:
        return None
    except OSError:
        return False


def _pids() -> list[int]:
    if not _has_proc():
        return []
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal()]


def _has_proc() -> bool:
    return (PROC / "self" / "cmdline").exists()


def _asked_of_ps(pid: int) -> str | None:
    answer = subprocess.run(  # noqa: S603 - a fixed program and a number
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)],
        env=PROGRAM_ENVIRONMENT,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return answer.stdout.strip() or None
