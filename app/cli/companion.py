"""The demo beside a server: a process of its own that knows the server only by its address and a key."""

import os
import subprocess
import sys


class Companion:
    """Starts `taskloom demo` and ends it with the server."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the demo; the key goes through the environment, where other users cannot read it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app", "demo"],
            env={**os.environ, "TASKLOOM_URL": self._url, "TASKLOOM_KEY": self._key},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def stop(self) -> None:
        """End the demo: politely, then firmly; may be called twice."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
