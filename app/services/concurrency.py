"""Limits of concurrency keys: how many runs that share a key are dispatched at once."""

from app.db.engine import Database
from app.domain.access.policy import Action, TenantWide, require
from app.domain.access.viewer import Viewer
from app.domain.tasks.dispatch import concurrency_limit
from app.domain.tasks.workspace_key import own_key
from app.services.admission import Admission
from app.storage import admission
from app.storage.admission import LimitRow


class ConcurrencyLimits:
    """The use case; a lower limit lets what is dispatched end, a higher one admits more at once."""

    def __init__(self, db: Database, waiting: Admission) -> None:
        self._db = db
        self._waiting = waiting

    async def set_limit(self, viewer: Viewer, key: str, limit: int) -> LimitRow:
        """How many runs of the key may be dispatched at once from now on."""
        whole = TenantWide(tenant_id=viewer.tenant_id)
        require(viewer, Action.WRITE, whole, what="tenant", id=viewer.tenant_id)
        checked = own_key(key, "key")
        assert checked is not None
        await admission.set_limit(self._db, viewer.tenant_id, checked, concurrency_limit(limit))
        self._waiting.look(viewer.tenant_id, [checked])
        (row,) = await admission.limits(self._db, viewer.tenant_id, only=checked)
        return row
