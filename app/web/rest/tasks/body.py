"""What the tasks API takes as bodies: strings are trimmed, words of enums in any case, null is the same as absent."""

from dataclasses import dataclass

from app.domain.tasks.status import ApprovalPolicy, TaskPriority, TaskScope
from app.web.rest.shape import Int64, Json, MayBeNull
from app.web.rest.tasks.shapes import DependencyKind, OwnerIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTaskRequest:
    """A new task."""

    title: str
    scope: TaskScope
    id: str | None = None
    identifier: str | None = None
    workspace: str | None = None
    network_channel: str | None = None
    description: str | None = None
    priority: TaskPriority | None = None
    max_attempts: MayBeNull[int] = None
    draft: bool | None = None
    approval_policy: ApprovalPolicy | None = None
    owner: MayBeNull[OwnerIdentity] = None
    metadata: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTaskRequest:
    """What is to change; an empty description or network channel clears it."""

    title: MayBeNull[str] = None
    description: MayBeNull[str] = None
    priority: TaskPriority | None = None
    max_attempts: MayBeNull[int] = None
    approval_policy: ApprovalPolicy | None = None
    metadata: Json = None
    network_channel: MayBeNull[str] = None
    owner: MayBeNull[OwnerIdentity] = None
    clear_owner: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRequest:
    """How a run is queued."""

    idempotency_key: str | None = None
    network_channel: str | None = None
    metadata: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    """Why something is canceled."""

    reason: str | None = None
    metadata: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDependencyRequest:
    """The task to wait for."""

    depends_on_task_id: str
    kind: DependencyKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdempotencyRequest:
    """A key that is accepted and means nothing: a second claim or start finds the run moved already."""

    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachSessionRequest:
    """The agent session that carries the run out."""

    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteRunRequest:
    """What the run gave."""

    result: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailRunRequest:
    """Why the run failed."""

    error: str
    metadata: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentClaimNextRequest:
    """Which run an agent wants; `required_capabilities` are those that it offers."""

    workspace_id: str | None = None
    required_capabilities: tuple[str, ...] | None = None
    priority_min: int | None = None
    lease_seconds: Int64 | None = None
    wait: bool | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentHeartbeatRequest:
    """How long the lease is to last from now."""

    lease_seconds: Int64 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReleaseRequest:
    """Why a run is given back."""

    reason: str | None = None
