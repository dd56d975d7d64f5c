"""Lines of a file: counted, bounded, decoded; the place where a bad byte is found has a number."""

from collections.abc import Iterator
from io import StringIO
from itertools import chain
from typing import BinaryIO, Final

LINE_BYTES_MAX: Final = 8 << 20
BLOCK_BYTES: Final = 256 << 10
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class BadLine(ValueError):
    """A line that cannot be read; raised and caught inside this package only."""


class Lines:
    """The lines of a stream from its current position, as bytes; `number` is that of the last one given."""

    __slots__ = ("_stream", "bytes_read", "number")

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.number = 0
        self.bytes_read = 0

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> bytes:
        line = self._stream.readline(LINE_BYTES_MAX + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.bytes_read += len(line)
        if len(line) > LINE_BYTES_MAX:
            raise BadLine(f"The line is longer than {LINE_BYTES_MAX} bytes.")
        return line.removeprefix(BYTE_ORDER_MARK) if self.number == 1 else line


class TextLines:
    """The same lines as text; read and decoded in blocks, because files have many short ones."""

    __slots__ = ("_stream", "bytes_read", "number")

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.number = 0  # of the line that is bad, once BadLine was raised
        self.bytes_read = 0

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self._blocks())

    def _blocks(self) -> Iterator[StringIO]:
        """Whole lines, many at once; those before a bad one are given before it is told."""
        rest = b""
        while data := self._stream.read(BLOCK_BYTES):
            self.bytes_read += len(data)
            if self.number == 0 and not rest:
                data = data.removeprefix(BYTE_ORDER_MARK)
            end = data.rfind(b"\n") + 1
            if end == 0 and len(rest) + len(data) <= LINE_BYTES_MAX:
                rest += data
                continue
            yield from self._lines_of(rest + data[:end] if end else rest + data)
            rest = data[end:]
        if rest:
            yield from self._lines_of(rest)

    def _lines_of(self, block: bytes) -> Iterator[StringIO]:
        if len(block) > LINE_BYTES_MAX:
            longest = max(block.split(b"\n"), key=len)
            if len(longest) > LINE_BYTES_MAX:
                yield from self._before(block, block.index(longest))
                raise BadLine(f"The line is longer than {LINE_BYTES_MAX} bytes.")
        try:
            text = block.decode()
        except UnicodeDecodeError as bad:
            start = block.rfind(b"\n", 0, bad.start) + 1
            yield from self._before(block, start)
            raise BadLine(f"Byte {bad.start - start + 1} of the line is not UTF-8.") from None
        yield StringIO(text, newline="\n")
        self.number += block.count(b"\n")

    def _before(self, block: bytes, start: int) -> Iterator[StringIO]:
        if start:
            yield from self._lines_of(block[:start])
        self.number += 1
