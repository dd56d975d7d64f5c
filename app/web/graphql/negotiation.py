"""Which media type an answer has, by the Accept header (GraphQL over HTTP, section 6; RFC 9110, section 12.5.1)."""

import re
from dataclasses import dataclass
from typing import Final

JSON: Final = "application/json"
GRAPHQL_JSON: Final = "application/graphql-response+json"
EVENT_STREAM: Final = "text/event-stream"
OFFERED: Final = (JSON, GRAPHQL_JSON, EVENT_STREAM)
QUALITY: Final = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")


@dataclass(frozen=True, slots=True)
class Range:
    """One media range of an Accept header."""

    kind: str
    quality: float

    def fit(self, offer: str) -> int:
        """How exactly the range names the offer: 3 the type itself, 2 its family, 1 anything, 0 not at all."""
        family, _, _ = offer.partition("/")
        return 3 if self.kind == offer else 2 if self.kind == f"{family}/*" else 1 if self.kind == "*/*" else 0


def chosen(accept: str | None) -> str | None:
    """The best of what is offered and accepted; None when nothing is both.

    The most exact range decides about a type, the higher quality between types, then the order of the header.
    """
    if accept is None or not accept.strip():
        return JSON
    ranges = [_range(part) for part in accept.split(",")]
    best, best_rank = None, (0.0, 0)
    for offer in OFFERED:
        exactness, at = max((one.fit(offer), -at) for at, one in enumerate(ranges))
        rank = (ranges[-at].quality, at)
        if exactness > 0 and rank[0] > 0 and (best is None or rank > best_rank):
            best, best_rank = offer, rank
    return best


def wants_html(accept: str | None) -> bool:
    """Whether a browser asks for a page."""
    return any(_range(part).kind == "text/html" for part in (accept or "").split(","))


def _range(part: str) -> Range:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        name, _, text = parameter.partition("=")
        if name.strip() == "q":
            return Range(kind, float(text) if QUALITY.fullmatch(text.strip()) else 0.0)
    return Range(kind, 1.0)
