"""Keys of tasks that change workspaces: one a group, and none that a caller could have chosen."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadInput
from app.domain.tasks.workspace_key import is_workspace_key, own_key, shared_keys

PLACES = [UUID(int=at) for at in range(1, 8)]
TASKS = list("abcdefgh")


def test_tasks_that_change_one_workspace_share_a_key() -> None:
    first, second, third = PLACES[:3]
    changes = [("a", second), ("b", second), ("b", first), ("c", third)]
    assert shared_keys("abcd", changes) == {
        "a": f"workspace:{first}",
        "b": f"workspace:{first}",
        "c": f"workspace:{third}",
        "d": None,
    }


@given(st.sets(st.tuples(st.sampled_from(TASKS), st.sampled_from(PLACES))))
def test_keys_are_equal_exactly_where_tasks_hang_together(changes: set[tuple[str, UUID]]) -> None:
    together = {task: {task} for task in TASKS}
    for _ in TASKS:
        for one, place in changes:
            for other, same in changes:
                if place == same:
                    together[one] |= together[other]
                    together[other] |= together[one]
    for task in TASKS:
        for other in set(together[task]):
            together[task] |= together[other]
    found = shared_keys(TASKS, changes)
    changing = {task for task, _ in changes}
    assert {task for task, key in found.items() if key is not None} == changing
    for one in changing:
        for other in changing:
            assert (found[one] == found[other]) == (other in together[one])
        assert found[one] == f"workspace:{min(place for task, place in changes if task in together[one])}"


def test_the_order_of_bindings_decides_nothing() -> None:
    changes = [("a", PLACES[3]), ("b", PLACES[3]), ("b", PLACES[0]), ("c", PLACES[0])]
    assert shared_keys("abc", changes) == shared_keys("cba", reversed(changes))


def test_a_callers_key_is_none_of_ours() -> None:
    assert (own_key(" k ", "concurrencyKey"), own_key(None, "concurrencyKey")) == ("k", None)
    assert own_key("workspaces", "concurrencyKey") == "workspaces"
    with pytest.raises(BadInput) as refusal:
        own_key(" workspace:x", "concurrencyKey")
    assert refusal.value.field == "concurrencyKey"
    assert [is_workspace_key(key) for key in ("workspace:1", "k", None)] == [True, False, False]
