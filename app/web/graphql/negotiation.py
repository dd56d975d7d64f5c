"""Which media type an answer has, by the Accept header (GraphQL over HTTP, section 6)."""

from typing import Final

JSON: Final = "application/json"
GRAPHQL_JSON: Final = "application/graphql-response+json"
EVENT_STREAM: Final = "text/event-stream"
OFFERED: Final = (JSON, GRAPHQL_JSON, EVENT_STREAM)


def chosen(accept: str | None) -> str | None:
    """The best of what is offered and accepted; None when nothing is both."""
    if accept is None or not accept.strip():
        return JSON
    best, best_quality = None, 0.0
    for part in accept.split(","):
        kind, quality = _weighed(part)
        for offer in OFFERED:
            fits = kind == offer or (kind in ("*/*", "application/*") and offer == JSON)
            if fits and quality > best_quality:
                best, best_quality = offer, quality
    return best


def wants_html(accept: str | None) -> bool:
    """Whether a browser asks for a page."""
    return any(_weighed(part)[0] == "text/html" for part in (accept or "").split(","))


def _weighed(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        name, _, text = parameter.partition("=")
        if name == "q":
            try:
                return kind, float(text)
            except ValueError:
                return kind, 0.0
    return kind, 1.0
