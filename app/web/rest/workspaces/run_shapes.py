"""What the workspaces API sends of a run."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.web.rest.shape import Json
from app.web.rest.workspaces.shapes import TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStep:
    """A step of a run."""

    id: UUID
    sequence: int
    step_key: str | None
    source_type: str | None
    status: str
    tool_name: str | None
    tool_call_id: str | None
    input: Json
    output: Json
    error: str | None
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUsage:
    """Tokens, and costs in USD as a decimal."""

    input_tokens: int | None
    output_tokens: int | None
    cached_input_tokens: int | None
    cache_write_tokens: int | None
    total_cost: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunObservability:
    """Which model did the work, and what it used."""

    provider: str | None
    model_id: str | None
    trace_provider: str | None
    loaded_skill_slugs: tuple[str, ...]
    usage: RunUsage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """What a person reads about a run that completed."""

    summary: str | None
    artifact_id: str | None
    artifact_name: str | None
    version: int | None
    renderer_kind: str | None
    row_count: int | None


class SnapshotKind(StrEnum):
    """What is captured."""

    WORKFLOW_RUNTIME_SNAPSHOT = "workflow_runtime_snapshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowDocumentRef:
    """The version of a document that ran."""

    document_id: UUID
    document_version: int
    document_version_id: UUID
    document_version_label: str | None
    title: str | None
    captured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRuntimeSnapshot:
    """The document as it was when it ran."""

    kind: SnapshotKind
    document: WorkflowDocumentRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a task; nothing here runs workflow documents yet, so what names one is null."""

    id: UUID
    status: str
    task_id: TaskId | None
    task_display_name: str | None
    workspace_id: UUID | None
    context: Json
    result: Json
    error: str | None
    outcome: RunOutcome | None
    steps: tuple[RunStep, ...]
    observability: RunObservability | None
    parent_run_id: UUID | None
    root_run_id: UUID | None
    depth: int
    origin_thread_id: UUID | None
    origin_room_id: UUID | None
    origin_room_run_id: UUID | None
    triggered_by: str | None
    trigger_ref: str | None
    transcript_content: str | None
    transcript_raw_data: Json
    transcript_updated_at: datetime | None
    workflow_document_id: UUID | None
    workflow_document_title: str | None
    workflow_document_version: int | None
    workflow_document_version_id: UUID | None
    workflow_document_version_label: str | None
    workflow_runtime_snapshot: WorkflowRuntimeSnapshot | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
