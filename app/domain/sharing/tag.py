"""Tags: what they may be called, and how a list is narrowed down by them (workspaces API, sections 2.3 and 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.domain.errors import BadInput
from app.domain.ids import parse_uuid
from app.domain.slug import slug
from app.domain.text import checked, is_storable, json_text

NAME_LENGTH_MAX: Final = 64
NAMESPACE_LENGTH_MAX: Final = 64
COLOR_LENGTH_MAX: Final = 32
DESCRIPTION_LENGTH_MAX: Final = 1_000
ATTRIBUTES_BYTES_MAX: Final = 16 * 1024
TAGS_MAX: Final = 50
NO_TAG: Final = UUID(int=0)


class TagMatch(StrEnum):
    """How many of the wanted tags a workspace must bear."""

    ANY = "any"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagFilter:
    """Slugs and ids are one set; an unknown one matches nothing."""

    slugs: tuple[str, ...] = ()
    ids: tuple[UUID, ...] = ()
    match: TagMatch = TagMatch.ANY

    def __bool__(self) -> bool:
        return bool(self.slugs or self.ids)


def tag_slug(name: str) -> str:
    """What tags are compared by; a name without any ASCII letter or digit is spelled in Punycode."""
    return slug(name) or slug(name.casefold().encode("punycode", "ignore").decode("ascii"))


def tag_name(given: str, field: str) -> str:
    """The name of a tag, or BadInput."""
    name = checked(given, field, longest=NAME_LENGTH_MAX)
    if not any(map(str.isalnum, name)) or not tag_slug(name):
        raise BadInput(f"{field} needs at least one letter or digit.", field=field)
    return name


def tag_text(given: str | None, field: str, longest: int) -> str | None:
    """A text of a tag that may be absent; an empty one is none."""
    return None if given is None else checked(given, field, longest=longest, blank=True) or None


def tag_attributes(given: object) -> str:
    """The attributes as JSON text; an object, or null for none."""
    if not isinstance(given, dict | None):
        raise BadInput("attributes is a JSON object.", field="attributes")
    return json_text(given or {}, "attributes", bytes_max=ATTRIBUTES_BYTES_MAX)


def tag_filter(names: Sequence[str] | None, ids: Sequence[str] | None, match: TagMatch) -> TagFilter:
    """The filter of a list; names are compared by their slugs, so that case does not matter."""
    given = [*(names or ()), *(ids or ())]
    if len(given) > TAGS_MAX:
        raise BadInput(f"{len(given)} tags; at most {TAGS_MAX} are allowed.", field="tags", limit=TAGS_MAX)
    slugs = dict.fromkeys(tag_slug(name) if is_storable(name) else "" for name in names or ())
    known = dict.fromkeys(parse_uuid(id) or NO_TAG for id in ids or ())
    return TagFilter(slugs=tuple(slugs), ids=tuple(known), match=match)
