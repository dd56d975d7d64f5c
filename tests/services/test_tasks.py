"""Creating tasks: what it makes, what it tells, and every refusal changes nothing."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.credentials import Scope
from app.domain.access.viewer import Viewer
from app.domain.actor import ActorKind, OriginKind, OwnerKind
from app.domain.errors import BadInput, Conflict, Forbidden, NotFound, TooLarge
from app.domain.ids import parse_uuid
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.status import ApprovalPolicy, ApprovalState, TaskPriority, TaskScope, TaskStatus
from app.services.registry import Services
from app.storage import events
from app.storage.events import Range
from app.storage.rows.task import TaskRow
from tests.services.test_leases import changes_nothing, task_now
from tests.support.grid import archive, make_empty, share
from tests.support.log import counts
from tests.support.people import make_viewer


def draft(**given: Any) -> TaskDraft:
    """A global task, unless said otherwise."""
    return TaskDraft(**{"title": "task", "scope": TaskScope.GLOBAL, **given})


async def create(services: Services, viewer: Viewer, **given: Any) -> TaskRow:
    """A new task."""
    return (await services.tasks.create(viewer, draft(**given))).task


async def log(db: Database, viewer: Viewer, **about: Any) -> list[tuple[int, str, dict[str, Any]]]:
    """Sequence, type and payload of the events one may see."""
    found, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, Range(**about), most=500)
    return [(event.sequence, event.type.value, event.payload) for event in found]


async def test_a_new_task_has_its_defaults_and_no_run(db: Database, services: Services, viewer: Viewer) -> None:
    made = await services.tasks.create(viewer, draft(title="  Count words \n"))
    task = await task_now(db, viewer, made.task.id)
    assert task == made.task
    assert (task.title, task.scope, task.status) == ("Count words", TaskScope.GLOBAL, TaskStatus.READY)
    assert (task.priority, task.max_attempts, task.last_attempt) == (TaskPriority.MEDIUM, 3, 0)
    assert (task.approval_policy, task.approval_state) == (ApprovalPolicy.NONE, ApprovalState.NOT_REQUIRED)
    assert (task.created_by.kind, task.created_by.ref) == (ActorKind.HUMAN, str(viewer.user_id))
    assert (task.origin.kind, task.origin.ref) == (OriginKind.HTTP, "tasks.create")
    assert (task.open_run_id, task.latest_run_id, task.closed_at, task.parent_task_id) == (None, None, None, None)
    assert (task.identifier, task.description, task.metadata, task.network_channel) == (None, None, None, None)
    assert (task.owner_kind, task.owner_ref, task.required_capabilities, task.path) == (None, None, [], [])
    assert abs(task.created_at - utc_now()) < timedelta(minutes=1)
    found = await counts(db)
    assert (found["tasks"], found["runs"], found["events"]) == (1, 0, 1)
    assert await log(db, viewer) == [(made.sequence, "task.created", {"scope": "global", "status": "ready"})]
    assert parse_uuid(task.id) is not None


async def test_a_new_task_keeps_everything_it_was_given(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    task = await create(
        services,
        viewer,
        id="mine",
        identifier=" A-1 ",
        scope=TaskScope.WORKSPACE,
        workspace_id=str(place.id),
        description=" at length ",
        priority=TaskPriority.URGENT,
        max_attempts=10,
        owner_kind=OwnerKind.POOL,
        owner_ref=" robots ",
        required_capabilities=["gpu", "python", "gpu"],
        network_channel="a-channel_1",
        metadata={"a": [1, None, "x"]},
    )
    assert (task.id, task.identifier, task.workspace_id, task.description) == ("mine", "A-1", place.id, "at length")
    assert (task.priority, task.max_attempts, task.owner_kind) == (TaskPriority.URGENT, 10, OwnerKind.POOL)
    assert (task.owner_ref, task.required_capabilities) == ("robots", ["gpu", "python"])
    assert (task.network_channel, task.metadata) == ("a-channel_1", {"a": [1, None, "x"]})
    (*_, (_, kind, payload)) = await log(db, viewer, task_id="mine")
    assert (kind, payload) == (
        "task.created",
        {
            "scope": "workspace",
            "status": "ready",
            "workspace_id": str(place.id),
            "network_channel": "a-channel_1",
            "owner": {"kind": "pool", "ref": "robots"},
        },
    )


@pytest.mark.parametrize(
    ("is_draft", "policy", "status", "approval"),
    [
        (False, None, TaskStatus.READY, ApprovalState.NOT_REQUIRED),
        (False, ApprovalPolicy.NONE, TaskStatus.READY, ApprovalState.NOT_REQUIRED),
        (False, ApprovalPolicy.MANUAL, TaskStatus.BLOCKED, ApprovalState.PENDING),
        (True, None, TaskStatus.DRAFT, ApprovalState.NOT_REQUIRED),
        (True, ApprovalPolicy.MANUAL, TaskStatus.DRAFT, ApprovalState.PENDING),
    ],
)
async def test_where_a_new_task_stands(
    services: Services,
    viewer: Viewer,
    is_draft: bool,
    policy: ApprovalPolicy | None,
    status: TaskStatus,
    approval: ApprovalState,
) -> None:
    task = await create(services, viewer, draft=is_draft, approval_policy=policy)
    assert (task.status, task.approval_state) == (status, approval)


@pytest.mark.parametrize(
    "given",
    [
        {"title": "x" * 1_000},
        {"title": " \u2028x "},
        {"id": "x"},
        {"id": "y" * 128},
        {"id": "a b/c?d=é"},
        {"identifier": "x" * 255},
        {"description": "x" * 65_536},
        {"description": "  "},
        {"max_attempts": 1},
        {"max_attempts": 10},
        {"metadata": "x" * 16_382},
        {"metadata": False},
        {"network_channel": "0" + "x" * 63},
        {"required_capabilities": ["é" * 64]},
        {"required_capabilities": [str(n) for n in range(64)]},
        {"owner_kind": OwnerKind.HUMAN, "owner_ref": "x" * 255},
    ],
    ids=lambda given: str(given)[:40],
)
async def test_a_task_at_the_limits_is_made(services: Services, viewer: Viewer, given: dict[str, Any]) -> None:
    assert (await create(services, viewer, **given)).status is TaskStatus.READY


@pytest.mark.parametrize(
    ("given", "refusal", "field"),
    [
        ({"title": ""}, BadInput, "title"),
        ({"title": " \t\n"}, BadInput, "title"),
        ({"title": "x" * 1_001}, BadInput, "title"),
        ({"title": "a\x00b"}, BadInput, "title"),
        ({"title": "a\ud800b"}, BadInput, "title"),
        ({"id": ""}, BadInput, "id"),
        ({"id": " x"}, BadInput, "id"),
        ({"id": "x" * 129}, BadInput, "id"),
        ({"id": "a\nb"}, BadInput, "id"),
        ({"id": "a\x00b"}, BadInput, "id"),
        ({"id": "\udfff"}, BadInput, "id"),
        ({"identifier": "x" * 256}, BadInput, "identifier"),
        ({"identifier": "\x00"}, BadInput, "identifier"),
        ({"description": "x" * 65_537}, BadInput, "description"),
        ({"description": "\ud800"}, BadInput, "description"),
        ({"max_attempts": 0}, BadInput, "maxAttempts"),
        ({"max_attempts": 11}, BadInput, "maxAttempts"),
        ({"max_attempts": -1}, BadInput, "maxAttempts"),
        ({"scope": TaskScope.WORKSPACE}, BadInput, "workspaceId"),
        ({"workspace_id": "x"}, BadInput, "workspaceId"),
        ({"scope": TaskScope.WORKSPACE, "workspace_id": "x"}, NotFound, "workspaceId"),
        ({"network_channel": ""}, BadInput, "networkChannel"),
        ({"network_channel": "-a"}, BadInput, "networkChannel"),
        ({"network_channel": "A"}, BadInput, "networkChannel"),
        ({"network_channel": "x" * 65}, BadInput, "networkChannel"),
        ({"network_channel": "a\n"}, None, None),
        ({"owner_kind": OwnerKind.HUMAN}, BadInput, "owner"),
        ({"owner_ref": "x"}, BadInput, "owner"),
        ({"owner_kind": OwnerKind.HUMAN, "owner_ref": " "}, BadInput, "owner.ref"),
        ({"required_capabilities": [""]}, BadInput, "requiredCapabilities"),
        ({"required_capabilities": ["a b"]}, BadInput, "requiredCapabilities"),
        ({"required_capabilities": ["a,b"]}, BadInput, "requiredCapabilities"),
        ({"required_capabilities": ["é" * 65]}, BadInput, "requiredCapabilities"),
        ({"required_capabilities": ["\ud800"]}, BadInput, "requiredCapabilities"),
        ({"required_capabilities": [str(n) for n in range(65)]}, BadInput, "requiredCapabilities"),
        ({"metadata": "x" * 16_383}, TooLarge, "metadata"),
        ({"metadata": {"a": "\x00"}}, BadInput, "metadata"),
        ({"metadata": {"\ud800": 1}}, BadInput, "metadata"),
        ({"metadata": [float("inf")]}, BadInput, "metadata"),
        ({"metadata": 2**63}, BadInput, "metadata"),
        ({"metadata": {1, 2}}, BadInput, "metadata"),
    ],
    ids=lambda part: str(part)[:40],
)
async def test_a_draft_that_breaks_a_rule_is_refused(
    db: Database,
    services: Services,
    viewer: Viewer,
    given: dict[str, Any],
    refusal: type[BadInput] | type[NotFound] | None,
    field: str | None,
) -> None:
    if refusal is None:
        assert (await create(services, viewer, **given)).network_channel == "a"
        return
    told = await changes_nothing(db, services.tasks.create(viewer, draft(**given)), refusal)
    assert told.field == field


async def test_an_id_in_use_is_a_conflict_in_one_tenant_only(
    db: Database, services: Services, viewer: Viewer, outsider: Viewer
) -> None:
    first = await create(services, viewer, id="mine", title="first")
    told = await changes_nothing(db, services.tasks.create(viewer, draft(id="mine", title="second")), Conflict)
    assert (told.field, (await task_now(db, viewer, "mine")).title) == ("id", "first")
    theirs = await create(services, outsider, id="mine", title="theirs")
    assert (await task_now(db, viewer, "mine"), await task_now(db, outsider, "mine")) == (first, theirs)


async def test_one_of_many_who_ask_for_the_same_id_gets_it(db: Database, services: Services, viewer: Viewer) -> None:
    asked = [services.tasks.create(viewer, draft(id="mine", title=str(n))) for n in range(20)]
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["Conflict"] * 19 + ["Created"]
    found = await counts(db)
    assert (found["tasks"], found["events"]) == (1, 1)


async def test_many_who_create_at_once_each_get_their_own_task_and_sequence(
    db: Database, services: Services, viewer: Viewer
) -> None:
    made = await asyncio.gather(*[services.tasks.create(viewer, draft(title=str(n))) for n in range(300)])
    assert [one.task.title for one in made] == [str(n) for n in range(300)]
    assert sorted(one.sequence or 0 for one in made) == list(range(1, 301))
    told = {sequence: kind for sequence, kind, _ in await log(db, viewer)}
    assert told == dict.fromkeys(range(1, 301), "task.created")


async def test_a_task_needs_a_workspace_that_one_may_write(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    place = await make_empty(services, viewer)
    theirs = draft(scope=TaskScope.WORKSPACE, workspace_id=str(place.id))
    nowhere = draft(scope=TaskScope.WORKSPACE, workspace_id="01900000-0000-7000-8000-000000000000")
    unseen = await changes_nothing(db, services.tasks.create(colleague, theirs), NotFound)
    unknown = await changes_nothing(db, services.tasks.create(colleague, nowhere), NotFound)
    foreign = await changes_nothing(db, services.tasks.create(outsider, theirs), NotFound)
    # What one may not see looks exactly like what does not exist.
    assert unseen.message.replace(str(place.id), "") == unknown.message.replace(str(nowhere.workspace_id), "")
    assert unseen.message == foreign.message
    await share(db, viewer, place.id, colleague)
    await changes_nothing(db, services.tasks.create(colleague, theirs), Forbidden)
    await archive(db, place.id)
    assert (await changes_nothing(db, services.tasks.create(viewer, theirs), Conflict)).field == "workspaceId"


async def test_a_key_without_the_scope_to_write_creates_nothing(db: Database, services: Services) -> None:
    reader = await make_viewer(db, scopes=frozenset({Scope.READ, Scope.WORK, Scope.ADMIN}))
    told = await changes_nothing(db, services.tasks.create(reader, draft()), Forbidden)
    assert told.facts["scope"] == "write"
