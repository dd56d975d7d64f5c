"""What belongs to runs: lineage, channels, artifacts and sums, as far as the viewer may see them."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.tasks.channels import CoordinationMessageKind
from app.domain.tasks.usage import Usage
from app.loaders import runs
from app.loaders.reader import Reader
from app.services.registry import Services
from app.storage.statements import composed
from tests.services.test_leases import queued
from tests.support.grid import make_empty, make_task, share, unshare
from tests.support.kin import bind, descend, make_artifact, used

NOBODY = UUID(int=7)


async def queued_in(services: Services, viewer: Viewer, workspace_id: UUID) -> UUID:
    """A run of a workspace."""
    task_id = await make_task(services, viewer, workspace_id=workspace_id)
    return (await services.tasks.enqueue(viewer, task_id, action="start")).run.id


async def ids(services: Services, viewer: Viewer, count: int) -> list[UUID]:
    """So many global runs."""
    return [run.id for run in await queued(services, viewer, count)]


def shown(rows: list[Any]) -> list[Any]:
    """The ids of rows, or of lists of rows."""
    return [[one.id for one in row] if isinstance(row, list) else row and row.id for row in rows]


async def test_a_run_without_lineage_is_its_own_root(db: Database, services: Services, viewer: Viewer) -> None:
    (run,) = await ids(services, viewer, 1)
    reader = Reader(db, viewer)
    alone, unknown = await runs.lineage_by_run(reader, [run, NOBODY])
    assert (alone.parent_run_id, alone.root_run_id, alone.depth, alone.triggered_by, alone.trigger_ref) == (
        None,
        run,
        0,
        "api",
        None,
    )
    assert unknown.root_run_id == NOBODY
    assert shown(await runs.root_by_run(reader, [run, NOBODY])) == [run, None]
    assert shown(await runs.parent_by_run(reader, [run, NOBODY])) == [None, None]
    assert shown(await runs.retried_by_run(reader, [run, NOBODY])) == [None, None]
    assert shown(await runs.children_by_run(reader, [run, NOBODY])) == [[], []]


async def test_a_tree_is_walked_from_both_ends(db: Database, services: Services, viewer: Viewer) -> None:
    root, one, two, leaf = await ids(services, viewer, 4)
    await descend(db, viewer, one, root, trigger_ref=str(root))
    await descend(db, viewer, two, root, retry_of=one)
    await descend(db, viewer, leaf, two, root, depth=2, triggered_by="chat")
    reader, all_four = Reader(db, viewer), [leaf, root, two, one]
    assert shown(await runs.parent_by_run(reader, all_four)) == [two, None, root, root]
    assert shown(await runs.root_by_run(reader, all_four)) == [root] * 4
    assert shown(await runs.children_by_run(reader, all_four)) == [[], sorted([one, two]), [leaf], []]
    assert shown(await runs.retried_by_run(reader, all_four)) == [None, None, one, None]
    found = await runs.lineage_by_run(reader, all_four)
    assert [(row.depth, row.triggered_by, row.trigger_ref) for row in found] == [
        (2, "chat", None),
        (0, "api", None),
        (1, "run", None),
        (1, "run", str(root)),
    ]


async def test_of_many_children_the_first_are_shown(
    db: Database, services: Services, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "CHILDREN_PER_RUN_MAX", 2)
    root, *children = await ids(services, viewer, 4)
    for child in children:
        await descend(db, viewer, child, root)
    assert shown(await runs.children_by_run(Reader(db, viewer), [root])) == [sorted(children)[:2]]


async def test_relatives_are_seen_by_whom_their_workspace_is_shared_with(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    place = await make_empty(services, viewer)
    secret = await queued_in(services, viewer, place.id)
    parent, child = await ids(services, viewer, 2)
    await descend(db, viewer, secret, parent, retry_of=parent)
    await descend(db, viewer, child, secret, parent, depth=2, retry_of=secret)
    hidden = await make_artifact(db, viewer, child, workspace_id=place.id)
    plain = await make_artifact(db, viewer, child)
    for run, tokens in ((parent, 1), (secret, 10), (child, 100)):
        await used(db, viewer, run, {"inputTokens": tokens})

    async def sight(who: Viewer) -> tuple[Any, ...]:
        reader = Reader(db, who)
        (usage,) = await runs.tree_usage_by_run(reader, [child])
        return (
            *shown(await runs.parent_by_run(reader, [child])),
            *shown(await runs.retried_by_run(reader, [child])),
            *shown(await runs.children_by_run(reader, [parent])),
            *shown(await runs.root_by_run(reader, [child])),
            *shown(await runs.artifacts_by_run(reader, [child])),
            usage and (usage.run_count, usage.input_tokens),
        )

    everything: tuple[Any, ...] = (secret, secret, [secret], parent, [hidden, plain], (3, 111))
    without: tuple[Any, ...] = (None, None, [], parent, [plain], (2, 101))
    assert await sight(viewer) == everything
    assert await sight(colleague) == without
    assert await sight(outsider) == (None, None, [], None, [], None)
    await share(db, viewer, place.id, colleague)
    assert await sight(colleague) == everything
    await unshare(db, place.id)
    assert await sight(colleague) == without


async def test_a_root_that_one_may_not_see_is_no_root(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    place = await make_empty(services, viewer)
    root = await queued_in(services, viewer, place.id)
    (child,) = await ids(services, viewer, 1)
    await descend(db, viewer, child, root)
    assert shown(await runs.root_by_run(Reader(db, colleague), [child])) == [None]
    assert shown(await runs.root_by_run(Reader(db, viewer), [child])) == [root]


async def test_a_channel_tells_of_the_run_that_is_asked_for(db: Database, services: Services, viewer: Viewer) -> None:
    here, there = await make_empty(services, viewer), await make_empty(services, viewer)
    first, second = await queued_in(services, viewer, here.id), await queued_in(services, viewer, here.id)
    other = await queued_in(services, viewer, there.id)
    (plain,) = await ids(services, viewer, 1)
    await bind(db, viewer, first, "crew", {"workflow_id": "w-1"})
    await bind(db, viewer, second, "crew", {"workflow_id": 5})
    await bind(db, viewer, other, "crew", ["workflow_id"])
    found = await runs.channel_by_run(Reader(db, viewer), [first, plain, other, second])
    assert found[1] is None
    assert [row and (row.run_id, row.workspace_id, row.workflow_id) for row in found] == [
        (first, here.id, "w-1"),
        None,
        (other, there.id, None),
        (second, here.id, None),
    ]
    channel = found[0]
    assert channel is not None
    assert (channel.id, channel.channel, channel.display_name, channel.purpose) == (
        "crew",
        "crew",
        "crew",
        "task_run_coordination",
    )
    assert channel.allowed_message_kinds == tuple(CoordinationMessageKind)
    assert len(channel.allowed_message_kinds) == 7


async def test_what_a_tree_used_is_summed_once_for_all_of_its_runs(
    db: Database, services: Services, viewer: Viewer
) -> None:
    root, one, two, apart, silent = await ids(services, viewer, 5)
    await descend(db, viewer, one, root)
    await descend(db, viewer, two, one, root, depth=2)
    await used(db, viewer, root, {"inputTokens": 5, "outputTokens": 1, "totalCost": "0.10"})
    await used(db, viewer, one, {"input_tokens": 7, "cachedInputTokens": 3, "total_cost": 0.2})
    await used(db, viewer, two, {"inputTokens": -1, "outputTokens": "many", "totalCost": "dear"})
    await used(db, viewer, apart, {"cacheWriteTokens": 2**63 - 1})
    before = db.statements
    found = await runs.tree_usage_by_run(Reader(db, viewer), [two, root, apart, silent, one, NOBODY])
    assert db.statements - before == 1
    tree = (3, 12, 1, 3, None, "0.30")
    assert [
        row
        and (
            row.run_count,
            row.input_tokens,
            row.output_tokens,
            row.cached_input_tokens,
            row.cache_write_tokens,
            row.total_cost,
        )
        for row in found
    ] == [tree, tree, (1, None, None, None, 2**63 - 1, None), (1, None, None, None, None, None), tree, None]


STORED = composed("SELECT p.usage FROM run_reports p WHERE p.run_id = ANY (CAST(:run_ids AS uuid[]))")
NUMBER = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(0, 10),
    st.sampled_from(["1.5", "0", "1e3", "-1", "", "0.1234567890123", "９", "1\n", 5.0, 1e15, 999999999999999, 1e-13]),
    st.booleans(),
    st.none(),
    st.just([]),
    st.just({"a": 1}),
)
MEMBERS = st.dictionaries(
    st.sampled_from(
        [
            *("inputTokens", "input_tokens", "outputTokens", "output_tokens", "cachedInputTokens"),
            *("cache_write_tokens", "totalCost", "total_cost"),
        ]
    ),
    NUMBER,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reported=st.lists(MEMBERS | NUMBER, min_size=1, max_size=4))
async def test_sums_in_sql_agree_with_what_one_run_tells(
    db: Database, services: Services, viewer: Viewer, reported: list[object]
) -> None:
    root, *others = await ids(services, viewer, len(reported))
    for run, said in zip([root, *others], reported, strict=True):
        await used(db, viewer, run, said)
    for run in others:
        await descend(db, viewer, run, root)
    (found,) = await runs.tree_usage_by_run(Reader(db, viewer), [root])
    assert found is not None
    # As the reports are stored: a large number without a fraction comes back as a whole one.
    stored = await db.fetch(STORED, run_ids=[root, *others])
    told = [Usage.of(row["usage"]) for row in stored]
    for name in ("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_tokens"):
        amounts = [amount for one in told if (amount := getattr(one, name)) is not None]
        assert getattr(found, name) == (sum(amounts) if amounts else None)
    costs = [Decimal(one.total_cost) for one in told if one.total_cost is not None]
    assert (None if found.total_cost is None else Decimal(found.total_cost)) == (sum(costs) if costs else None)


async def test_made_things_are_shown_oldest_first_and_not_without_end(
    db: Database, services: Services, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await ids(services, viewer, 2)
    made = [await make_artifact(db, viewer, one, f"{at}") for at in range(3)]
    other = await make_artifact(db, viewer, two)
    reader = Reader(db, viewer)
    assert shown(await runs.artifacts_by_run(reader, [two, one])) == [[other], made]
    monkeypatch.setattr(runs, "ARTIFACTS_PER_RUN_MAX", 2)
    assert shown(await runs.artifacts_by_run(reader, [one])) == [made[:2]]
