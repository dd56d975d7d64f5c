"""The words of conversations: titles, where turns stand, and what an ended run says."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.conversation import (
    OPEN_TURNS,
    TITLE_LENGTH_MAX,
    TURN_OF_RUN,
    TurnStatus,
    answer_of,
    title_of,
    turn_status,
)
from app.domain.tasks.lease import LEASE_EXPIRED_ERROR
from app.domain.tasks.run_status import OPEN, RunStatus
from tests.domain.strategies import json_values

WORDS = st.text(min_size=1).filter(lambda text: bool(text.strip()))


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("Why?", "Why?"),
        ("  two\n\nlines\tand a tab ", "two lines and a tab"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 60 + "…"),
        ("a " * 30 + "tail", "a " * 29 + "a…"),
        ("x" * 57 + " yz tail", "x" * 57 + " yz…"),
        ("word " * 11 + "overlong", "word " * 10 + "word…"),
    ],
)
def test_a_title_is_the_first_words(content: str, title: str) -> None:
    assert title_of(content) == title


@given(WORDS)
def test_a_title_is_short_and_stands_at_the_beginning(content: str) -> None:
    title = title_of(content)
    assert 0 < len(title) <= TITLE_LENGTH_MAX + 1
    assert "\n" not in title
    assert " ".join(content.split()).startswith(title.removesuffix("…"))


def test_a_turn_is_open_exactly_while_its_run_is() -> None:
    assert set(TURN_OF_RUN) == set(RunStatus)
    for status in RunStatus:
        for unapproved in (False, True):
            assert (turn_status(status, unapproved=unapproved) in OPEN_TURNS) is (status in OPEN)
    assert turn_status(RunStatus.QUEUED, unapproved=True) is TurnStatus.AWAITING_APPROVAL
    assert turn_status(RunStatus.RUNNING, unapproved=True) is TurnStatus.RUNNING
    assert turn_status(None, unapproved=False) is TurnStatus.CANCELED


@given(json_values, st.none() | st.text())
def test_every_result_is_an_answer(result: object, transcript: str | None) -> None:
    answer = answer_of(RunStatus.COMPLETED, run_id="r", result=result, transcript=transcript, failure=None)
    assert (answer.canceled, answer.error) == (False, None)
    if isinstance(result, dict) and isinstance(result.get("content"), str):
        assert answer.content == result["content"]
    elif isinstance(result, str):
        assert answer.content == result
    elif transcript:
        assert answer.content == transcript
    else:
        assert answer.content == ("" if result is None else orjson.dumps(result).decode())


@pytest.mark.parametrize(
    ("status", "failure", "code", "canceled"),
    [
        (RunStatus.FAILED, "no model", "run_failed", False),
        (RunStatus.FAILED, None, "run_failed", False),
        (RunStatus.FAILED, LEASE_EXPIRED_ERROR, "lease_expired", False),
        (RunStatus.CANCELED, "unused", None, True),
        (None, None, None, True),
    ],
)
def test_without_an_end_well_the_answer_is_what_arrived(
    status: RunStatus | None, failure: str | None, code: str | None, canceled: bool
) -> None:
    answer = answer_of(status, run_id="r", result={"content": "no"}, transcript="so far", failure=failure)
    assert (answer.content, answer.raw_data, answer.canceled) == ("so far", None, canceled)
    assert (answer.error and answer.error.code) == code
    if answer.error is not None:
        assert (answer.error.reference_id, answer.error.retryable) == ("r", True)
        assert answer.error.description == (failure or "The agent gave no reason.")
