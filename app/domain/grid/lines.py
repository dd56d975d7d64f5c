"""Lines of a file: counted, bounded, decoded; the place where a bad byte is found has a number."""

from typing import BinaryIO, Final

LINE_BYTES_MAX: Final = 8 << 20
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
    """The same lines as text."""

    __slots__ = ("_lines",)

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = Lines(stream)

    @property
    def number(self) -> int:
        """Of the last line given."""
        return self._lines.number

    @property
    def bytes_read(self) -> int:
        """From the start of the stream's lines."""
        return self._lines.bytes_read

    def __iter__(self) -> "TextLines":
        return self

    def __next__(self) -> str:
        try:
            return next(self._lines).decode()
        except UnicodeDecodeError as bad:
            raise BadLine(f"Byte {bad.start + 1} of the line is not UTF-8.") from None
