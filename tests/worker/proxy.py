"""A line between a client and a server that can be cut, or made deaf for answers."""

import asyncio
from typing import Self
from urllib.parse import urlsplit


class Proxy:
    """Forwards TCP from a port of its own to a server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port)
        self._listener: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self._port = 0
        self.answers = asyncio.Event()
        self.answers.set()

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.mend()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def mend(self) -> None:
        """Listen, on the same port as before."""
        self.answers.set()
        self._listener = await asyncio.start_server(self._forward, "127.0.0.1", self._port)
        self._port = self._listener.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break every connection, and refuse new ones until `mend`."""
        assert self._listener is not None
        self._listener.close()
        for line in tuple(self._lines):
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        far_writer: asyncio.StreamWriter | None = None
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            await asyncio.gather(self._requests(reader, far_writer), self._answers(far_reader, writer))
        except (asyncio.CancelledError, ConnectionError):
            pass  # cut, or one side is gone: so is the line
        finally:
            self._lines.discard(line)
            for end in (writer, far_writer):
                if end is not None:
                    end.transport.abort()

    @staticmethod
    async def _requests(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self.answers.wait()
            writer.write(data)
            await writer.drain()
        writer.close()
