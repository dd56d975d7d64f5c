"""Installs Taskloom into .venv, once for each state of its requirements; two may run at the same time.

Usage: python3 scripts/install.py [EXTRA ...]
"""

import fcntl
import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)


def wanted(extras: list[str]) -> str:
    """What an installation with these extras is made from."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return f"{digest.hexdigest()} {sys.version_info[0]}.{sys.version_info[1]} {ROOT}"


def install(extras: list[str]) -> None:
    """Make the environment if it is missing, and install what it lacks."""
    stamp = VENV / f".installed-{'-'.join(sorted(extras)) or 'plain'}"
    state = wanted(extras)
    if stamp.exists() and stamp.read_text() == state:
        return
    if not (VENV / "bin" / "python").exists():
        print("making .venv ...", file=sys.stderr)
        venv.create(VENV, with_pip=True, symlinks=True)
    print(f"installing taskloom[{','.join(extras)}] ...", file=sys.stderr)
    target = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-c", str(ROOT / "constraints.txt"), "-e", target], check=True)
    stamp.write_text(state)


def main() -> int:
    """One installation at a time; the second finds everything done."""
    if sys.version_info < OLDEST:
        print(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; set PYTHON to one.", file=sys.stderr)
        return 1
    with open(ROOT / ".install.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            install(sys.argv[1:])
        except subprocess.CalledProcessError:
            print("The packages could not be installed; see above, then run make again.", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
