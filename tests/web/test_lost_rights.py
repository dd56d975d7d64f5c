"""A subscription to something of a workspace ends within a second when the right to read it does."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.clock import monotonic
from app.domain.access.viewer import UserRole, Viewer
from app.main import App
from app.services.shares import ShareDraft
from app.storage.rows.workspace import WorkspaceRow
from tests.support.grid import make_empty, make_task
from tests.support.listening import Listening, listening
from tests.support.people import make_viewer
from tests.support.sharing import let_end, share_with
from tests.web.test_socket import Peer, peer

SECONDS_MAX = 1.0
DOCUMENTS = {
    "workspaceEvents": "subscription($w: ID!) { workspaceEvents(workspaceId: $w) { type } }",
    "taskEvents": "subscription($t: ID!) { taskEvents(taskId: $t) { type } }",
    "runEvents": "subscription($r: ID!) { runEvents(runId: $r) { type } }",
    "tableChanges": "subscription($w: ID!) { tableChanges(workspaceId: $w) { type } }",
    "events": "subscription($w: ID!) { events(filter: {workspaceId: $w}) { type } }",
    "taskDashboard": "subscription($w: ID!) { taskDashboard(filter: {workspaceId: $w}) { totals { runsTotal } } }",
    "taskInbox": "subscription($w: ID!) { taskInbox(filter: {workspaceId: $w}) { total } }",
}


class Stage:
    """An owner, somebody they share a workspace with, and a socket of the latter."""

    def __init__(self, server: Listening, owner: Viewer, guest: Viewer, key: str, place: WorkspaceRow) -> None:
        self.server = server
        self.services = server.app.services
        self.owner, self.guest, self.key, self.place = owner, guest, key, place
        self.task = ""
        self.run = ""

    async def subscribe(self, client: Peer, name: str) -> None:
        """All that there is to know is `w`, `t` and `r`; views send their first value at once."""
        variables = {"w": str(self.place.id), "t": self.task, "r": self.run}
        used = {key: value for key, value in variables.items() if f"${key}:" in DOCUMENTS[name]}
        message = {"type": "subscribe", "id": name, "payload": {"query": DOCUMENTS[name], "variables": used}}
        await client.send(message)
        await client.send({"type": "ping"})
        expected = {"next", "pong"} if name in ("taskDashboard", "taskInbox") else {"pong"}
        assert {(await client.receive())["type"] for _ in expected} == expected


@pytest.fixture
async def stage(app: App) -> AsyncIterator[Stage]:
    """Shared without an end."""
    async with listening(app) as server:
        owner = await make_viewer(app.db, tenant="default")
        guest = await make_viewer(app.db, tenant="default", email="guest@example.com", role=UserRole.MEMBER)
        made = await app.services.identity.create_key(
            owner, name="guest", user_id=str(guest.user_id), scopes=None, expires_at=None
        )
        found = Stage(server, owner, guest, str(made.secret), await make_empty(app.services, owner, "Shared"))
        found.task = await make_task(app.services, owner, workspace_id=found.place.id)
        found.run = str((await app.services.tasks.enqueue(owner, found.task)).run.id)
        await share_with(app.services, owner, found.place.id, guest)
        yield found


async def ended(client: Peer) -> tuple[dict[str, Any], float]:
    """The message that ends the subscription, and how long it took to come."""
    begun = monotonic()
    message = await client.receive()
    return message, monotonic() - begun


def refused(message: dict[str, Any], stage: Stage) -> None:
    """The end says why, in the words of one who never saw the workspace."""
    assert message["type"] == "error", message
    [error] = message["payload"]
    assert (error["extensions"]["code"], error["extensions"]["reason"]) == ("NOT_FOUND", "workspace_not_found")
    assert error["extensions"]["id"] == str(stage.place.id)


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_revoked_share_ends_every_kind_of_subscription(stage: Stage, app: App, name: str) -> None:
    async with peer(stage.server, key=stage.key) as client:
        await stage.subscribe(client, name)
        await stage.services.shares.revoke(stage.owner, str(stage.place.id))
        message, took = await ended(client)
        refused(message, stage)
        assert (message["id"], took < SECONDS_MAX) == (name, True)
        await stage.server.until(lambda: app.hub.subscribers == 0)


@pytest.mark.parametrize("name", ["workspaceEvents", "taskDashboard"])
async def test_a_share_whose_time_is_over_ends_subscriptions(stage: Stage, app: App, name: str) -> None:
    async with peer(stage.server, key=stage.key) as client:
        await stage.subscribe(client, name)
        await let_end(app.db, stage.place.id, 0.3)
        message, took = await ended(client)
        refused(message, stage)
        assert 0.25 <= took < 0.3 + SECONDS_MAX


@pytest.mark.parametrize("way", ["left out", "cleared", "left", "deleted"])
async def test_every_way_to_lose_a_workspace_ends_subscriptions(stage: Stage, way: str) -> None:
    id, shares = str(stage.place.id), stage.services.shares
    async with peer(stage.server, key=stage.key) as client:
        await stage.subscribe(client, "workspaceEvents")
        if way == "left out":
            await shares.put(stage.owner, id, ShareDraft(recipient_user_ids=[]))
        elif way == "cleared":
            await shares.clear(stage.owner, id)
        elif way == "left":
            await shares.clear(stage.guest, id)
        else:
            await stage.services.workspace_life.delete(stage.owner, id)
        message, took = await ended(client)
        refused(message, stage)
        assert took < SECONDS_MAX


async def test_whoever_deletes_a_workspace_hears_of_it_and_then_nothing(stage: Stage) -> None:
    async with peer(stage.server, key=stage.server.key) as client:
        await stage.subscribe(client, "workspaceEvents")
        await stage.services.workspace_life.delete(stage.owner, str(stage.place.id))
        last = await client.receive()
        assert last["payload"]["data"] == {"workspaceEvents": {"type": "WORKSPACE_DELETED"}}
        assert await client.receive() == {"id": "workspaceEvents", "type": "complete"}


@pytest.mark.parametrize("name", ["taskEvents", "runEvents", "tableChanges", "taskDashboard"])
async def test_what_would_not_hear_of_the_deletion_is_ended_by_it(stage: Stage, name: str) -> None:
    async with peer(stage.server, key=stage.server.key) as client:
        await stage.subscribe(client, name)
        await stage.services.workspace_life.delete(stage.owner, str(stage.place.id))
        message, took = await ended(client)
        refused(message, stage)
        assert took < SECONDS_MAX


async def test_others_listen_on(stage: Stage, app: App) -> None:
    other = await make_viewer(app.db, tenant="default", email="other@example.com", role=UserRole.MEMBER)
    made = await app.services.identity.create_key(
        stage.owner, name="other", user_id=str(other.user_id), scopes=None, expires_at=None
    )
    await share_with(app.services, stage.owner, stage.place.id, stage.guest, other)
    async with peer(stage.server, key=stage.key) as lost, peer(stage.server, key=str(made.secret)) as kept:
        await stage.subscribe(lost, "workspaceEvents")
        await stage.subscribe(kept, "workspaceEvents")
        await share_with(app.services, stage.owner, stage.place.id, other)
        refused(await lost.receive(), stage)
        await stage.services.workspace_life.archive(stage.owner, str(stage.place.id))
        # Neither change of the share was for recipients to see.
        seen = await kept.receive()
        assert seen["payload"]["data"] == {"workspaceEvents": {"type": "WORKSPACE_ARCHIVED"}}


async def test_a_dashboard_of_everything_shows_what_is_shared_now(stage: Stage, app: App) -> None:
    document = "subscription { taskDashboard { totals { runsTotal } } }"
    async with peer(stage.server, key=stage.key) as client:
        await client.send({"type": "subscribe", "id": "all", "payload": {"query": document}})

        async def runs() -> tuple[int, float]:
            begun = monotonic()
            message = await client.receive()
            return message["payload"]["data"]["taskDashboard"]["totals"]["runsTotal"], monotonic() - begun

        assert (await runs())[0] == 1
        await stage.services.shares.revoke(stage.owner, str(stage.place.id))
        count, took = await runs()
        assert (count, took < SECONDS_MAX) == (0, True)
        await share_with(app.services, stage.owner, stage.place.id, stage.guest)
        count, took = await runs()
        assert (count, took < SECONDS_MAX) == (1, True)
