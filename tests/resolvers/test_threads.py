"""Conversations in the graph: from the first message to the answer, every relation, every page, and who sees them."""

from dataclasses import replace
from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.credentials import Scope
from app.domain.access.viewer import UserRole, Viewer
from app.main import App
from app.services.registry import Services
from app.services.reports import Report
from tests.support.graph import Graph
from tests.support.grid import archive, make_empty
from tests.support.live import graph_of, subscribed
from tests.support.people import make_viewer
from tests.support.sharing import share_with
from tests.support.talk import agent, answer, begin, say, take, turn_now

NOBODY = "01900000-0000-7000-8000-000000000000"
CREATE = """
mutation($place: ID!) {
  createThread(input: {workspaceId: $place}) {
    sequence userErrors { code reason field }
    thread {
      id title turnCount scope { kind workspaceId documentId } workspace { id } user { email } task { id }
      agentSpec { slug name lifecycleStatus isDeleted }
      activeTurn { id } activeTurnId activeTurnStatus activeTurnLastEventSeq lastTurnStatus
      messages { nodes { id } totalCount } turns { nodes { id } totalCount }
    }
  }
}
"""
POST = """
mutation($thread: ID!, $content: String!, $key: String) {
  postMessage(input: {threadId: $thread, content: $content, idempotencyKey: $key, clientMutationId: "c"}) {
    clientMutationId sequence userErrors { code reason field message }
    thread { id title } run { id status triggeredBy metadata thread { id } question { content } }
    message { id role content format cancelled error { code } createdBy { email } turn { id } thread { id } }
    turn { id number status endedAt runId answer { id } message { id } thread { id } run { id } }
  }
}
"""
THREAD = """
query($id: ID!, $first: Int, $after: String) {
  thread(id: $id) {
    id title activeTurnId activeTurnStatus activeTurnLastEventSeq lastTurnStatus
    activeTurn { id status run { status transcript } }
    messages(first: $first, after: $after) {
      totalCount pageInfo { hasNextPage hasPreviousPage endCursor }
      nodes { id role content rawData format durationSeconds cancelled
              error { code title description referenceId retryable } turn { number } createdBy { email } }
    }
    turns { totalCount nodes { number status message { content } answer { content } } }
  }
}
"""
CLAIM = """
mutation($session: ID!) {
  claimNextRun(input: {agentSessionId: $session}) {
    claim { run { id metadata thread { id } question { threadId turnId messageId content history { role content } } } }
  }
}
"""
NODE = "query($id: ID!) { node(id: $id) { __typename id } }"
MINE = "query($id: ID!, $first: Int, $after: String) { workspace(id: $id) { threads(first: $first, after: $after) {"
MINE += " totalCount nodes { title } pageInfo { hasNextPage endCursor } } } }"


