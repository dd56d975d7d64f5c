"""Slugs are lower-case ASCII words joined by hyphens."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.slug import slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Sum it up!", "sum-it-up"), ("  Ünïcode  Näme ", "unicode-name"), ("名前", ""), ("a_b.c", "a-b-c"), ("", "")],
)
def test_a_slug_is_what_people_expect(text: str, expected: str) -> None:
    assert slug(text) == expected


@given(text=st.text())
def test_a_slug_is_its_own_slug(text: str) -> None:
    found = slug(text)
    assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", found)
    assert slug(found) == found
