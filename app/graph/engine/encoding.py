"""How answers are written: instants stay instants until here, where they are written with the rest."""

from collections.abc import Mapping
from typing import Any

import orjson


def encoded(body: Mapping[str, Any]) -> bytes:
    """A response as JSON."""
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)
