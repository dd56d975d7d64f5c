"""The loaders of one operation: each batches the keys that sibling fields ask for into one statement."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.paging import Page
from app.loaders import (
    agent_sessions,
    cells,
    grid,
    runs,
    sharing,
    task_detail,
    task_list,
    tasks,
    threads,
    users,
    workspaces,
)
from app.loaders.batch import BatchLoader
from app.loaders.reader import Reader
from app.loaders.task_detail import Attention, TaskTree
from app.storage.rows.activity import ActivityRow
from app.storage.rows.cells import MutationRow
from app.storage.rows.grid import ArtifactRow, ArtifactVersionRow, BindingRow, TableRow, WorkspaceBindingRow
from app.storage.rows.identity import AgentSessionRow, UserRow
from app.storage.rows.run import ChannelRow, LineageRow, RunStepRow, StepPayload, TreeUsageRow
from app.storage.rows.share import ShareRow, TagRow
from app.storage.rows.task import RunReportRow, RunRow, TaskRow
from app.storage.rows.thread import AgentSpecRow, MessageRow, QuestionRow, ThreadRow, TurnRow
from app.storage.rows.workspace import ChartRow, WorkspaceRow

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Loaders:
    """Loaders by name; a loader remembers what it read, so these live as long as one operation."""

    def __init__(self, db: Database, viewer: Viewer) -> None:
        self.reader = Reader(db, viewer)

    def _loader(self, batch: Callable[[Reader, Sequence[Key]], Awaitable[list[Value]]]) -> BatchLoader[Key, Value]:
        async def load(keys: list[Key]) -> list[Value]:
            return await batch(self.reader, keys)

        return BatchLoader(load)

    def by_uuid(self) -> Sequence[BatchLoader[UUID, Any]]:
        """The loaders of everything that a UUID may name."""
        return (
            self.run_by_id,
            self.agent_session_by_id,
            self.user_by_id,
            self.workspace_by_id,
            self.table_by_id,
            self.chart_by_id,
            self.artifact_by_id,
            self.mutation_by_id,
            self.thread_by_id,
            self.turn_by_id,
            self.message_by_id,
            self.agent_spec_by_id,
        )

    @cached_property
    def task_by_id(self) -> BatchLoader[str, TaskRow | None]:
        """A task the viewer may see."""
        return self._loader(tasks.task_by_id)

    @cached_property
    def run_by_id(self) -> BatchLoader[UUID, RunRow | None]:
        """A run whose task the viewer may see."""
        return self._loader(tasks.run_by_id)

    @cached_property
    def runs_by_task(self) -> BatchLoader[str, list[RunRow]]:
        """The runs of a task, newest first."""
        return self._loader(tasks.runs_by_task)

    @cached_property
    def report_by_run(self) -> BatchLoader[UUID, RunReportRow | None]:
        """What a worker reported."""
        return self._loader(tasks.report_by_run)

    @cached_property
    def steps_by_run(self) -> BatchLoader[UUID, list[RunStepRow]]:
        """The steps of a run, in their order."""
        return self._loader(runs.steps_by_run)

    @cached_property
    def payload_by_step(self) -> BatchLoader[tuple[UUID, str], StepPayload | None]:
        """Input and output of a step."""
        return self._loader(runs.payload_by_step)

    @cached_property
    def lineage_by_run(self) -> BatchLoader[UUID, LineageRow]:
        """Where a run came from."""
        return self._loader(runs.lineage_by_run)

    @cached_property
    def parent_by_run(self) -> BatchLoader[UUID, RunRow | None]:
        """The run that brought a run about."""
        return self._loader(runs.parent_by_run)

    @cached_property
    def root_by_run(self) -> BatchLoader[UUID, RunRow | None]:
        """The first run of a tree."""
        return self._loader(runs.root_by_run)

    @cached_property
    def retried_by_run(self) -> BatchLoader[UUID, RunRow | None]:
        """The run that a run repeats."""
        return self._loader(runs.retried_by_run)

    @cached_property
    def children_by_run(self) -> BatchLoader[UUID, list[RunRow]]:
        """The runs that a run brought about, oldest first."""
        return self._loader(runs.children_by_run)

    @cached_property
    def tree_usage_by_run(self) -> BatchLoader[UUID, TreeUsageRow | None]:
        """What the tree of a run used."""
        return self._loader(runs.tree_usage_by_run)

    @cached_property
    def channel_by_run(self) -> BatchLoader[UUID, ChannelRow | None]:
        """The channel that a run is bound to."""
        return self._loader(runs.channel_by_run)

    @cached_property
    def artifacts_by_run(self) -> BatchLoader[UUID, list[ArtifactRow]]:
        """What a run made, oldest first."""
        return self._loader(runs.artifacts_by_run)

    @cached_property
    def held_by_session(self) -> BatchLoader[UUID, list[RunRow]]:
        """The runs that an agent session holds."""
        return self._loader(runs.held_by_session)

    @cached_property
    def tasks_by_workspace(self) -> BatchLoader[tuple[UUID, int], Page[TaskRow]]:
        """The first so many tasks of a workspace, newest first."""
        return self._loader(task_list.tasks_by_workspace)

    @cached_property
    def children_by_task(self) -> BatchLoader[str, list[TaskRow]]:
        """The children of a task, oldest first."""
        return self._loader(tasks.children_by_task)

    @cached_property
    def attention_by_task(self) -> BatchLoader[str, Attention | None]:
        """The latest activity of a task and what the viewer did with it."""
        return self._loader(task_detail.attention_by_task)

    @cached_property
    def tree_by_task(self) -> BatchLoader[str, TaskTree | None]:
        """A task with its descendants."""
        return self._loader(task_detail.tree_by_task)

    @cached_property
    def dependencies_by_task(self) -> BatchLoader[str, list[TaskRow]]:
        """The tasks that a task waits for."""
        return self._loader(task_detail.dependencies_by_task)

    @cached_property
    def dependents_by_task(self) -> BatchLoader[str, list[TaskRow]]:
        """The tasks that wait for a task."""
        return self._loader(task_detail.dependents_by_task)

    @cached_property
    def agent_session_by_id(self) -> BatchLoader[UUID, AgentSessionRow | None]:
        """An agent session the viewer may see."""
        return self._loader(agent_sessions.agent_session_by_id)

    @cached_property
    def workspace_by_id(self) -> BatchLoader[UUID, WorkspaceRow | None]:
        """A workspace the viewer may see."""
        return self._loader(workspaces.workspace_by_id)

    @cached_property
    def user_by_id(self) -> BatchLoader[UUID, UserRow | None]:
        """A user of the tenant."""
        return self._loader(users.user_by_id)

    @cached_property
    def shown_by_workspace(self) -> BatchLoader[UUID, TableRow | None]:
        """What a workspace shows: its copy or a live table."""
        return self._loader(grid.shown_by_workspace)

    @cached_property
    def charts_by_workspace(self) -> BatchLoader[UUID, list[ChartRow]]:
        """The charts of a workspace, in their order."""
        return self._loader(workspaces.charts_by_workspace)

    @cached_property
    def chart_by_id(self) -> BatchLoader[UUID, ChartRow | None]:
        """A chart the viewer may see."""
        return self._loader(workspaces.chart_by_id)

    @cached_property
    def bindings_by_workspace(self) -> BatchLoader[UUID, list[BindingRow]]:
        """The tasks bound to a workspace, oldest first."""
        return self._loader(workspaces.bindings_by_workspace)

    @cached_property
    def bindings_by_task(self) -> BatchLoader[str, list[WorkspaceBindingRow]]:
        """The workspaces that a task is bound to, oldest first."""
        return self._loader(workspaces.bindings_by_task)

    @cached_property
    def table_by_id(self) -> BatchLoader[UUID, TableRow | None]:
        """A live table the viewer may see."""
        return self._loader(grid.table_by_id)

    @cached_property
    def artifact_by_id(self) -> BatchLoader[UUID, ArtifactRow | None]:
        """An artifact the viewer may see."""
        return self._loader(grid.artifact_by_id)

    @cached_property
    def versions_by_artifact(self) -> BatchLoader[UUID, list[ArtifactVersionRow]]:
        """The versions of an artifact, newest first."""
        return self._loader(grid.versions_by_artifact)

    @cached_property
    def content_by_version(self) -> BatchLoader[UUID, object]:
        """The content of a version."""
        return self._loader(grid.content_by_version)

    @cached_property
    def mutation_by_id(self) -> BatchLoader[UUID, MutationRow | None]:
        """An edit of a cell in a workspace the viewer may see."""
        return self._loader(cells.mutation_by_id)

    @cached_property
    def share_by_workspace(self) -> BatchLoader[UUID, ShareRow | None]:
        """The share of a workspace, also where there is no record."""
        return self._loader(sharing.share_by_workspace)

    @cached_property
    def recipients_by_workspace(self) -> BatchLoader[UUID, list[UserRow]]:
        """Whom one's own workspace is shared with, or was, in order."""
        return self._loader(sharing.recipients_by_workspace)

    @cached_property
    def tag_by_id(self) -> BatchLoader[UUID, TagRow | None]:
        """A tag of the tenant."""
        return self._loader(sharing.tag_by_id)

    @cached_property
    def tags_by_workspace(self) -> BatchLoader[UUID, list[TagRow]]:
        """The tags of a workspace, in order."""
        return self._loader(sharing.tags_by_workspace)

    @cached_property
    def workspaces_by_tag(self) -> BatchLoader[tuple[UUID, int], list[WorkspaceRow]]:
        """The first so many workspaces that bear a tag."""
        return self._loader(sharing.workspaces_by_tag)

    @cached_property
    def activity_by_workspace(self) -> BatchLoader[tuple[UUID, int], list[ActivityRow]]:
        """The newest so many things that happened on a workspace."""
        return self._loader(sharing.activity_by_workspace)

    @cached_property
    def agent_spec_by_id(self) -> BatchLoader[UUID, AgentSpecRow | None]:
        """An agent of the tenant that answers in conversations."""
        return self._loader(threads.agent_spec_by_id)

    @cached_property
    def thread_by_id(self) -> BatchLoader[UUID, ThreadRow | None]:
        """A conversation of the viewer's own."""
        return self._loader(threads.thread_by_id)

    @cached_property
    def thread_by_run(self) -> BatchLoader[UUID, ThreadRow | None]:
        """The viewer's own conversation to which a run belongs."""
        return self._loader(threads.thread_by_run)

    @cached_property
    def threads_by_workspace(self) -> BatchLoader[threads.Pages, Page[ThreadRow]]:
        """A page of the viewer's own conversations on a workspace."""
        return self._loader(threads.threads_by_workspace)

    @cached_property
    def latest_turn_by_thread(self) -> BatchLoader[UUID, TurnRow | None]:
        """The newest turn of a conversation."""
        return self._loader(threads.latest_turn_by_thread)

    @cached_property
    def turn_by_id(self) -> BatchLoader[UUID, TurnRow | None]:
        """A turn of a conversation of the viewer's own."""
        return self._loader(threads.turn_by_id)

    @cached_property
    def turns_by_thread(self) -> BatchLoader[threads.TurnPages, Page[TurnRow]]:
        """A page of the turns of a conversation, newest first."""
        return self._loader(threads.turns_by_thread)

    @cached_property
    def message_by_id(self) -> BatchLoader[UUID, MessageRow | None]:
        """A message of a conversation of the viewer's own."""
        return self._loader(threads.message_by_id)

    @cached_property
    def message_by_turn(self) -> BatchLoader[UUID, MessageRow | None]:
        """The message that opened a turn."""
        return self._loader(threads.message_by_turn)

    @cached_property
    def messages_by_thread(self) -> BatchLoader[threads.Pages, Page[MessageRow]]:
        """A page of the messages of a conversation, newest first."""
        return self._loader(threads.messages_by_thread)

    @cached_property
    def last_event_by_run(self) -> BatchLoader[UUID, int | None]:
        """The sequence of the last event of a run."""
        return self._loader(threads.last_event_by_run)

    @cached_property
    def question_by_run(self) -> BatchLoader[UUID, QuestionRow | None]:
        """What a run is asked, for who asked it and for who is to answer."""
        return self._loader(threads.question_by_run)

    @cached_property
    def history_by_question(self) -> BatchLoader[tuple[QuestionRow, int], list[MessageRow]]:
        """What was said before a question, oldest first."""
        return self._loader(threads.history_by_question)
