"""Workspaces in the graph as their owner, their recipients and strangers see them: fields, lists, refusals, cost."""

from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.viewer import UserRole, Viewer
from app.domain.grid.table import TableScope
from app.services.registry import Services
from app.services.tags import TagDraft
from app.services.workspace_draft import Binding
from tests.services.test_charts import SPEC
from tests.services.test_workspaces import make_artifact, snapshot
from tests.support.graph import Graph
from tests.support.grid import PEOPLE_ROWS, make_empty, make_table, make_task, make_workspace, unchanged
from tests.support.people import make_viewer
from tests.support.sharing import expire, names, share_with

RANDOM = "01900000-0000-7000-8000-000000000000"
FACE = """
query($id: ID!) {
  workspace(id: $id) {
    viewerAccess isShared shareRecipients { email } sharedBy { email }
    share { state status shareId expiresAt createdAt updatedAt recipientUserIds recipients { email } }
    tags { name } activity { kind title status detail } runs { nodes { id } totalCount } run(id: $id) { id }
    events { nodes { type } totalCount }
  }
}
"""
SHARE = """
mutation($input: ShareWorkspaceInput!) {
  shareWorkspace(input: $input) {
    userErrors { code field reason } sequence workspace { isShared }
    share { state status shareId recipients { email } recipientUserIds expiresAt }
  }
}
"""
# Every mutation of this half, each on the workspace `$w`, with what its payload answers when nothing was done.
WRITES = {
    "updateWorkspace": 'updateWorkspace(input: {workspaceId: $w, title: "x"})',
    "archiveWorkspace": "archiveWorkspace(input: {workspaceId: $w})",
    "restoreWorkspace": "restoreWorkspace(input: {workspaceId: $w})",
    "deleteWorkspace": "deleteWorkspace(input: {workspaceId: $w})",
    "setWorkspaceTags": 'setWorkspaceTags(input: {workspaceId: $w, tagNames: ["x"]})',
    "shareWorkspace": "shareWorkspace(input: {workspaceId: $w})",
    "revokeWorkspaceShare": "revokeWorkspaceShare(input: {workspaceId: $w})",
    "clearWorkspaceShare": "clearWorkspaceShare(input: {workspaceId: $w})",
}
DEEP = """
{
  workspaces(first: 100) {
    nodes {
      title isShared shareRecipients { email } sharedBy { email }
      share { state recipientUserIds recipients { email } }
      tags { name workspaces { title } createdBy { email } }
      activity(first: 20) { id kind title status detail createdAt }
    }
  }
}
"""


async def write(graph: Graph, name: str, id: str) -> Any:
    """What one of the mutations answers."""
    document = f"mutation($w: ID!) {{ m: {WRITES[name]} {{ sequence userErrors {{ code reason field }} }} }}"
    answer = await graph(document, {"w": id})
    return (answer.get("errors"), answer["data"])


async def test_each_sees_what_is_theirs_to_see(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, graph: Graph
) -> None:
    place = await make_empty(services, viewer, "Ours")
    id = {"id": str(place.id)}
    await services.tags.set_on_workspace(viewer, str(place.id), [], ["b", "a"])
    before = (await graph.data(FACE, id))["workspace"]
    assert before["share"] == {
        **dict.fromkeys(("status", "shareId", "expiresAt", "createdAt", "updatedAt")),
        "state": "NOT_SHARED",
        "recipientUserIds": [],
        "recipients": [],
    }
    assert (before["viewerAccess"], before["isShared"], before["sharedBy"]) == ("OWNER", False, None)

    await share_with(services, viewer, place.id, colleague)
    owner = (await graph.data(FACE, id))["workspace"]
    guest = (await graph.as_(colleague).data(FACE, id))["workspace"]
    recipients = [{"email": "colleague@example.com"}]
    assert (owner["isShared"], owner["shareRecipients"], owner["share"]["recipients"]) == (True, recipients, recipients)
    assert owner["share"]["recipientUserIds"] == [str(colleague.user_id)]
    assert (owner["share"]["state"], owner["share"]["status"]) == ("SHARED", "ACTIVE")
    assert (guest["viewerAccess"], guest["isShared"], guest["shareRecipients"]) == ("RECIPIENT", True, [])
    assert (guest["share"], guest["sharedBy"]) == (None, {"email": "owner@example.com"})
    assert guest["tags"] == owner["tags"] == [{"name": "a"}, {"name": "b"}]
    assert [item["kind"] for item in owner["activity"]] == ["SHARE", "WORKSPACE"]
    assert [item["kind"] for item in guest["activity"]] == ["WORKSPACE"]
    assert [event["type"] for event in owner["events"]["nodes"]] == [
        "WORKSPACE_CREATED",
        "WORKSPACE_TAGS_SET",
        "WORKSPACE_SHARED",
    ]
    assert (guest["events"]["totalCount"], len(guest["events"]["nodes"])) == (2, 2)

    await expire(db, place.id)
    ended = (await graph.data(FACE, id))["workspace"]
    assert (ended["isShared"], ended["shareRecipients"]) == (False, [])
    assert (ended["share"]["state"], ended["share"]["status"]) == ("EXPIRED", "EXPIRED")
    assert ended["share"]["recipients"] == recipients
    assert (await graph.as_(colleague).data(FACE, id))["workspace"] is None


