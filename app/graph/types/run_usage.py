"""What runs used and what came of them, as their workers reported it."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from app.domain.ids import parse_uuid
from app.domain.tasks.outcome import Outcome
from app.graph.relation import related, value
from app.graph.scalars import JSON, BigInt

if TYPE_CHECKING:
    from app.graph.types.artifact import Artifact


@strawberry.type(description="Tokens and costs of a run; null where nothing was reported.")
class RunUsage:
    """Read from what was reported as usage, in camelCase or in snake_case."""

    input_tokens: BigInt | None = value("Tokens that went in.")
    output_tokens: BigInt | None = value("Tokens that came out.")
    cached_input_tokens: BigInt | None = value("Those of the input that were cached.")
    cache_write_tokens: BigInt | None = value("Tokens written to a cache.")
    total_cost: str | None = value("Costs in USD, an exact decimal.")


@strawberry.type(description="Tokens and costs of all runs of a tree that you may see; null where none was reported.")
class RunTreeUsage:
    """Sums."""

    run_count: int = value("How many runs there are.")
    input_tokens: BigInt | None = value("Tokens that went in.")
    output_tokens: BigInt | None = value("Tokens that came out.")
    cached_input_tokens: BigInt | None = value("Those of the input that were cached.")
    cache_write_tokens: BigInt | None = value("Tokens written to a cache.")
    total_cost: str | None = value("Costs in USD, an exact decimal.")


@strawberry.type(description="Which model did the work of a run, with which skills, and what it used.")
class RunObservability:
    """Read from what was reported as usage."""

    provider: str | None = value("Who runs the model.")
    model_id: str | None = value("Which model.")
    trace_provider: str | None = value("Where traces of it are kept.")
    loaded_skill_slugs: list[str] = value("The skills that were loaded.")
    usage: RunUsage = value("Tokens and costs.")


def _artifact_id(outcome: Outcome) -> object:
    return None if outcome.artifact_id is None else parse_uuid(outcome.artifact_id)


@strawberry.type(description="What a person reads about a run that ended well.")
class RunOutcome:
    """Read from what was reported as outcome, in camelCase or in snake_case."""

    summary: str | None = value("In words.")
    artifact_id: strawberry.ID | None = value("The artifact that was made.")
    artifact_name: str | None = value("What it is called.")
    version: int | None = value("Which version of it.")
    renderer_kind: str | None = value("How to show it: table, chart, markdown, json, file or another.")
    row_count: BigInt | None = value("How many rows it has.")
    data: JSON = value("All that was reported.")
    artifact: Annotated["Artifact", strawberry.lazy("app.graph.types.artifact")] | None = related(
        lambda x: x.artifact_by_id, _artifact_id, "The artifact that was made, if you may see it."
    )
