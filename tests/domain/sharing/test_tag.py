"""What tags may be called, and what they are compared by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadInput
from app.domain.ids import parse_uuid
from app.domain.sharing.tag import NO_TAG, TAGS_MAX, TagMatch, tag_attributes, tag_filter, tag_name, tag_slug

ID = "01900000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Finance", "finance"),
        (" Q3 / Plan ", "q3-plan"),
        ("Zürich", "zurich"),
        ("日本", "wgv71a"),
        ("МОСКВА", tag_slug("москва")),
    ],
)
def test_a_slug_is_lower_case_ascii(name: str, slug: str) -> None:
    assert tag_slug(tag_name(name, "name")) == slug


@given(st.text(max_size=80))
def test_whatever_is_a_name_has_a_slug(text: str) -> None:
    try:
        name = tag_name(text, "name")
    except BadInput:
        return
    found = tag_slug(name)
    assert found
    assert (found, found.isascii()) == (found.lower().strip("-"), True)


@pytest.mark.parametrize("name", ["", "  ", "!!", "x" * 65, "a\0", "\ud800", "-", "😀"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(BadInput):
        tag_name(name, "name")


@pytest.mark.parametrize("given_", [[], "x", 5, {"a": "x" * 17_000}, {"a": "\0"}])
def test_attributes_are_a_bounded_object(given_: object) -> None:
    with pytest.raises(BadInput):
        tag_attributes(given_)
    assert (tag_attributes(None), tag_attributes({"a": 1})) == ("{}", '{"a":1}')


def test_names_and_ids_are_one_set() -> None:
    found = tag_filter(["Finance", "FINANCE", "\0"], [ID, "nonsense", ID], TagMatch.ALL)
    assert (found.slugs, found.ids) == (("finance", ""), (parse_uuid(ID), NO_TAG))
    assert not tag_filter(None, [], TagMatch.ALL)
    with pytest.raises(BadInput):
        tag_filter(["x"] * TAGS_MAX, [ID], TagMatch.ANY)
