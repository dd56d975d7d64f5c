"""Slugs: lower-case ASCII words joined by a hyphen."""

import re
import unicodedata
from typing import Final

_NOT_A_WORD: Final = re.compile(r"[^a-z0-9]+")


def slug(text: str) -> str:
    """The slug of a text; empty where nothing of it is a letter or digit of ASCII."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NOT_A_WORD.sub("-", plain).strip("-")