async def test_from_the_first_message_to_the_answer(
    db: Database, services: Services, viewer: Viewer, graph: Graph
) -> None:
    place = await make_empty(services, viewer, "Rain")
    begun = (await graph.data(CREATE, {"place": str(place.id)}))["createThread"]
    id = begun["thread"].pop("id")
    assert begun.pop("sequence") is not None
    assert begun == {
        "userErrors": [],
        "thread": {
            "title": None,
            "turnCount": 0,
            "scope": {"kind": "WORKSPACE", "workspaceId": str(place.id), "documentId": None},
            "workspace": {"id": str(place.id)},
            "user": {"email": "owner@example.com"},
            "task": None,
            "agentSpec": {
                "slug": "workspace-agent",
                "name": "Workspace agent",
                "lifecycleStatus": "ACTIVE",
                "isDeleted": False,
            },
            "activeTurn": None,
            "activeTurnId": None,
            "activeTurnStatus": None,
            "activeTurnLastEventSeq": None,
            "lastTurnStatus": None,
            "messages": {"nodes": [], "totalCount": 0},
            "turns": {"nodes": [], "totalCount": 0},
        },
    }
    posted = (await graph.data(POST, {"thread": id, "content": "Why?"}))["postMessage"]
    run, turn, message = posted["run"], posted["turn"], posted["message"]
    assert (posted["clientMutationId"], posted["userErrors"], posted["thread"]) == (
        "c",
        [],
        {"id": id, "title": "Why?"},
    )
    ids = {"threadId": id, "turnId": turn["id"], "messageId": message["id"]}
    assert run == {
        "id": turn["runId"],
        "status": "QUEUED",
        "triggeredBy": "chat",
        "metadata": ids,
        "thread": {"id": id},
        "question": {"content": "Why?"},
    }
    assert turn == {
        "id": turn["id"],
        "number": 1,
        "status": "PENDING",
        "endedAt": None,
        "runId": run["id"],
        "answer": None,
        "message": {"id": message["id"]},
        "thread": {"id": id},
        "run": {"id": run["id"]},
    }
    assert message == {
        "id": message["id"],
        "role": "USER",
        "content": "Why?",
        "format": "TEXT",
        "cancelled": False,
        "error": None,
        "createdBy": {"email": "owner@example.com"},
        "turn": {"id": turn["id"]},
        "thread": {"id": id},
    }
    refused = (await graph.data(POST, {"thread": id, "content": "And?"}))["postMessage"]
    assert [(one["code"], one["reason"]) for one in refused["userErrors"]] == [("CONFLICT", "turn_open")]
    assert refused["turn"] is refused["sequence"] is None

    worker = await agent(services, viewer, place.id)
    claimed = (await graph.data(CLAIM, {"session": worker}))["claimNextRun"]["claim"]["run"]
    assert claimed == {
        "id": run["id"],
        "metadata": ids,
        "thread": {"id": id},
        "question": {**ids, "content": "Why?", "history": []},
    }
    report = """mutation($r: ID!, $s: ID!) { reportRun(input: {runId: $r, agentSessionId: $s,
                transcriptAppend: "Bec"}) { sequence userErrors { code } } }"""
    told = (await graph.data(report, {"r": run["id"], "s": worker}))["reportRun"]
    open_one = (await graph.data(THREAD, {"id": id}))["thread"]
    assert open_one["activeTurn"] == {
        "id": turn["id"],
        "status": "RUNNING",
        "run": {"status": "CLAIMED", "transcript": "Bec"},
    }
    assert (open_one["activeTurnId"], open_one["activeTurnStatus"]) == (turn["id"], "RUNNING")
    assert open_one["activeTurnLastEventSeq"] == told["sequence"]
    assert [one["content"] for one in open_one["messages"]["nodes"]] == ["Why?"]

    await services.leases.complete(viewer, worker, run["id"], result={"content": "Because."})
    done = (await graph.data(THREAD, {"id": id}))["thread"]
    assert (done["activeTurn"], done["activeTurnId"], done["activeTurnLastEventSeq"]) == (None, None, None)
    assert done["lastTurnStatus"] == "COMPLETED"
    assert done["messages"]["totalCount"] == 2
    newest = done["messages"]["nodes"][0]
    assert newest.pop("durationSeconds") > 0
    assert newest == {
        "id": newest["id"],
        "role": "ASSISTANT",
        "content": "Because.",
        "rawData": None,
        "format": "TEXT",
        "cancelled": False,
        "error": None,
        "turn": {"number": 1},
        "createdBy": None,
    }
    assert done["turns"] == {
        "totalCount": 1,
        "nodes": [
            {"number": 1, "status": "COMPLETED", "message": {"content": "Why?"}, "answer": {"content": "Because."}}
        ],
    }
    for one, kind in ((id, "Thread"), (turn["id"], "Turn"), (message["id"], "Message"), (newest["id"], "Message")):
        assert (await graph.data(NODE, {"id": one}))["node"] == {"__typename": kind, "id": one}


async def test_a_failed_answer_says_why(services: Services, viewer: Viewer, graph: Graph) -> None:
    place = await make_empty(services, viewer)
    thread = await begin(services, viewer, place.id)
    posted = await say(services, viewer, thread)
    worker = await agent(services, viewer, place.id)
    await take(services, viewer, worker)
    await services.leases.fail(viewer, worker, str(posted.turn.run_id), error="no model")
    found = (await graph.data(THREAD, {"id": str(thread.id)}))["thread"]
    assert found["lastTurnStatus"] == "FAILED"
    assert found["messages"]["nodes"][0]["error"] == {
        "code": "run_failed",
        "title": "The agent failed",
        "description": "no model",
        "referenceId": str(posted.turn.run_id),
        "retryable": True,
    }


