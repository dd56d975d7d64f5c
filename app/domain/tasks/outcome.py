"""What a person reads about a run that ended, read from the free JSON in which its worker reported it."""

from dataclasses import dataclass
from typing import Final

from app.domain.tasks.usage import snake

COUNT_LIMIT: Final = 2**63
VERSION_LIMIT: Final = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A summary and the artifact that was made; None where nothing sensible was reported."""

    summary: str | None
    artifact_id: str | None
    artifact_name: str | None
    version: int | None
    renderer_kind: str | None
    row_count: int | None
    data: object

    @classmethod
    def of(cls, reported: object) -> "Outcome":
        """The members of a report, in camelCase or in snake_case; a bare text is a summary."""
        found = reported if isinstance(reported, dict) else {}

        def text(name: str) -> str | None:
            value = found.get(name, found.get(snake(name)))
            return value if isinstance(value, str) else None

        def count(name: str, limit: int) -> int | None:
            value = found.get(name, found.get(snake(name)))
            return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < limit else None

        return cls(
            summary=reported if isinstance(reported, str) else text("summary"),
            artifact_id=text("artifactId"),
            artifact_name=text("artifactName"),
            version=count("version", VERSION_LIMIT),
            renderer_kind=text("rendererKind"),
            row_count=count("rowCount", COUNT_LIMIT),
            data=reported,
        )
