"""A statement compiled once: SQLAlchemy writes the text, asyncpg runs it with positional arguments."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Executable, text
from sqlalchemy.dialects.postgresql import asyncpg as dialect
from sqlalchemy.sql.compiler import SQLCompiler

DIALECT: Final = dialect.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


class Statement:
    """SQL with `$n` places and the names that fill them."""

    __slots__ = ("_constants", "_names", "name", "sql")

    def __init__(self, source: Executable | str, *, name: str = "") -> None:
        composed = text(source) if isinstance(source, str) else source
        compiled = composed.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]  # Executable's stub lacks compile()
        assert isinstance(compiled, SQLCompiler)
        self.name = name
        self.sql = str(compiled)
        self._names = tuple(compiled.positiontup or ())
        self._constants: Mapping[str, object] = {k: v for k, v in compiled.params.items() if v is not None}

    def arguments(self, given: Mapping[str, object]) -> list[object]:
        """The values in the order of their places; a name nobody filled is a programming error."""
        constants = self._constants
        return [given[name] if name in given else constants[name] for name in self._names]
