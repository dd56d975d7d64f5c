"""Programs of JavaScript with packages from npm: what other people's clients and checks say of the server."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any, Final

INSTALL_SECONDS: Final = 120
FLAGS: Final = (
    "--ignore-scripts",  # nothing that npm brings is run by its installation
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--package-lock=false",
    "--loglevel=error",
    *("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"),
)


async def install(folder: Path, packages: dict[str, str]) -> None:
    """Put packages of exact versions into a folder of their own."""
    wanted = {"private": True, "type": "module", "dependencies": packages}
    (folder / "package.json").write_text(json.dumps(wanted), encoding="utf-8")
    await run(["npm", "install", *FLAGS], folder, within=INSTALL_SECONDS)


async def node(folder: Path, script: Path, *arguments: str, within: float = 60) -> Any:
    """What a script prints as JSON; it is run inside the folder, whose packages it imports."""
    copy = shutil.copy(script, folder)
    return json.loads(await run(["node", str(copy), *arguments], folder, within=within))


async def run(command: list[str], folder: Path, *, within: float) -> bytes:
    """The output of a command; a failure is told with what it said."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(within):
            said, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, f"{command[0]} ended with {process.returncode}: {complaints.decode()[-2000:]}"
    return said