async def test_pages_of_messages_stay_while_more_is_said(services: Services, viewer: Viewer, graph: Graph) -> None:
    place = await make_empty(services, viewer)
    thread = await begin(services, viewer, place.id)
    worker = await agent(services, viewer, place.id)
    expected: list[str] = []
    for at in range(5):
        await say(services, viewer, thread, f"q{at}")
        await answer(services, viewer, worker, f"a{at}")
        expected = [f"a{at}", f"q{at}", *expected]
    found: list[str] = []
    after, more = None, True
    while more:
        page = (await graph.data(THREAD, {"id": str(thread.id), "first": 3, "after": after}))["thread"]["messages"]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        found += [one["content"] for one in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        # What is said meanwhile stands before the first page.
        await say(services, viewer, thread, "later")
        await answer(services, viewer, worker, "later")
    assert found == expected
    assert page["totalCount"] == 16
    empty = (await graph.data(THREAD, {"id": str(thread.id), "first": 3, "after": after}))["thread"]["messages"]
    assert (empty["nodes"], empty["pageInfo"]["hasNextPage"]) == ([], False)


@pytest.mark.parametrize("first", [0, 201])
async def test_more_messages_than_allowed_are_refused(
    services: Services, viewer: Viewer, graph: Graph, first: int
) -> None:
    thread = await begin(services, viewer, (await make_empty(services, viewer)).id)
    told = await graph(THREAD, {"id": str(thread.id), "first": first})
    assert [one["extensions"]["code"] for one in told["errors"]] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("cursor", ["", "x", "WzEsInRocmVhZHMiLDEsMl0", "WzEsIm1lc3NhZ2VzIiwieCIsInkiXQ"])
async def test_a_damaged_cursor_hurts_its_own_page_alone(
    services: Services, viewer: Viewer, graph: Graph, cursor: str
) -> None:
    thread = await begin(services, viewer, (await make_empty(services, viewer)).id)
    document = """query($id: ID!, $after: String!) { thread(id: $id) { id } bad: thread(id: $id) {
                  messages(after: $after) { nodes { id } } turns(after: $after) { nodes { id } } } }"""
    told = await graph(document, {"id": str(thread.id), "after": cursor})
    assert {one["extensions"]["code"] for one in told["errors"]} == {"BAD_USER_INPUT"}
    assert told["data"] == {"thread": {"id": str(thread.id)}, "bad": None}


async def test_a_list_holds_ones_own_threads_last_changed_first(
    services: Services, viewer: Viewer, colleague: Viewer, graph: Graph
) -> None:
    place = await make_empty(services, viewer)
    await share_with(services, viewer, place.id, colleague)
    threads = [await begin(services, viewer, place.id) for _ in range(3)]
    await say(services, colleague, await begin(services, colleague, place.id), "theirs")
    for at in (1, 2, 0):
        await say(services, viewer, threads[at], f"t{at}")
    mine = {"id": str(place.id), "first": 2}
    page = (await graph.data(MINE, mine))["workspace"]["threads"]
    assert ([one["title"] for one in page["nodes"]], page["totalCount"]) == (["t0", "t2"], 3)
    rest = (await graph.data(MINE, {**mine, "after": page["pageInfo"]["endCursor"]}))["workspace"]["threads"]
    assert ([one["title"] for one in rest["nodes"]], rest["pageInfo"]["hasNextPage"]) == (["t1"], False)
    theirs = (await graph.as_(colleague).data(MINE, mine))["workspace"]["threads"]
    assert ([one["title"] for one in theirs["nodes"]], theirs["totalCount"]) == (["theirs"], 1)


async def test_nobody_else_sees_a_conversation(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer, graph: Graph
) -> None:
    place = await make_empty(services, viewer)
    third = await make_viewer(db, email="third@example.com", role=UserRole.MEMBER)
    stranger = await make_viewer(db, email="stranger@example.com")
    await share_with(services, viewer, place.id, colleague, third)
    thread = await begin(services, colleague, place.id)
    posted = await say(services, colleague, thread, "Secret words")
    await answer(services, viewer, await agent(services, viewer, place.id), "Answer")
    (newest,) = (await graph.as_(colleague).data(THREAD, {"id": str(thread.id), "first": 1}))["thread"]["messages"][
        "nodes"
    ]
    ids = [str(thread.id), str(posted.turn.id), str(posted.message.id), newest["id"]]
    about = """query($id: ID!) { run(id: $id) { task { title createdBy { ref } } metadata triggerRef thread { id }
               question { content } } }"""
    log = "query($id: ID!) { workspace(id: $id) { events(first: 100) { nodes { type payload actor { ref } } } } }"
    for one in (viewer, third, stranger, outsider):
        theirs = graph.as_(one)
        for id in ids:
            assert (await theirs.data(NODE, {"id": id}))["node"] is None
        hidden = await theirs(THREAD, {"id": ids[0]})
        assert hidden == await theirs(THREAD, {"id": NOBODY})
        assert hidden["data"] == {"thread": None}
        refused = (await theirs.data(POST, {"thread": ids[0], "content": "x"}))["postMessage"]
        assert [(one["code"], one["reason"]) for one in refused["userErrors"]] == [("NOT_FOUND", "session_not_found")]
        run = (await theirs.data(about, {"id": str(posted.turn.run_id)}))["run"]
        if one not in (viewer, third):
            assert run is None
            continue
        assert (run["thread"], run["question"]) == (None, None)
        seen = str(run) + str(await theirs.data(log, {"id": str(place.id)}))
        assert "Secret" not in seen
        if one is third:
            # Recipients need not know each other. The share itself is the owner's affair.
            assert str(colleague.user_id) not in seen


STOP = """
mutation($turn: ID!) {
  cancelTurn(input: {turnId: $turn}) {
    sequence userErrors { code reason } turn { status answer { content cancelled error { code } } run { status } }
  }
}
"""


async def test_a_recipient_stops_their_own_turn(
    services: Services, viewer: Viewer, colleague: Viewer, graph: Graph
) -> None:
    place = await make_empty(services, viewer)
    await share_with(services, viewer, place.id, colleague)
    thread = await begin(services, colleague, place.id)
    posted = await say(services, colleague, thread)
    worker = await agent(services, viewer, place.id)
    await take(services, viewer, worker)
    await services.leases.report(viewer, worker, str(posted.turn.run_id), Report(transcript_append="Half"))
    given = {"turn": str(posted.turn.id)}
    hidden = (await graph.data(STOP, given))["cancelTurn"]["userErrors"]
    assert hidden == (await graph.data(STOP, {"turn": NOBODY}))["cancelTurn"]["userErrors"]
    assert hidden == [{"code": "NOT_FOUND", "reason": "turn_not_found"}]
    reader = replace(colleague, scopes=frozenset({Scope.READ}))
    refused = (await graph.as_(reader).data(STOP, given))["cancelTurn"]["userErrors"]
    assert [one["code"] for one in refused] == ["FORBIDDEN"]
    stopped = (await graph.as_(colleague).data(STOP, given))["cancelTurn"]
    assert stopped.pop("sequence") is not None
    assert stopped == {
        "userErrors": [],
        "turn": {
            "status": "CANCELED",
            "answer": {"content": "Half", "cancelled": True, "error": None},
            "run": {"status": "CANCELED"},
        },
    }
    beat = await services.leases.heartbeat(viewer, worker, str(posted.turn.run_id))
    assert (beat.lease_lost, beat.cancel_requested) == (True, True)
    again = (await graph.as_(colleague).data(STOP, given))["cancelTurn"]["userErrors"]
    assert again == [{"code": "CONFLICT", "reason": "turn_ended"}]
    assert (await say(services, colleague, thread, "Next")).turn.number == 2


async def test_a_turn_left_behind_by_its_workspace_can_be_stopped(
    services: Services, viewer: Viewer, colleague: Viewer, graph: Graph
) -> None:
    place = await make_empty(services, viewer)
    await share_with(services, viewer, place.id, colleague)
    thread = await begin(services, colleague, place.id)
    posted = await say(services, colleague, thread)
    await services.workspace_life.delete(viewer, str(place.id))
    stopped = (await graph.as_(colleague).data(STOP, {"turn": str(posted.turn.id)}))["cancelTurn"]
    assert (stopped["userErrors"], stopped["turn"]["status"]) == ([], "CANCELED")


async def test_refusals_are_data(db: Database, services: Services, viewer: Viewer, graph: Graph) -> None:
    place = await make_empty(services, viewer)
    thread = await begin(services, viewer, place.id)
    unknown = (await graph.data(CREATE, {"place": NOBODY}))["createThread"]["userErrors"]
    assert [(one["code"], one["reason"]) for one in unknown] == [("NOT_FOUND", "workspace_not_found")]
    blank = (await graph.data(POST, {"thread": str(thread.id), "content": " "}))["postMessage"]["userErrors"]
    assert [(one["code"], one["field"]) for one in blank] == [("BAD_USER_INPUT", "content")]
    await archive(db, place.id)
    frozen = (await graph.data(CREATE, {"place": str(place.id)}))["createThread"]["userErrors"]
    assert [(one["code"], one["reason"]) for one in frozen] == [("WORKSPACE_ARCHIVED", "workspace_archived")]


EVERYTHING = """
query($id: ID!) {
  workspace(id: $id) {
    threads(first: 100) {
      nodes {
        title user { email } workspace { title } task { title } agentSpec { name } scope { kind }
        activeTurn { number } activeTurnId activeTurnStatus activeTurnLastEventSeq lastTurnStatus
        messages(first: 5) { nodes { role content createdBy { email } turn { number } thread { title } } }
        turns(first: 5) {
          nodes { status message { content } answer { content } run { status thread { id } question { content } } }
        }
      }
    }
  }
}
"""


async def test_many_conversations_take_as_many_statements_as_one(
    db: Database, services: Services, viewer: Viewer, graph: Graph
) -> None:
    place = await make_empty(services, viewer)
    worker = await agent(services, viewer, place.id)
    counted: dict[int, int] = {}
    for at in range(1, 51):
        thread = await begin(services, viewer, place.id)
        await say(services, viewer, thread)
        await answer(services, viewer, worker, "so")
        await say(services, viewer, thread)
        await services.leases.release(viewer, worker, str((await take(services, viewer, worker)).run.id))
        if at in (1, 10, 50):
            before = db.statements
            page = (await graph.data(EVERYTHING, {"id": str(place.id)}))["workspace"]["threads"]["nodes"]
            counted[at] = db.statements - before
            assert [len(one["messages"]["nodes"]) for one in page] == [3] + [4] * (at - 1)
        # Nothing is left for the agent to take but the next one.
        await services.tasks.cancel_run(viewer, str((await turn_now(db, viewer, thread.id)).run_id))
    assert counted[1] == counted[10] == counted[50]


async def test_the_events_of_a_turn_reach_who_watches_the_workspace(app: App) -> None:
    viewer = await make_viewer(app.db)
    colleague = await make_viewer(app.db, email="colleague@example.com", role=UserRole.MEMBER)
    place = await make_empty(app.services, viewer)
    await share_with(app.services, viewer, place.id, colleague)
    graph = graph_of(app, colleague)
    document = "subscription($id: ID!) { workspaceEvents(workspaceId: $id) { type run { id } payload } }"
    of_run = "subscription($id: ID!) { runEvents(runId: $id, after: 0) { type } }"
    given = {"id": str(place.id)}
    async with subscribed(app, colleague, document, given) as author, subscribed(app, viewer, document, given) as owner:
        thread = (await graph.data(CREATE, {"place": str(place.id)}))["createThread"]["thread"]["id"]
        posted = (await graph.data(POST, {"thread": thread, "content": "Why?"}))["postMessage"]
        await answer(app.services, viewer, await agent(app.services, viewer, place.id), "So.")

        async def heard(who: Any) -> list[str]:
            found: list[str] = []
            while not found or found[-1] != "TASK_RUN_COMPLETED":
                found.append((await who.next())["workspaceEvents"]["type"])
            return found

        work = ["TASK_CREATED", "TASK_RUN_ENQUEUED"]
        done = ["AGENT_SESSION_REGISTERED", "TASK_RUN_CLAIMED", "TASK_RUN_COMPLETED"]
        talk = ["WORKSPACE_THREAD_CREATED", *work, "WORKSPACE_MESSAGE_POSTED", *done]
        assert await heard(author) == talk
        assert await heard(owner) == work + done
    async with subscribed(app, colleague, of_run, {"id": posted["run"]["id"]}) as run:
        found = [(await run.next())["runEvents"]["type"] for _ in range(3)]
    assert found == ["TASK_RUN_ENQUEUED", "TASK_RUN_CLAIMED", "TASK_RUN_COMPLETED"]
