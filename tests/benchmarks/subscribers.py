"""Many WebSocket subscribers in one process, as lean as Python allows: what is measured is the server."""

import asyncio
import os
import struct
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

import orjson
import uvloop

DOCUMENT = (
    "subscription { events { sequence cursor type timestamp actor { kind ref } payload task { id title status } } }"
)
MASK = b"\x00\x00\x00\x00"  # a mask of zeros leaves the payload as it is
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
AT_ONCE = 50  # handshakes under way


def frame(opcode: int, payload: bytes) -> bytes:
    """A masked frame, as clients must send them."""
    size = len(payload)
    head = bytes([0x80 | opcode, 0x80 | size]) if size < 126 else struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, size)
    return head + MASK + payload


class Subscriber(asyncio.Protocol):
    """One socket with one subscription, or with none; tells when it listens and what arrives."""

    def __init__(
        self,
        host: str,
        key: str,
        listens: Callable[[], None],
        arrived: Callable[[bytes, float], None],
        *,
        subscribes: bool,
    ) -> None:
        self._subscribes = subscribes
        self._upgrade = (
            f"GET /graphql HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: graphql-transport-ws\r\nAuthorization: Bearer {key}\r\n\r\n"
        ).encode()
        self._listens = listens
        self._arrived = arrived
        self._buffer = b""
        self._upgraded = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._upgrade)

    def connection_lost(self, exc: Exception | None) -> None:
        """A subscriber that is cut off would spoil the numbers."""
        sys.stderr.write(f"a subscriber was cut off: {exc}\n")

    def data_received(self, data: bytes) -> None:
        """Split what came into frames."""
        now = time.time()
        data = self._buffer + data
        if not self._upgraded:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                raise RuntimeError(head.decode())
            self._upgraded = True
            self._send({"type": "connection_init"})
        at = 0
        while (end_at := _end(data, at)) <= len(data) and end_at:
            self._frame(data[at] & 0x0F, data[_start(data, at) : end_at], now)
            at = end_at
        self._buffer = data[at:]

    def _frame(self, opcode: int, payload: bytes, now: float) -> None:
        assert self._transport is not None
        if opcode == PING:
            self._transport.write(frame(PONG, payload))
        elif opcode == CLOSE:
            self._transport.close()
        elif b'"next"' in payload:
            self._arrived(payload, now)
        elif b"connection_ack" in payload:
            if self._subscribes:
                self._send({"id": "1", "type": "subscribe", "payload": {"query": DOCUMENT}})
            self._send({"type": "ping"})
        elif b'"pong"' in payload:
            self._listens()
        elif b'"error"' in payload:
            raise RuntimeError(payload.decode())

    def _send(self, message: object) -> None:
        assert self._transport is not None
        self._transport.write(frame(TEXT, orjson.dumps(message)))


def _start(data: bytes, at: int) -> int:
    length = data[at + 1]
    return at + (2 if length < 126 else 4 if length == 126 else 10)


def _end(data: bytes, at: int) -> int:
    """Where the frame ends, or 0 while its head is not there."""
    if len(data) - at < 2:
        return 0
    length, start = data[at + 1], _start(data, at)
    if len(data) < start:
        return 0
    if length >= 126:
        length = int.from_bytes(data[at + 2 : start], "big")
    return start + length


class Crowd:
    """All subscribers of this process and what they received."""

    def __init__(self, url: str, key: str, size: int, *, subscribes: bool) -> None:
        self._url = urlsplit(url)
        self._key = key
        self._size = size
        self._subscribes = subscribes
        self._listening = asyncio.Semaphore(0)
        self._arrivals: dict[int, list[float]] = defaultdict(list)
        self._timestamps: dict[int, str] = {}
        self._complete: dict[int, asyncio.Event] = defaultdict(asyncio.Event)

    async def open(self) -> None:
        """Every one listens when this returns."""
        loop = asyncio.get_running_loop()
        host, port = self._url.hostname or "", self._url.port or 80
        for first in range(0, self._size, AT_ONCE):
            group = range(first, min(first + AT_ONCE, self._size))
            for _ in group:
                await loop.create_connection(self._subscriber, host, port)
            for _ in group:
                await self._listening.acquire()

    async def until(self, sequence: int) -> None:
        """Wait until every subscriber has received the event."""
        await self._complete[sequence].wait()

    def take(self) -> bytes:
        """What arrived since the last call: `{sequence: {timestamp, arrivals}}`."""
        found = {
            str(sequence): {"timestamp": self._timestamps[sequence], "arrivals": times}
            for sequence, times in self._arrivals.items()
        }
        self._arrivals.clear()
        self._timestamps.clear()
        return orjson.dumps(found)

    def _subscriber(self) -> Subscriber:
        return Subscriber(
            self._url.netloc, self._key, self._listening.release, self._arrived, subscribes=self._subscribes
        )

    def _arrived(self, payload: bytes, now: float) -> None:
        at = payload.index(b'"sequence":"') + 12
        sequence = int(payload[at : payload.index(b'"', at)])
        times = self._arrivals[sequence]
        times.append(now)
        if sequence not in self._timestamps:
            event = orjson.loads(payload)["payload"]["data"]["events"]
            self._timestamps[sequence] = event["timestamp"]
        if len(times) == self._size:
            self._complete[sequence].set()


async def main(url: str, key: str, size: int, *, subscribes: bool) -> None:
    """Obeys lines on standard input: `until SEQUENCE`, `take`; ends with its input."""
    crowd = Crowd(url, key, size, subscribes=subscribes)
    await crowd.open()
    tell(b"listening")
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).split():
        if line[0] == b"until":
            await crowd.until(int(line[1]))
            tell(b"arrived")
        else:
            tell(crowd.take())


def tell(line: bytes) -> None:
    """One line on standard output."""
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        # The key comes by the environment: command lines are there for everybody to read.
        key = os.environ["BENCH_KEY"]
        runner.run(main(sys.argv[1], key, int(sys.argv[2]), subscribes=sys.argv[3] == "subscribed"))
