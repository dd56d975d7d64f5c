"""The reaper: takes runs from holders whose lease has ended. Runs in every process; safe to run twice."""

import structlog

from app.db.engine import Database
from app.domain.tasks.lease import REAPER_BATCH
from app.observability.metrics import Metrics
from app.services.admission import Admission
from app.storage import leases

log = structlog.get_logger(__name__)


class Reaper:
    """One sweep over all tenants that have something late."""

    def __init__(self, db: Database, metrics: Metrics, admission: Admission) -> None:
        self._db = db
        self._metrics = metrics
        self._admission = admission

    async def run_once(self) -> int:
        """Returns how many runs were taken."""
        taken = 0
        for tenant_id in await leases.tenants_with_late_leases(self._db):
            while True:
                late = await leases.expire(self._db, tenant_id, most=REAPER_BATCH)
                taken += len(late)
                self._admission.nudge(tenant_id, late)
                for run in late:
                    log.info("lease.expired", run_id=str(run.id), status=run.status.value, attempt=run.attempt)
                if len(late) < REAPER_BATCH:
                    break
        self._metrics.leases_expired.inc(taken)
        return taken
