"""The use cases of one process, built in `main` and handed on."""

from dataclasses import dataclass

from app.db.engine import Database
from app.services.access import Access
from app.services.admission import Admission
from app.services.agent_sessions import AgentSessions
from app.services.artifacts import Artifacts
from app.services.auth import Authentication
from app.services.cells import Cells
from app.services.charts import Charts
from app.services.concurrency import ConcurrencyLimits
from app.services.dead_letters import DeadLetterOffice
from app.services.forced import ForcedMoves
from app.services.identity import Identity
from app.services.imports import FileImports
from app.services.leases import LeaseLedger
from app.services.pauses import Pauses
from app.services.row_files import RowFiles
from app.services.run_operations import RunOperations
from app.services.shares import Shares
from app.services.tables import Tables
from app.services.tags import Tags
from app.services.task_changes import TaskChanges
from app.services.task_graph import TaskGraph
from app.services.tasks import Tasks
from app.services.threads import Threads
from app.services.triage import TriageDesk
from app.services.workspace_life import WorkspaceLife
from app.services.workspaces import Workspaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Every use case, by noun."""

    db: Database
    access: Access
    auth: Authentication
    identity: Identity
    agent_sessions: AgentSessions
    tasks: Tasks
    task_graph: TaskGraph
    task_changes: TaskChanges
    run_operations: RunOperations
    leases: LeaseLedger
    admission: Admission
    forced: ForcedMoves
    pauses: Pauses
    dead_letters: DeadLetterOffice
    concurrency: ConcurrencyLimits
    triage: TriageDesk
    tables: Tables
    imports: FileImports
    row_files: RowFiles
    artifacts: Artifacts
    workspaces: Workspaces
    workspace_life: WorkspaceLife
    shares: Shares
    tags: Tags
    threads: Threads
    charts: Charts
    cells: Cells

    async def idle(self) -> None:
        """Wait until every statement that callers asked for has ended."""
        await self.tasks.idle()
        await self.leases.idle()
        await self.admission.idle()
