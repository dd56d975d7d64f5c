"""Lease rules: lengths, and what a worker may not report."""

import pytest

from app.domain.errors import BadInput
from app.domain.tasks.lease import LEASE_SECONDS_DEFAULT, LEASE_SECONDS_MAX, lease_seconds, refuse_claim_token


@pytest.mark.parametrize(
    ("asked", "given"),
    [(None, LEASE_SECONDS_DEFAULT), (0, LEASE_SECONDS_DEFAULT), (1, 1), (LEASE_SECONDS_MAX, LEASE_SECONDS_MAX)],
)
def test_a_lease_has_its_asked_or_its_default_length(asked: int | None, given: int) -> None:
    assert lease_seconds(asked) == given


@pytest.mark.parametrize("asked", [-1, LEASE_SECONDS_MAX + 1])
def test_a_lease_outside_its_bounds_is_refused_with_its_field(asked: int) -> None:
    with pytest.raises(BadInput, match=f"leaseSeconds is {asked}; give 1 to 86400") as told:
        lease_seconds(asked)
    assert told.value.field == "leaseSeconds"


@pytest.mark.parametrize(
    "value",
    [{"claim_token": 1}, {"CLAIM_Token": None}, [{"a": [{"claim_token": 1}]}], {"a": {"b": {"claim_token": 1}}}],
)
def test_a_claim_token_is_refused_at_any_depth(value: object) -> None:
    with pytest.raises(BadInput, match="result holds the key claim_token"):
        refuse_claim_token(value, "result")


@pytest.mark.parametrize(
    "value", [None, 1, "claim_token", ["claim_token"], {"token": "claim_token"}, {"claim_tokens": 1}]
)
def test_only_the_key_itself_is_refused(value: object) -> None:
    refuse_claim_token(value, "result")


def test_nesting_deeper_than_the_stack_is_walked_through() -> None:
    value: object = {"claim_token": 1}
    for _ in range(20_000):
        value = [value]
    with pytest.raises(BadInput):
        refuse_claim_token(value, "result")
