"""What the dashboard shows of single runs."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.tasks.dashboard import HealthStatus, warn_if
from app.storage.rows.task import RunRow, TaskRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveRunRow:
    """A run that has not ended, with its task; `age_ms` counts from when it entered its state."""

    run: RunRow
    task: TaskRow
    last_activity_at: datetime
    age_ms: int
    stuck: bool

    @property
    def health_status(self) -> HealthStatus:
        """`warn` for a stuck run."""
        return warn_if(self.stuck)
