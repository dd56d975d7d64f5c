"""The documents of the guides run as they stand there."""

import re
from pathlib import Path

from graphql import parse, validate

from app.domain.access.viewer import Viewer
from app.resolvers.root import build_schema
from app.services.registry import Services
from tests.support.graph import Graph
from tests.support.grid import INTEGER, NUMBER, STRING, make_empty, make_table, make_workspace
from tests.support.talk import agent, take


def documents(guide: str) -> list[str]:
    """The documents of a guide, in their order."""
    text = (Path(__file__).parents[2] / "docs" / guide).read_text(encoding="utf-8")
    return re.findall(r"```graphql\n(.*?)```", text, re.DOTALL)


DOCUMENTS = documents("tables.md")


async def test_the_documents_of_the_guide_run(services: Services, viewer: Viewer, graph: Graph) -> None:
    create, fill = re.split(r"\n\n(?=mutation Import)", DOCUMENTS[0])
    made = (await graph.data(create))["createTable"]
    assert made["userErrors"] == []
    table = made["table"]["id"]
    assert (await graph.data(fill, {"table": table}))["importRows"] == {"rowCount": 2, "userErrors": []}
    page = (await graph.data(DOCUMENTS[1].replace("…", table)))["table"]["rows"]
    assert page["items"] == [{"id": 1, "at": "2024-01-31T12:00:00Z", "price": "9.90"}]
    weather = {"weather": STRING, "temp_max": NUMBER}
    live = await make_table(services, viewer, weather, [["sun", 20.0], ["rain", 10.0], ["sun", 24.0]], name="weather")
    place = await make_workspace(services, viewer, live)
    people = await make_table(services, viewer, {"name": STRING, "age": INTEGER}, [["Ada", 36]], key=("name",))
    members = str((await make_workspace(services, viewer, people)).id)
    edited = (await graph.data(DOCUMENTS[2], {"workspace": members}))["updateCell"]
    assert (edited["row"], edited["conflict"], edited["userErrors"]) == ({"name": "Ada", "age": 37}, None, [])
    again = (await graph.data(DOCUMENTS[2], {"workspace": members}))["updateCell"]
    assert again["conflict"] == {"currentValue": 37, "row": {"name": "Ada", "age": 37}}
    assert validate(build_schema()._schema, parse(DOCUMENTS[3])) == []
    drawn = (await graph.data(DOCUMENTS[4], {"workspace": str(place.id)}))["createChart"]
    assert drawn["userErrors"] == []
    assert [(row["x"], row["y"]) for row in drawn["chart"]["data"]["rows"]] == [("sun", 22.0), ("rain", 10.0)]
    assert len(DOCUMENTS) == 5


async def test_the_documents_about_sharing_run(
    services: Services, viewer: Viewer, colleague: Viewer, graph: Graph
) -> None:
    share, tags = documents("workspaces.md")
    place = await make_empty(services, viewer, "Plan")
    people = [str(colleague.user_id)]
    shared = (await graph.data(share, {"workspace": str(place.id), "people": people}))["shareWorkspace"]
    assert (shared["userErrors"], shared["share"]["state"]) == ([], "SHARED")
    assert shared["share"]["recipients"] == [{"email": "colleague@example.com"}]
    tag, tagged = re.split(r"\n\n(?=query Tagged)", tags)
    assert (await graph.data(tag, {"workspace": str(place.id)}))["setWorkspaceTags"]["tags"] == [
        {"name": "Finance", "slug": "finance"},
        {"name": "Q3", "slug": "q3"},
    ]
    assert [node["title"] for node in (await graph.data(tagged))["workspaces"]["nodes"]] == ["Plan"]


async def test_the_documents_about_conversations_run(services: Services, viewer: Viewer, graph: Graph) -> None:
    talk, read, asked = documents("conversations.md")
    begin, ask = re.split(r"\n\n(?=mutation Ask)", talk)
    place = await make_empty(services, viewer, "Rain")
    begun = (await graph.data(begin, {"workspace": str(place.id)}))["createThread"]
    assert (begun["userErrors"], begun["thread"]["agentSpec"]) == ([], {"name": "Workspace agent"})
    thread = {"thread": begun["thread"]["id"]}
    posted = (await graph.data(ask, thread))["postMessage"]
    assert (posted["userErrors"], posted["thread"]["title"]) == ([], "Why did it rain so much?")
    worker = await agent(services, viewer, place.id)
    await take(services, viewer, worker)
    question = (await graph.data(asked, {"run": posted["turn"]["runId"]}))["run"]["question"]
    assert question == {"content": "Why did it rain so much?", "history": []}
    await services.leases.complete(viewer, worker, posted["turn"]["runId"], result="It was spring.")
    found = (await graph.data(read, thread))["thread"]
    assert [one["content"] for one in found["messages"]["nodes"]] == ["It was spring.", "Why did it rain so much?"]
    assert found["lastTurnStatus"] == "COMPLETED"
