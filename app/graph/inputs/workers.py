"""Inputs and payloads of the mutations that workers call."""

from datetime import datetime

import strawberry

from app.graph.inputs.base import MutationInput, MutationPayload, RecordedPayload
from app.graph.inputs.run_steps import RunStepInput
from app.graph.scalars import JSON, BigInt
from app.graph.types.agent_session import AgentSession
from app.graph.types.run import Lease, Run
from app.graph.types.task import Task


@strawberry.input(description="A worker that introduces itself.")
class RegisterAgentSessionInput(MutationInput):
    """Who it is and what it offers."""

    agent_name: str = strawberry.field(description="What kind of worker it is; 1 to 128 characters.")
    workspace_id: strawberry.ID | None = strawberry.field(
        default=None, description="Work for this workspace only; without it for global work only."
    )
    capabilities: list[str] | None = strawberry.field(default=None, description="What it offers.")
    max_concurrency: int | None = strawberry.field(
        default=None, description="How many runs it may hold at once; 1 to 1 000, 1 if absent."
    )


@strawberry.type(description="The answer to registerAgentSession.")
class RegisterAgentSessionPayload(RecordedPayload):
    """The new session."""

    agent_session: AgentSession | None = strawberry.field(default=None, description="The new session.")


@strawberry.input(description="A worker that says goodbye.")
class EndAgentSessionInput(MutationInput):
    """Which session."""

    agent_session_id: strawberry.ID = strawberry.field(description="The session.")


@strawberry.type(description="The answer to endAgentSession.")
class EndAgentSessionPayload(RecordedPayload):
    """The ended session."""

    agent_session: AgentSession | None = strawberry.field(default=None, description="The session, ended.")


@strawberry.input(description="A worker that asks for one run.")
class ClaimNextRunInput(MutationInput):
    """Who asks, and for what."""

    agent_session_id: strawberry.ID = strawberry.field(description="The calling session.")
    lease_seconds: int | None = strawberry.field(default=None, description="1 to 86 400; 300 if absent or 0.")
    workspace_id: strawberry.ID | None = strawberry.field(
        default=None, description="If given, it must be the workspace of the session."
    )
    required_capabilities: list[str] | None = strawberry.field(
        default=None, description="Capabilities offered in addition to those of the session."
    )
    priority_min: int | None = strawberry.field(
        default=None, description="Least weight of a run: LOW 10, MEDIUM 20, HIGH 30, URGENT 40."
    )
    wait: bool = strawberry.field(default=False, description="Wait up to 30 s for a run instead of answering null.")


@strawberry.type(description="A run that was claimed.")
class Claim:
    """Run, task and lease."""

    run: Run = strawberry.field(description="The run.")
    task: Task | None = strawberry.field(description="Its task.")
    lease: Lease | None = strawberry.field(description="The lease; send its epoch back with every call.")


@strawberry.type(description="The answer to claimNextRun.")
class ClaimNextRunPayload(RecordedPayload):
    """At most one claim."""

    claim: Claim | None = strawberry.field(default=None, description="Null when nothing matches.")


@strawberry.input(description="A worker that asks for several runs.")
class ClaimRunsInput(ClaimNextRunInput):
    """As for claimNextRun, with a limit."""

    limit: int = strawberry.field(description="1 to 100.")


@strawberry.type(description="The answer to claimRuns.")
class ClaimRunsPayload(MutationPayload):
    """The claims."""

    claims: list[Claim] = strawberry.field(default_factory=list, description="Empty when nothing matches.")


@strawberry.input(description="A sign of life for one run.")
class HeartbeatRunInput(MutationInput):
    """Which claim."""

    run_id: strawberry.ID = strawberry.field(description="The run.")
    agent_session_id: strawberry.ID = strawberry.field(description="The calling session.")
    lease_epoch: BigInt | None = strawberry.field(default=None, description="The epoch that the claim gave.")
    lease_seconds: int | None = strawberry.field(
        default=None, description="The lease ends so many seconds from now; 1 to 86 400, 300 if absent or 0."
    )


@strawberry.type(description="The answer to heartbeatRun: a lost lease is data, not an error.")
class HeartbeatRunPayload:
    """The lease as it now is."""

    run_id: strawberry.ID = strawberry.field(description="The run, as asked.")
    lease_until: datetime | None = strawberry.field(default=None, description="When the lease ends; null if lost.")
    lease_lost: bool = strawberry.field(default=False, description="Stop: the run is no longer yours.")
    cancel_requested: bool = strawberry.field(default=False, description="Stop: the run was canceled.")
    sequence: BigInt | None = strawberry.field(default=None, description="The sequence of the event this caused.")
    client_mutation_id: str | None = strawberry.field(default=None, description="As it was given.")


