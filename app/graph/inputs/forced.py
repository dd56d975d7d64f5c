"""Inputs and payloads of what an operator does over a holder's head, and of dead letters."""

from datetime import datetime

import strawberry

from app.domain.errors import BadInput, NotFound
from app.domain.ids import is_task_id, parse_uuid
from app.domain.tasks.dispatch import BULK_MAX
from app.domain.tasks.lease import ERROR_LENGTH_MAX
from app.domain.text import checked
from app.graph.inputs.base import MutationInput, MutationPayload, RecordedPayload
from app.graph.inputs.retry_policy import in_utc
from app.graph.types.run import Run
from app.storage.dead_letters import DeadLetters


@strawberry.input(description="A held run to take back into the queue, whoever holds it.")
class ForceReleaseRunInput(MutationInput):
    """Which run, and why."""

    run_id: strawberry.ID = strawberry.field(description="The run.")
    reason: str = strawberry.field(description="Why, for the log; 1 to 1 000 characters.")


@strawberry.input(description="A held run to end with an error, whoever holds it.")
class ForceFailRunInput(ForceReleaseRunInput):
    """As for forceReleaseRun; the reason becomes the error of the run."""


@strawberry.input(description="A failed run whose task is to be tried again.")
class RetryRunInput(MutationInput):
    """Which run."""

    run_id: strawberry.ID = strawberry.field(description="The run that failed.")
    idempotency_key: str | None = strawberry.field(
        default=None, description="A repeated request with the same key answers the first run and changes nothing."
    )


@strawberry.type(description="The answer to forceReleaseRun, forceFailRun and retryRun.")
class ForcedRunPayload(RecordedPayload):
    """The run after the change, or the new one."""

    run: Run | None = strawberry.field(default=None, description="The run, after the change; of retryRun the new one.")


@strawberry.input(description="Which dead letters; conditions are joined by AND.")
class DeadLetterFilter:
    """Absent members mean any."""

    workspace_id: strawberry.ID | None = strawberry.field(default=None, description="Of tasks of this workspace.")
    task_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Of one of these tasks; at most 100."
    )
    error_contains: str | None = strawberry.field(default=None, description="Whose error holds this text, in any case.")
    failed_after: datetime | None = strawberry.field(default=None, description="That failed after this instant.")
    failed_before: datetime | None = strawberry.field(default=None, description="That failed before this instant.")


@strawberry.input(description="Dead letters to queue again, the newest first.")
class RequeueDeadLettersInput(MutationInput):
    """Which, and how many."""

    filter: DeadLetterFilter | None = strawberry.field(default=None, description="Which; all if absent.")
    limit: int = strawberry.field(default=BULK_MAX, description="At most so many; 1 to 100.")


@strawberry.input(description="Dead letters to take off the list, the newest first; their tasks stay failed.")
class DiscardDeadLettersInput(RequeueDeadLettersInput):
    """As for requeueDeadLetters."""


@strawberry.type(description="The answer to requeueDeadLetters.")
class RequeueDeadLettersPayload(MutationPayload):
    """The new runs."""

    runs: list[Run] = strawberry.field(default_factory=list, description="The runs that were queued.")
    left: int | None = strawberry.field(default=None, description="How many dead letters of the filter are left.")


@strawberry.type(description="The answer to discardDeadLetters.")
class DiscardDeadLettersPayload(RecordedPayload):
    """What is off the list."""

    task_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The tasks whose dead letters were discarded."
    )
    left: int | None = strawberry.field(default=None, description="How many dead letters of the filter are left.")


def to_dead_letters(given: DeadLetterFilter | None) -> DeadLetters:
    """The filter in the words of storage; an id that can name nothing is refused as unknown."""
    if given is None:
        return DeadLetters()
    workspace_id = None if given.workspace_id is None else parse_uuid(given.workspace_id)
    if given.workspace_id is not None and workspace_id is None:
        raise NotFound(f"There is no workspace {given.workspace_id[:140]!r}.", field="filter.workspaceId")
    if given.task_ids is not None and len(given.task_ids) > BULK_MAX:
        raise BadInput(f"taskIds names {len(given.task_ids)} tasks; at most {BULK_MAX}.", field="filter.taskIds")
    for id in given.task_ids or ():
        if not is_task_id(id):
            raise NotFound(f"There is no task {id[:140]!r}.", field="filter.taskIds")
    said = given.error_contains
    return DeadLetters(
        workspace_id=workspace_id,
        task_ids=None if given.task_ids is None else [str(id) for id in given.task_ids],
        error_contains=None if said is None else checked(said, "filter.errorContains", longest=ERROR_LENGTH_MAX),
        failed_after=None if given.failed_after is None else in_utc(given.failed_after),
        failed_before=None if given.failed_before is None else in_utc(given.failed_before),
    )