async def test_a_share_answers_with_what_it_is(
    services: Services, viewer: Viewer, colleague: Viewer, graph: Graph
) -> None:
    place = await make_empty(services, viewer)
    given = {
        "workspaceId": str(place.id),
        "recipientUserIds": [str(colleague.user_id)],
        "expiresAt": "2199-01-01T00:00Z",
    }
    done = (await graph.data(SHARE, {"input": given}))["shareWorkspace"]
    assert done["share"].pop("shareId")
    assert (done["userErrors"], done["workspace"]) == ([], {"isShared": True})
    assert done["share"] == {
        "state": "SHARED",
        "status": "ACTIVE",
        "recipients": [{"email": "colleague@example.com"}],
        "recipientUserIds": [str(colleague.user_id)],
        "expiresAt": "2199-01-01T00:00:00Z",
    }
    document = """
    mutation($w: ID!) {
      a: revokeWorkspaceShare(input: {workspaceId: $w}) { share { state } workspace { isShared } }
      b: clearWorkspaceShare(input: {workspaceId: $w}) { share { state shareId } sequence }
      c: clearWorkspaceShare(input: {workspaceId: $w}) { share { state } sequence userErrors { code } }
      d: revokeWorkspaceShare(input: {workspaceId: $w}) { share { state } userErrors { code reason } }
    }
    """
    ends = await graph.data(document, {"w": str(place.id)})
    assert ends["a"] == {"share": {"state": "REVOKED"}, "workspace": {"isShared": False}}
    assert (ends["b"]["share"], ends["b"]["sequence"] is not None) == ({"state": "NOT_SHARED", "shareId": None}, True)
    assert ends["c"] == {"share": {"state": "NOT_SHARED"}, "sequence": None, "userErrors": []}
    assert ends["d"]["userErrors"] == [{"code": "NOT_FOUND", "reason": "share_not_found"}]


async def test_what_is_wrong_with_a_share_is_told_where_it_is(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, graph: Graph
) -> None:
    id = str((await make_empty(services, viewer)).id)
    for given, fields in (
        ({"recipientUserIds": [str(colleague.user_id), RANDOM, "x"]}, ["recipientUserIds.1", "recipientUserIds.2"]),
        ({"expiresAt": "2001-01-01T00:00:00Z"}, ["expiresAt"]),
    ):
        async with unchanged(db):
            done = (await graph.data(SHARE, {"input": {"workspaceId": id, **given}}))["shareWorkspace"]
        assert [(e["code"], e["field"]) for e in done["userErrors"]] == [("BAD_USER_INPUT", at) for at in fields]


async def test_patches_know_absent_from_null(services: Services, viewer: Viewer, graph: Graph) -> None:
    id = str((await make_empty(services, viewer, "Title")).id)
    document = """
    mutation($input: UpdateWorkspaceInput!) {
      updateWorkspace(input: $input) {
        sequence userErrors { code field } workspace { title description rendererConfig }
      }
    }
    """

    async def patched(**given: Any) -> tuple[Any, bool]:
        done = (await graph.data(document, {"input": {"workspaceId": id, **given}}))["updateWorkspace"]
        assert done["userErrors"] == []
        return done["workspace"], done["sequence"] is not None

    face = {"title": "Title", "description": "d", "rendererConfig": {"a": [1, None]}}
    assert await patched(description="d", rendererConfig={"a": [1, None]}) == (face, True)
    assert await patched(title=None) == (face, False)
    assert await patched(title="Other", description=None) == ({**face, "title": "Other", "description": None}, True)
    assert await patched(rendererConfig=None) == ({"title": "Other", "description": None, "rendererConfig": {}}, True)
    refused = (await graph.data(document, {"input": {"workspaceId": id, "rendererConfig": 5}}))["updateWorkspace"]
    assert refused["userErrors"] == [{"code": "BAD_USER_INPUT", "field": "rendererConfig"}]


