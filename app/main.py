"""The only place that wires things together: settings in, a running application out."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog
from starlette.applications import Starlette

from app.clock import utc_now
from app.db.embedded import EmbeddedPostgres
from app.db.engine import LANES, Database, Lane
from app.db.migrate import migrate, outdated_revisions
from app.domain.errors import ServiceUnavailable, TaskloomError
from app.events.bell import Bell, broadcast_for
from app.events.hub import Hub
from app.events.rights import CHECK_SECONDS
from app.events.streams import Streams
from app.events.tailer import Tailer
from app.graph.engine.executor import Executor
from app.graph.engine.live import LiveOperations
from app.observability.metrics import Metrics
from app.resolvers.root import build_schema
from app.runtime.loop import Loop
from app.runtime.reaper import Reaper
from app.runtime.retention import Retention
from app.services.access import Access
from app.services.admission import Admission
from app.services.agent_sessions import AgentSessions
from app.services.artifacts import Artifacts
from app.services.auth import Authentication
from app.services.cells import Cells
from app.services.charts import Charts
from app.services.concurrency import ConcurrencyLimits
from app.services.consequences import Consequences
from app.services.dead_letters import DeadLetterOffice
from app.services.fair_turns import FairTurns
from app.services.forced import ForcedMoves
from app.services.identity import Identity
from app.services.imports import FileImports
from app.services.leases import LeaseLedger
from app.services.pauses import Pauses
from app.services.registry import Services
from app.services.row_files import BYTES_MAX, RowFiles
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
from app.services.workspace_turns import WorkspaceTurns
from app.services.workspaces import Workspaces
from app.settings import Profile, Settings
from app.storage import events, partitions, schema_version
from app.web.graphql.persisted import PersistedDocuments
from app.web.health import STALE_SECONDS_MAX, Health
from app.web.site import build_site
from app.web.state import WebState

log = structlog.get_logger(__name__)

KEY_FILE: Final = "owner-key"
NO_TENANT: Final = UUID(int=0)


@dataclass(slots=True, kw_only=True)
class Storage:
    """The database of a process: the embedded server, if there is one, and the pools."""

    embedded: EmbeddedPostgres | None
    db: Database

    @classmethod
    async def open(cls, settings: Settings) -> "Storage":
        """Start or join the server, bring the schema up to date, open the pools."""
        embedded = None
        dsn = settings.database_url
        if dsn is None:
            embedded = await asyncio.to_thread(
                EmbeddedPostgres.start, settings.data_dir / "postgres", pg_bin=settings.pg_bin
            )
            dsn = embedded.dsn
        before, after = await migrate(dsn)
        if before != after:
            log.info("database.migrated", before=before, after=after)
        db = Database(dsn)
        await db.open()
        try:
            await partitions.ensure(db, utc_now())
        except ServiceUnavailable as problem:
            # Events without a partition of their own are kept in the rest; the loop tries again.
            log.warning("partitions.not_made", reason=problem.message)
        return cls(embedded=embedded, db=db)

    async def close(self) -> None:
        """Close the pools and leave the embedded server; may be called twice."""
        await self.db.close()
        if self.embedded is not None:
            await asyncio.to_thread(self.embedded.stop)

    async def revive(self) -> None:
        """Start the embedded server again if it died."""
        if self.embedded is not None and await asyncio.to_thread(self.embedded.ensure_running):
            log.warning("database.restarted")


def build_services(db: Database, *, import_bytes_max: int = BYTES_MAX) -> Services:
    """Every use case on one database."""
    access = Access(db)
    auth = Authentication(db)
    sessions = AgentSessions(db, access, utc_now)
    consequences = Consequences(utc_now, Admission(db))
    turns = FairTurns(LANES[Lane.LEASES].connections_max)
    workspace_turns = WorkspaceTurns(consequences.admission)
    tasks = Tasks(db, access, utc_now, consequences, turns)
    forced = ForcedMoves(db, access, tasks, consequences)
    tables = Tables(db, access, utc_now)
    return Services(
        db=db,
        access=access,
        auth=auth,
        identity=Identity(db, auth, utc_now),
        agent_sessions=sessions,
        tasks=tasks,
        task_graph=TaskGraph(db, access, tasks, consequences),
        task_changes=TaskChanges(db, access, consequences),
        run_operations=RunOperations(db, access, consequences),
        leases=LeaseLedger(db, sessions, consequences, turns),
        admission=consequences.admission,
        forced=forced,
        dead_letters=DeadLetterOffice(db, access, tasks),
        concurrency=ConcurrencyLimits(db, consequences.admission),
        pauses=Pauses(db, access, forced, consequences.admission),
        triage=TriageDesk(db),
        tables=tables,
        imports=FileImports(db, tables),
        row_files=RowFiles(db, tables, bytes_max=import_bytes_max),
        artifacts=Artifacts(db, access, tables, utc_now),
        workspaces=Workspaces(db, access, utc_now, workspace_turns),
        workspace_life=WorkspaceLife(db, access, workspace_turns),
        shares=Shares(db, access, utc_now),
        tags=Tags(db, access, utc_now),
        threads=Threads(db, access, utc_now, consequences),
        charts=Charts(db, access, utc_now),
        cells=Cells(db, access, utc_now),
    )


class App:
    """One server process: started once, stopped once."""

    def __init__(self, settings: Settings, storage: Storage) -> None:
        self.settings = settings
        self.storage = storage
        self.db = storage.db
        self.services = build_services(self.db, import_bytes_max=settings.import_bytes_max)
        self.metrics = Metrics()
        self.hub = Hub()
        self.bell = Bell(broadcast_for(settings.broadcast_url, self.db, settings.listen_dsn))
        self.db.on_commit(self.bell.ring)
        self.tailer = Tailer(self.db, self.hub, self.bell)
        development = settings.profile is Profile.DEVELOPMENT
        schema = build_schema(suggestions=development)
        executor = Executor(schema, suggestions=development, planned=settings.planned)
        streams = Streams(self.db, self.hub)
        self.services.triage.on_mark(streams.views.touch)
        self.tailer.rights.on_change(streams.views.touch_all)
        self.web = WebState(
            services=self.services,
            streams=streams,
            executor=executor,
            live=LiveOperations(executor),
            graphiql=development,
            origins=settings.cors_origins,
            persisted=PersistedDocuments(settings.trusted_documents, only=settings.trusted_only),
        )
        warn_of_refused(executor, settings.trusted_documents)
        self.metrics.read(self._gauges)
        self._outdated = outdated_revisions()
        checks = {"database": self._database, "migrations": self._migrations, "stream": self._stream}
        health = Health(checks=checks, metrics=self.metrics)
        self.asgi: Starlette = build_site(schema, self.web, health, self.metrics)
        self._loops = [
            Loop("reaper", 1.0, Reaper(self.db, self.metrics, self.services.admission).run_once),
            Loop("admission", 1.0, self.services.admission.run_once),
            Loop("rights", CHECK_SECONDS, self.tailer.rights.run_once),
            Loop("key-use", 30.0, self.services.auth.note_use),
            Loop("retention", 3_600.0, Retention(self.db, utc_now, settings.event_retention_days).run_once),
            Loop("partitions", 3_600.0, lambda: partitions.ensure(self.db, utc_now())),
            Loop("embedded", 1.0, storage.revive),
        ]

    async def start(self) -> None:
        """Begin to listen to the log and to do the background duties."""
        await self.bell.start()
        await self.tailer.start()
        for loop in self._loops:
            await loop.start()

    async def stop(self) -> None:
        """End what runs in the background and write down what was asked; may be called twice."""
        self.web.stopping.set()
        for loop in self._loops:
            await loop.stop()
        await self.services.idle()
        await self.tailer.stop()
        await self.bell.stop()
        await self.storage.close()

    async def first_key(self) -> str | None:
        """The key to print: the bootstrap key if it opens anything, or the one kept since the first start."""
        given = self.settings.bootstrap_key
        made = await self.services.identity.bootstrap(given)
        kept = self.settings.data_dir / KEY_FILE
        if given is not None:
            if await self._opens(given):
                return given
            log.warning("bootstrap_key.ignored", reason="there are users already, and it is the key of none")
        elif made is not None:
            await asyncio.to_thread(keep_secret, kept, str(made))
            return str(made)
        return await asyncio.to_thread(read_secret, kept)

    async def _opens(self, key: str) -> bool:
        try:
            return await self.services.auth.viewer(api_key=key) is not None
        except TaskloomError:
            return False

    async def _database(self) -> str | None:
        try:
            await events.bounds(self.db, NO_TENANT)
        except TaskloomError as problem:
            return problem.message
        return None

    async def _migrations(self) -> str | None:
        try:
            found = await schema_version.revision(self.db)
        except TaskloomError as problem:
            return problem.message
        behind = found is None or found in self._outdated
        return f"The schema stands at {found}; run `taskloom migrate`." if behind else None

    async def _stream(self) -> str | None:
        stale = self.tailer.stale_seconds
        return f"The log was read {stale:.0f} s ago." if stale > STALE_SECONDS_MAX else None

    def _gauges(self) -> Iterable[tuple[str, str, dict[str, str], float]]:
        yield "taskloom_subscribers", "Streams open in this process.", {}, self.hub.subscribers
        yield "taskloom_events_offered", "Events handed to subscribers since the start.", {}, self.hub.delivered
        yield "taskloom_tailer_stale_seconds", "Time since the log was read.", {}, self.tailer.stale_seconds
        for lane, (size, idle) in self.db.sizes().items():
            yield "taskloom_db_connections", "Open connections.", {"lane": lane, "state": "idle"}, idle
            yield "taskloom_db_connections", "Open connections.", {"lane": lane, "state": "busy"}, size - idle


def warn_of_refused(executor: Executor, documents: Mapping[str, str]) -> None:
    """Say which trusted documents will not run, before a client finds out."""
    for key, text in documents.items():
        for error in executor.documents.get(text).errors[:1]:
            log.warning("trusted_document.refused", key=key[:80], reason=error.message)


def keep_secret(path: Path, secret: str) -> None:
    """Write a secret that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)
    path.chmod(0o600)
    path.write_text(secret + "\n", encoding="utf-8")


def read_secret(path: Path) -> str | None:
    """The secret that was kept, if there is one."""
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


async def open_app(settings: Settings) -> App:
    """The application on an open database; whoever opened it starts and stops it."""
    return App(settings, await Storage.open(settings))
