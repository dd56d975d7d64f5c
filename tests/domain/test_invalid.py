"""One error that carries every problem."""

import pytest

from app.domain.invalid import InvalidInput, accepted, field_of, require_sound
from app.domain.problems import Problem, refuse

FIRST = Problem(("rows", 17, "temp"), "int_type", "Give an integer.")
SECOND = Problem((), "missing", "Nothing there.")


def test_an_error_tells_the_first_problem_and_counts_the_others() -> None:
    assert InvalidInput([FIRST]).message == "Give an integer."
    both = InvalidInput([FIRST, SECOND, SECOND])
    assert (both.message, both.field, both.code) == (
        "Give an integer. (2 more problems)",
        "rows.17.temp",
        "BAD_USER_INPUT",
    )
    assert both.facts["problems"] == [
        {"field": "rows.17.temp", "code": "int_type", "message": "Give an integer."},
        {"field": None, "code": "missing", "message": "Nothing there."},
        {"field": None, "code": "missing", "message": "Nothing there."},
    ]


def test_a_value_passes_and_a_refusal_is_raised() -> None:
    assert accepted(5) == 5
    require_sound([])
    with pytest.raises(InvalidInput):
        accepted(refuse([FIRST]))
    with pytest.raises(InvalidInput):
        require_sound([FIRST])


def test_the_whole_input_has_no_field() -> None:
    assert (field_of(()), field_of(("a", 0))) == (None, "a.0")