@pytest.mark.parametrize("name", WRITES)
async def test_who_may_write_what(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer, graph: Graph, name: str
) -> None:
    async def answers(who: Viewer, id: object) -> Any:
        async with unchanged(db):
            return await write(graph.as_(who), name, str(id))

    revoked = await make_viewer(db, email="revoked@example.com", role=UserRole.MEMBER)
    place, dead = await make_empty(services, viewer), await make_empty(services, viewer)
    await share_with(services, viewer, place.id, colleague)
    await share_with(services, viewer, dead.id, colleague, revoked)
    nobody = await answers(colleague, RANDOM)
    assert nobody[1]["m"]["userErrors"] == [{"code": "NOT_FOUND", "reason": "workspace_not_found", "field": None}]
    assert await answers(revoked, place.id) == nobody
    assert await answers(outsider, place.id) == nobody
    await services.shares.revoke(viewer, str(dead.id))
    assert await answers(revoked, dead.id) == nobody
    await share_with(services, viewer, dead.id, revoked)
    await expire(db, dead.id)
    assert await answers(revoked, dead.id) == nobody
    if name != "clearWorkspaceShare":
        refused = await answers(colleague, place.id)
        assert (refused[0], refused[1]["m"]["userErrors"][0]["code"]) == (None, "FORBIDDEN")
    else:
        left = await write(graph.as_(colleague), name, str(place.id))
        assert (left[1]["m"]["userErrors"], left[1]["m"]["sequence"] is not None) == ([], True)
        assert await answers(colleague, place.id) == nobody
    done = await write(graph, name, str(place.id))
    assert (done[0], done[1]["m"]["userErrors"]) == (None, [])


async def test_a_stranger_sees_what_one_sees_of_nothing(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer, graph: Graph
) -> None:
    place = await make_empty(services, viewer)
    await services.tags.set_on_workspace(viewer, str(place.id), [], ["seen"])
    document = FACE.replace("query($id: ID!) {", "query($id: ID!) { node(id: $id) { id }")
    for stranger in (colleague, outsider):
        theirs = graph.as_(stranger)
        assert await theirs(document, {"id": str(place.id)}) == await theirs(document, {"id": RANDOM})
    [tag] = (await graph.as_(colleague).data("{ tags { nodes { name workspaces { id } } } }"))["tags"]["nodes"]
    assert tag == {"name": "seen", "workspaces": []}
    assert (await graph.as_(outsider).data("{ tags { totalCount } }"))["tags"] == {"totalCount": 0}


async def test_an_archived_workspace_says_so(db: Database, services: Services, viewer: Viewer, graph: Graph) -> None:
    id = str((await make_empty(services, viewer)).id)
    for at in range(2):
        done = (await write(graph, "archiveWorkspace", id))[1]["m"]
        assert (done["userErrors"], done["sequence"] is None) == ([], at == 1)
    for name in ("updateWorkspace", "shareWorkspace"):
        async with unchanged(db):
            _, refused = await write(graph, name, id)
        assert refused["m"]["userErrors"] == [
            {"code": "WORKSPACE_ARCHIVED", "reason": "workspace_archived", "field": None}
        ]
    for name in ("setWorkspaceTags", "clearWorkspaceShare", "restoreWorkspace", "updateWorkspace", "deleteWorkspace"):
        assert (await write(graph, name, id))[1]["m"]["userErrors"] == []


