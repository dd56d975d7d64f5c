"""A worker answers in a conversation: it reads the question of the run it holds and returns the words."""

from typing import Any

from app.worker import RunContext
from app.worker.client import payload
from tests.support.server import ServerProcess
from tests.worker.office import Office, at_work, worker_of
from tests.worker.test_data import workspace

BEGIN = """mutation Begin($place: ID!) {
  createThread(input: {workspaceId: $place}) { thread { id } userErrors { code message field } }
}"""
ASK = """mutation Ask($thread: ID!, $words: String!) {
  postMessage(input: {threadId: $thread, content: $words}) { turn { runId } userErrors { code message field } }
}"""
ASKED = "query Asked($run: ID!) { run(id: $run) { question { content history { role content } } } }"
TALK = "query Talk($thread: ID!) { thread(id: $thread) { title messages { nodes { role content } } } }"


async def test_a_worker_answers_with_what_was_said_before_in_mind(server: ServerProcess, office: Office) -> None:
    place = await workspace(office, [])
    thread = payload(await office.client.send(BEGIN, {"place": place}))["thread"]["id"]

    async def handle(run: RunContext) -> dict[str, Any]:
        asked = (await run.graphql(ASKED, {"run": run.run_id}))["run"]["question"]
        before = [message["content"] for message in asked["history"]]
        return {"content": f"{asked['content']} after {before}"}

    async with at_work(worker_of(server, office, handler=handle, workspace_id=place)):
        for words in ("one", "two"):
            posted = payload(await office.client.send(ASK, {"thread": thread, "words": words}))
            await office.event(posted["turn"]["runId"], "TASK_RUN_COMPLETED")
    found = (await office.client.send(TALK, {"thread": thread}))["thread"]
    assert found["title"] == "one"
    assert [(message["role"], message["content"]) for message in found["messages"]["nodes"]] == [
        ("ASSISTANT", "two after ['one', 'one after []']"),
        ("USER", "two"),
        ("ASSISTANT", "one after []"),
        ("USER", "one"),
    ]
