"""A REST API as a whole: what its description needs beside its operations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.web.rest.operation import Operation
from app.web.rest.shape import Notation


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Operations that are written, read and refused in the same way."""

    operations: Sequence[Operation]
    notation: Notation
    # The shape of a refusal by its status.
    refusal: Callable[[int], type]
    # What the names in paths are: any text, or UUIDs.
    path_parameter: type
    optional_headers: frozenset[str] = frozenset()