async def test_lists_are_narrowed_by_tags(services: Services, viewer: Viewer, graph: Graph) -> None:
    red = (await services.tags.create(viewer, TagDraft(name="Red"))).tag
    for title, worn in (("r", ["red"]), ("rb", ["RED", "blue"]), ("b", ["blue"]), ("none", [])):
        place = await make_empty(services, viewer, title)
        await services.tags.set_on_workspace(viewer, str(place.id), [], worn)

    async def found(**wanted: Any) -> list[str]:
        document = """
        query($tags: [String!], $tagIds: [ID!], $tagMatch: TagMatch! = ANY) {
          workspaces(tags: $tags, tagIds: $tagIds, tagMatch: $tagMatch) { nodes { title } totalCount }
        }
        """
        listed = (await graph.data(document, wanted))["workspaces"]
        assert listed["totalCount"] == len(listed["nodes"])
        return [node["title"] for node in listed["nodes"]]

    id = str(red.id)
    assert await found() == await found(tags=[], tagMatch="ALL") == ["none", "b", "rb", "r"]
    assert await found(tags=["rEd"]) == await found(tagIds=[id]) == ["rb", "r"]
    assert await found(tags=["red", "blue"]) == await found(tagIds=[id], tags=["blue"]) == ["b", "rb", "r"]
    assert await found(tags=["blue"], tagIds=[id], tagMatch="ALL") == ["rb"]
    assert await found(tags=["blue", "nonsense"]) == ["b", "rb"]
    for unknown in ({"tags": ["nonsense"]}, {"tagIds": [RANDOM]}, {"tagIds": ["nonsense"]}, {"tags": ["!"]}):
        assert await found(**unknown) == await found(**unknown, tagMatch="ALL") == []
        assert await found(tags=["red", *unknown.get("tags", [])], tagIds=unknown.get("tagIds"), tagMatch="ALL") == []
    many = await graph("query($tags: [String!]) { workspaces(tags: $tags) { totalCount } }", {"tags": ["x"] * 51})
    assert many["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_what_is_shared_with_me_comes_last_shared_first(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, graph: Graph
) -> None:
    places = [await make_empty(services, viewer, f"place {at}") for at in range(6)]
    for place in places:
        await share_with(services, viewer, place.id, colleague)
    await share_with(services, viewer, places[1].id, colleague)
    await expire(db, places[2].id)
    await services.shares.revoke(viewer, str(places[3].id))
    await services.workspace_life.archive(viewer, str(places[4].id))
    document = """
    query($after: String) {
      sharedWorkspaces(first: 2, after: $after) { nodes { title } totalCount pageInfo { hasNextPage endCursor } }
    }
    """
    theirs = graph.as_(colleague)
    first = (await theirs.data(document))["sharedWorkspaces"]
    assert ([node["title"] for node in first["nodes"]], first["totalCount"]) == (["place 1", "place 5"], 3)
    rest = (await theirs.data(document, {"after": first["pageInfo"]["endCursor"]}))["sharedWorkspaces"]
    assert ([node["title"] for node in rest["nodes"]], rest["pageInfo"]["hasNextPage"]) == (["place 0"], False)
    assert (await graph.data(document))["sharedWorkspaces"]["totalCount"] == 0
    assert (await theirs.data("{ workspaces { totalCount } }"))["workspaces"]["totalCount"] == 0