@strawberry.input(description="One claim in a batch.")
class HeldRunInput:
    """Run and epoch."""

    run_id: strawberry.ID = strawberry.field(description="The run.")
    lease_epoch: BigInt | None = strawberry.field(default=None, description="The epoch that the claim gave.")


@strawberry.input(description="A sign of life for many runs.")
class HeartbeatRunsInput(MutationInput):
    """Which claims."""

    agent_session_id: strawberry.ID = strawberry.field(description="The calling session.")
    runs: list[HeldRunInput] = strawberry.field(description="At most 100.")
    lease_seconds: int | None = strawberry.field(default=None, description="As for heartbeatRun.")


@strawberry.type(description="The answer to heartbeatRuns.")
class HeartbeatRunsPayload(MutationPayload):
    """An answer for each, in the order asked."""

    results: list[HeartbeatRunPayload] = strawberry.field(default_factory=list, description="One for each run.")


@strawberry.input(description="A run that ended well.")
class CompleteClaimedRunInput(MutationInput):
    """Which claim, and what it gave."""

    run_id: strawberry.ID = strawberry.field(description="The run.")
    agent_session_id: strawberry.ID = strawberry.field(description="The calling session.")
    lease_epoch: BigInt | None = strawberry.field(default=None, description="The epoch that the claim gave.")
    result: JSON | None = strawberry.field(default=None, description="Any JSON of at most 64 KiB.")


@strawberry.type(description="The answer to completeClaimedRun, failClaimedRun, releaseRun and reportRun.")
class HeldRunPayload(RecordedPayload):
    """The run after the change."""

    run: Run | None = strawberry.field(default=None, description="The run, after the change.")


@strawberry.input(description="One ended run in a batch.")
class CompletedRunInput(HeldRunInput):
    """Claim and result."""

    result: JSON | None = strawberry.field(default=None, description="Any JSON of at most 64 KiB.")


@strawberry.input(description="Runs that ended well.")
class CompleteClaimedRunsInput(MutationInput):
    """Which claims, and what they gave."""

    agent_session_id: strawberry.ID = strawberry.field(description="The calling session.")
    runs: list[CompletedRunInput] = strawberry.field(description="At most 100.")


@strawberry.type(description="The answer to completeClaimedRuns.")
class CompleteClaimedRunsPayload(MutationPayload):
    """An answer for each, in the order asked."""

    results: list[HeldRunPayload] = strawberry.field(default_factory=list, description="One for each run.")


@strawberry.input(description="A run that ended with an error.")
class FailClaimedRunInput(MutationInput):
    """Which claim, and why."""

    run_id: strawberry.ID = strawberry.field(description="The run.")
    agent_session_id: strawberry.ID = strawberry.field(description="The calling session.")
    lease_epoch: BigInt | None = strawberry.field(default=None, description="The epoch that the claim gave.")
    error: str = strawberry.field(description="What went wrong.")
    metadata: JSON | None = strawberry.field(default=None, description="Details for the event; at most 16 KiB.")


@strawberry.input(description="A run given back.")
class ReleaseRunInput(MutationInput):
    """Which claim, and why."""

    run_id: strawberry.ID = strawberry.field(description="The run.")
    agent_session_id: strawberry.ID = strawberry.field(description="The calling session.")
    lease_epoch: BigInt | None = strawberry.field(default=None, description="The epoch that the claim gave.")
    reason: str | None = strawberry.field(default=None, description="Why.")


@strawberry.input(description="How far a worker is.")
class ProgressInput:
    """Fraction and message."""

    fraction: float | None = strawberry.field(default=None, description="0 to 1.")
    message: str | None = strawberry.field(default=None, description="In words.")


@strawberry.input(description="What a worker says about a run it holds; absent members stay as they are.")
class ReportRunInput(MutationInput):
    """Which claim, and what is said."""

    run_id: strawberry.ID = strawberry.field(description="The run.")
    agent_session_id: strawberry.ID = strawberry.field(description="The calling session.")
    lease_epoch: BigInt | None = strawberry.field(default=None, description="The epoch that the claim gave.")
    progress: ProgressInput | None = strawberry.field(default=None, description="How far it is.")
    usage: JSON | None = strawberry.field(
        default=None,
        description="Tokens and costs: inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, totalCost; and"
        " provider, modelId, traceProvider, loadedSkillSlugs.",
    )
    transcript_append: str | None = strawberry.field(default=None, description="Added to the transcript.")
    outcome: JSON | None = strawberry.field(
        default=None,
        description="What a person should read: summary, artifactId, artifactName, version, rendererKind, rowCount.",
    )
    steps: list[RunStepInput] | None = strawberry.field(
        default=None, description="Steps that are new or have changed; at most 100, and 1 000 a run."
    )
