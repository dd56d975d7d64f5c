"""The statement that records where a new run came from."""

from typing import Final
from uuid import UUID

from app.db.tx import Tx
from app.domain.tasks.lineage import DEPTH_MAX, Lineage
from app.storage.statements import load

RECORD: Final = load("record_lineage")


async def record(tx: Tx, tenant_id: UUID, run_id: UUID, lineage: Lineage) -> bool:
    """Whether it was recorded; False means that runs would nest too deeply."""
    rows = await tx.fetch(
        RECORD,
        tenant_id=tenant_id,
        run_id=run_id,
        parent_run_id=lineage.parent_run_id,
        retry_of=lineage.retry_of,
        thread_id=lineage.thread_id,
        triggered_by=lineage.trigger.value,
        trigger_ref=lineage.trigger_ref,
        depth_max=DEPTH_MAX,
    )
    return bool(rows)