async def test_people_and_tags_to_choose_from(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer, graph: Graph
) -> None:
    await services.identity.create_user(
        viewer, email="zoe@example.com", first_name="Zoe", last_name="Ada", role=UserRole.MEMBER
    )
    users = "query($q: String, $n: Int, $a: String) { users(query: $q, first: $n, after: $a) { nodes { email } } }"
    everybody = ["colleague@example.com", "owner@example.com", "zoe@example.com"]
    assert await names(graph, users, ["users"]) == everybody
    assert await names(graph.as_(colleague), users, ["users"], q="oe ad") == ["zoe@example.com"]
    assert await names(graph, users, ["users"], q="EXAMPLE.com", n=1) == everybody[:1]
    assert await names(graph, users, ["users"], q="%") == []
    end = (await graph.data("{ users(first: 1) { pageInfo { endCursor } } }"))["users"]["pageInfo"]["endCursor"]
    assert await names(graph, users, ["users"], a=end) == everybody[1:]
    for name, space in (("b", None), ("a", "x"), ("c d", None), ("a", "w"), ("a", None)):
        await services.tags.create(viewer, TagDraft(name=name, namespace=space))
    tags = """
    query($q: String, $s: String, $n: Int, $a: String) {
      tags(query: $q, namespace: $s, first: $n, after: $a) {
        nodes { name namespace } pageInfo { endCursor } totalCount
      }
    }
    """
    found = (await graph.as_(colleague).data(tags))["tags"]
    order = [("a", None), ("b", None), ("c d", None), ("a", "w"), ("a", "x")]
    assert ([(n["name"], n["namespace"]) for n in found["nodes"]], found["totalCount"]) == (order, 5)
    walked, after = [], None
    for _ in order:
        page = (await graph.data(tags, {"n": 1, "a": after}))["tags"]
        walked += [(n["name"], n["namespace"]) for n in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert walked == order
    assert await names(graph, tags, ["tags"], q="C-") == ["c d"]
    assert await names(graph, tags, ["tags"], s="w") == ["a"]


async def scene(services: Services, viewer: Viewer, guests: list[Viewer], at: int) -> None:
    """A workspace that is shared, tagged and lively."""
    table = await make_table(services, viewer, rows=PEOPLE_ROWS, name=f"table {at}", key=("name",))
    place = await make_workspace(services, viewer, table, title=f"place {at}")
    task = await make_task(services, viewer, f"task {at}", workspace_id=place.id)
    await services.tasks.enqueue(viewer, task)
    await services.workspaces.attach(viewer, str(place.id), Binding(task_id=task, mutates=True))
    await services.charts.create(viewer, str(place.id), SPEC)
    await services.tags.set_on_workspace(viewer, str(place.id), [], ["all", f"tag {at}"])
    await share_with(services, viewer, place.id, *guests)


async def test_a_list_of_fifty_takes_as_many_statements_as_one(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, graph: Graph
) -> None:
    async def statements(expected: int) -> int:
        before = db.statements
        nodes = (await graph.data(DEEP))["workspaces"]["nodes"]
        assert len(nodes) == expected
        for node in nodes:
            assert (len(node["share"]["recipients"]), len(node["tags"]), len(node["activity"])) == (1, 2, 5)
        return db.statements - before

    costs = []
    for at in range(50):
        await scene(services, viewer, [colleague], at)
        if at + 1 in (1, 10, 50):
            costs.append(await statements(at + 1))
    assert costs[0] == costs[1] == costs[2] <= 9


async def test_where_the_rows_of_a_workspace_are(services: Services, viewer: Viewer, graph: Graph) -> None:
    task = await make_task(services, viewer, "Sum it up!")
    home = await make_empty(services, viewer)
    owners: dict[str, Any] = {
        "t": {"scope": TableScope.TASK, "task_id": task},
        "w": {"scope": TableScope.WORKSPACE, "workspace_id": str(home.id)},
        "a": {},
    }
    document = "query($id: ID!) { workspace(id: $id) { storageKey backingOwnerTaskSlug backingWorkspaceKey } }"
    found = {}
    for name, more in owners.items():
        table = await make_table(services, viewer, name=name, rows=PEOPLE_ROWS, **more)
        place = await make_workspace(services, viewer, table)
        found[name] = list((await graph.data(document, {"id": str(place.id)}))["workspace"].values())
    copy = (await services.workspaces.create(viewer, snapshot(await make_artifact(services, viewer)))).workspace
    kept = (await graph.data(document, {"id": str(copy.id)}))["workspace"]
    assert found == {"t": [None, "sum-it-up", None], "w": [None, None, str(home.id)], "a": [None, None, None]}
    assert list(kept.values()) == [str(copy.table_id), None, None]
    empty = (await graph.data(document, {"id": str(home.id)}))["workspace"]
    assert list(empty.values()) == [None, None, None]


async def test_the_runs_of_a_workspace_are_its_own(services: Services, viewer: Viewer, graph: Graph) -> None:
    here, elsewhere = await make_empty(services, viewer), await make_empty(services, viewer)
    runs = []
    for place in (here, here, here, elsewhere):
        task = await make_task(services, viewer, workspace_id=place.id)
        runs.append(str((await services.tasks.enqueue(viewer, task)).run.id))
    await services.tasks.enqueue(viewer, await make_task(services, viewer, "global"))
    document = """
    query($id: ID!, $run: ID!, $after: String) {
      workspace(id: $id) {
        run(id: $run) { id }
        runs(first: 2, after: $after) { nodes { id } totalCount pageInfo { endCursor hasNextPage } }
      }
    }
    """
    first = (await graph.data(document, {"id": str(here.id), "run": runs[0]}))["workspace"]
    assert (first["run"], [run["id"] for run in first["runs"]["nodes"]]) == ({"id": runs[0]}, [runs[2], runs[1]])
    assert (first["runs"]["totalCount"], first["runs"]["pageInfo"]["hasNextPage"]) == (3, True)
    more = {"id": str(here.id), "run": runs[3], "after": first["runs"]["pageInfo"]["endCursor"]}
    rest = (await graph.data(document, more))["workspace"]
    assert (rest["run"], rest["runs"]["nodes"], rest["runs"]["pageInfo"]["hasNextPage"]) == (
        None,
        [{"id": runs[0]}],
        False,
    )
    for damaged in ("x", "WzEsInVzZXJzIiwieCJd", "WzEsIndvcmtzcGFjZSBydW5zIiwieCJd"):
        answer = await graph(document, {**more, "after": damaged})
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
