"""Batched reads of what belongs to runs that were seen already."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.loaders.reader import Reader, grouped, in_key_order
from app.storage import agent_sessions, artifacts, channels, lineage, run_steps
from app.storage.rows.grid import ArtifactRow
from app.storage.rows.run import ChannelRow, LineageRow, RunStepRow, StepPayload, TreeUsageRow
from app.storage.rows.task import RunRow

CHILDREN_PER_RUN_MAX: Final = 100
ARTIFACTS_PER_RUN_MAX: Final = 100


async def steps_by_run(reader: Reader, run_ids: Sequence[UUID]) -> list[list[RunStepRow]]:
    """The steps of runs in their order."""
    rows = await run_steps.by_run(reader.db, reader.viewer.tenant_id, run_ids)
    return grouped(run_ids, ((row.run_id, row) for row in rows))


async def payload_by_step(reader: Reader, keys: Sequence[tuple[UUID, str]]) -> list[StepPayload | None]:
    """What went into steps and came out of them."""
    return in_key_order(keys, await run_steps.payloads(reader.db, reader.viewer.tenant_id, keys))


async def lineage_by_run(reader: Reader, run_ids: Sequence[UUID]) -> list[LineageRow]:
    """Where runs came from; a run of which nothing is known is its own root."""
    found = {row.run_id: row for row in await lineage.by_run(reader.db, reader.viewer.tenant_id, run_ids)}
    return [found.get(id) or LineageRow.alone(id) for id in run_ids]


async def parent_by_run(reader: Reader, run_ids: Sequence[UUID]) -> list[RunRow | None]:
    """The runs that brought runs about, as far as the viewer may see them."""
    viewer = reader.viewer
    return in_key_order(run_ids, await lineage.parents(reader.db, viewer.tenant_id, viewer.user_id, run_ids))


async def root_by_run(reader: Reader, run_ids: Sequence[UUID]) -> list[RunRow | None]:
    """The first runs of the trees, as far as the viewer may see them."""
    viewer = reader.viewer
    return in_key_order(run_ids, await lineage.roots(reader.db, viewer.tenant_id, viewer.user_id, run_ids))


async def retried_by_run(reader: Reader, run_ids: Sequence[UUID]) -> list[RunRow | None]:
    """The runs that runs repeat, as far as the viewer may see them."""
    viewer = reader.viewer
    return in_key_order(run_ids, await lineage.retried(reader.db, viewer.tenant_id, viewer.user_id, run_ids))


async def children_by_run(reader: Reader, run_ids: Sequence[UUID]) -> list[list[RunRow]]:
    """The runs that runs brought about, as far as the viewer may see them, oldest first."""
    viewer = reader.viewer
    found = await lineage.children(reader.db, viewer.tenant_id, viewer.user_id, run_ids, most=CHILDREN_PER_RUN_MAX)
    return grouped(run_ids, found)


async def tree_usage_by_run(reader: Reader, run_ids: Sequence[UUID]) -> list[TreeUsageRow | None]:
    """What the trees of runs used, as far as the viewer may see them."""
    viewer = reader.viewer
    return in_key_order(run_ids, await lineage.tree_usage(reader.db, viewer.tenant_id, viewer.user_id, run_ids))


async def channel_by_run(reader: Reader, run_ids: Sequence[UUID]) -> list[ChannelRow | None]:
    """The channels that runs are bound to."""
    rows = await channels.by_run(reader.db, reader.viewer.tenant_id, run_ids)
    return in_key_order(run_ids, ((row.run_id, row) for row in rows))


async def artifacts_by_run(reader: Reader, run_ids: Sequence[UUID]) -> list[list[ArtifactRow]]:
    """What runs made, as far as the viewer may see it, oldest first."""
    viewer = reader.viewer
    found = await artifacts.visible_by_run(
        reader.db, viewer.tenant_id, viewer.user_id, run_ids, most=ARTIFACTS_PER_RUN_MAX
    )
    return grouped(run_ids, found)


async def held_by_session(reader: Reader, session_ids: Sequence[UUID]) -> list[list[RunRow]]:
    """The runs that agent sessions hold, as far as the viewer may see them, in the order of their claims."""
    viewer = reader.viewer
    rows = await agent_sessions.held(reader.db, viewer.tenant_id, viewer.user_id, session_ids)
    return grouped(session_ids, ((row.agent_session_id, row) for row in rows if row.agent_session_id is not None))
