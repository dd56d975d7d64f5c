"""Problems can always be sent: whatever a caller wrote, what is said about it is plain text."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.problems import PROBLEMS_MAX, Problem, loc_key, refuse, shown
from tests.domain.strategies import relaxed


@relaxed
@given(st.text())
def test_any_text_can_be_shown_and_encoded(text: str) -> None:
    assert shown(text).encode()
    assert loc_key(text).encode() or text == ""
    assert len(loc_key(text)) <= 10 * 81 + 2


def test_an_ordinary_key_stays_as_it_is() -> None:
    assert loc_key("Größe") == "Größe"


def test_a_key_that_cannot_be_sent_is_escaped() -> None:
    assert loc_key("a\ud800") == "'a\\ud800'"


def test_a_refusal_is_bounded() -> None:
    problems = [Problem((index,), "code", "message") for index in range(PROBLEMS_MAX + 1)]
    assert refuse(problems).problems == tuple(problems[:PROBLEMS_MAX])
