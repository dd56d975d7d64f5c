"""What a run used, read from the free JSON in which its worker reported it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

COUNT_LIMIT: Final = 2**63
COST_LIMIT: Final = 10**15
COST_PLACES_MAX: Final = 12
COST_TEXT: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,12})?")
WORD_LENGTH_MAX: Final = 256
SKILLS_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens, turns and costs; None where nothing sensible was reported. A cost is a decimal as text."""

    input_tokens: int | None
    output_tokens: int | None
    cached_input_tokens: int | None
    cache_write_tokens: int | None
    total_tokens: int | None
    turn_count: int | None
    tool_call_count: int | None
    total_cost: str | None
    cost_currency: str | None

    @classmethod
    def of(cls, reported: object) -> "Usage":
        """The members of a report, in camelCase or in snake_case."""
        found = reported if isinstance(reported, dict) else {}
        return cls(
            input_tokens=_count(_member(found, "inputTokens")),
            output_tokens=_count(_member(found, "outputTokens")),
            cached_input_tokens=_count(_member(found, "cachedInputTokens")),
            cache_write_tokens=_count(_member(found, "cacheWriteTokens")),
            total_tokens=_count(_member(found, "totalTokens")),
            turn_count=_count(_member(found, "turnCount")),
            tool_call_count=_count(_member(found, "toolCallCount")),
            total_cost=_cost(_member(found, "totalCost")),
            cost_currency=_word(_member(found, "costCurrency")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Observability:
    """Which model did the work, with which skills, and what it used."""

    provider: str | None
    model_id: str | None
    trace_provider: str | None
    loaded_skill_slugs: tuple[str, ...]
    usage: Usage

    @classmethod
    def of(cls, reported: object) -> "Observability":
        """From what a worker reported as its usage."""
        found = reported if isinstance(reported, dict) else {}
        skills = _member(found, "loadedSkillSlugs")
        words = [_word(one) for one in skills[:SKILLS_MAX]] if isinstance(skills, list) else []
        return cls(
            provider=_word(_member(found, "provider")),
            model_id=_word(_member(found, "modelId")),
            trace_provider=_word(_member(found, "traceProvider")),
            loaded_skill_slugs=tuple(word for word in words if word is not None),
            usage=Usage.of(reported),
        )


def snake(name: str) -> str:
    """A member's name in snake_case."""
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)


def decimal_text(amount: Decimal) -> str:
    """An amount without an exponent."""
    return format(amount, "f")


def _member(found: Mapping[str, object], name: str) -> object:
    value = found.get(name)
    return found.get(snake(name)) if value is None else value


def _count(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    counts = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < COUNT_LIMIT
    return value if counts else None  # type: ignore[return-value]  # `counts` says that it is an int


def _cost(value: object) -> str | None:
    if isinstance(value, str):
        return value if COST_TEXT.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < COST_LIMIT:
        return None
    amount = Decimal(repr(value))
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -COST_PLACES_MAX:
        amount = amount.quantize(Decimal(1).scaleb(-COST_PLACES_MAX), rounding=ROUND_HALF_UP)
    return decimal_text(amount)


def _word(value: object) -> str | None:
    return value[:WORD_LENGTH_MAX] if isinstance(value, str) and value else None
