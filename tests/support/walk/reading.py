"""Every question about the world that the schema allows, asked as one viewer, and what may be in the answers."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from tests.support.graph import Answer
from tests.support.walk.asking import told
from tests.support.walk.people import READERS, Realm, Who
from tests.support.walk.trees import Trees
from tests.support.walk.world import World

UNKNOWN: Final = "0197f3a0-0000-7000-8000-000000000000"
MARK: Final = re.compile(r"zq[a-z]+\d{4}")
ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Of how many things of a kind and realm every relation is followed; runs and tasks differ in what they are tied to.
DEEP_MAX: Final = 4
# The types of what has an id in the world.
TYPES: Final[Mapping[str, str]] = {
    "workspace": "Workspace",
    "task": "Task",
    "run": "Run",
    "chart": "Chart",
    "table": "Table",
    "artifact": "Artifact",
    "mutation": "CellMutation",
    "agentSession": "AgentSession",
    "thread": "Thread",
    "turn": "Turn",
    "message": "Message",
}
# Of what kind the ids are that arguments and members of filters take.
IDS: Final[Mapping[str, str]] = {
    "workspaceId": "workspace",
    "taskId": "task",
    "taskIds": "task",
    "parentId": "task",
    "runId": "run",
    "tagIds": "tag",
}
# Runs of conversations name these to whoever reads the workspace; their words stay with their author.
NAMED: Final = {Realm.OWN: Realm.PLACE, Realm.GUEST: Realm.PLACE}


class Reading:
    """What one viewer is told; `seen` are the fields that ever had a value, `marks` the texts."""

    def __init__(self, world: World, who: Who) -> None:
        self.world = world
        self.who = who
        self.seen: set[str] = set()
        self.marks: set[str] = set()
        self._graph = world.graph.as_(world.people[who])
        self._schema = world.graph.executor.schema
        self._trees = Trees(self._schema)
        self._realms = world.realm_of()
        assert self._schema.query_type is not None
        self._roots = self._schema.query_type.fields

    async def everything(self) -> None:
        """From every id, from every root field, through every filter."""
        for realm, kinds in self.world.ids.items():
            for kind, ids in kinds.items():
                for id in ids[:DEEP_MAX] if kind in TYPES else ():
                    await self._from(realm, self._type(TYPES[kind]), id)
        for name, field in self._roots.items():
            required = [one for one, argument in field.args.items() if is_required_argument(argument)]
            if required:
                assert required in (["id"], ["ids"]), f"Query.{name} needs {required}: say what to ask for"
                await self._by_id(name, field, required[0])
            else:
                await self._list(name, field)
                await self._filtered(name, field)

    async def _from(self, realm: Realm, kind: GraphQLObjectType, id: str) -> None:
        if self.who not in READERS[realm]:
            await self._like_unknown(
                f"node(id: $id) {{ id ... on {kind.name} {{ {self._trees.below(kind, 1)} }} }}", id
            )
            return
        for part in self._trees.parts(kind, 2):
            answer = await self._ask(f"node(id: $id) {{ ... on {kind.name} {{ {part} }} }}", id=id)
            assert answer["data"]["node"] is not None, f"{self.who} may read {kind.name} {id}"
            self._allowed(answer, f"node(id: {kind.name})")

    async def _by_id(self, name: str, field: GraphQLField, argument: str) -> None:
        kind = get_named_type(field.type)
        below = self._trees.below(kind, 1)
        named = [one for one, type in TYPES.items() if type == kind.name] or TYPES
        for id in (id for one in named for id in self.world.every(one)):
            selection = f"{name}({argument}: {'$id' if argument == 'id' else '[$id]'}) {{ {below} }}"
            answer = await self._ask(selection, id=id)
            self._allowed(answer, f"Query.{name}", id)
            if self.who not in READERS[self._realms[id]]:
                await self._like_unknown(selection, id)

    async def _list(self, name: str, field: GraphQLField) -> None:
        call = f"{name}(first: 100)" if "first" in field.args else name
        kind = get_named_type(field.type)
        assert isinstance(kind, GraphQLObjectType)
        # What a page holds is walked from its own ids as well.
        page = kind.name.endswith("Connection")
        for selection in [self._trees.below(kind, 1)] if page else self._trees.parts(kind, 3):
            self._allowed(await self._ask(f"{call} {{ {selection} }}"), f"Query.{name}")

    async def _filtered(self, name: str, field: GraphQLField) -> None:
        below = self._trees.below(get_named_type(field.type), 1)
        for text, member in filters(field):
            for realm in (Realm.PLACE, Realm.HIDDEN):
                for id in self.world.every(IDS[member], realm)[:1]:
                    selection = f"{name}({text}) {{ {below} }}"
                    if self.who in READERS[realm]:
                        self._allowed(await self._ask(selection, id=id), f"Query.{name}({member})")
                    else:
                        await self._like_unknown(selection, id)

    async def _like_unknown(self, selection: str, id: str) -> None:
        answer, unknown = await self._ask(selection, id=id), await self._ask(selection, id=UNKNOWN)
        assert told(answer, id) == told(unknown, UNKNOWN), f"{self.who} learns of {id} by {selection[:80]}"

    async def _ask(self, selection: str, **given: str) -> Answer:
        variables = {"chart": self.world.first("chart"), "run": self.world.first("run"), **given}
        used = {name: value for name, value in variables.items() if re.search(rf"\${name}\b", selection)}
        head = f"query({', '.join(f'${name}: ID!' for name in used)})" if used else "query"
        return await self._graph(f"{head} {{ {selection} }}", used)

    def _allowed(self, answer: Answer, where: str, asked: str = "") -> None:
        """Nobody's else texts or ids are in the answer, and no count betrays them."""
        assert "errors" not in answer, f"{where} as {self.who}: {answer['errors']}"
        text = orjson.dumps(answer).decode().replace(asked or UNKNOWN, "")
        marks = set(MARK.findall(text))
        foreign = {mark for mark in marks if self.who not in READERS[self.world.marks[mark]]}
        assert not foreign, f"{where} tells {self.who} {foreign}"
        named = orjson.dumps(without_payloads(answer)).decode().replace(asked or UNKNOWN, "")
        realms = {id: self._realms[id] for id in ID.findall(named) if id in self._realms}
        betrayed = {id for id, realm in realms.items() if self.who not in READERS[NAMED.get(realm, realm)]}
        assert not betrayed, f"{where} names {betrayed} to {self.who}"
        self.marks |= marks
        self._note(answer["data"], where)

    def _note(self, value: Any, where: str) -> None:
        if isinstance(value, list):
            for item in value:
                self._note(item, where)
        elif isinstance(value, dict):
            kind = value.get("__typename")
            for name, item in value.items():
                if kind is not None and item not in (None, []):
                    self.seen.add(f"{kind}.{name}")
                self._note(item, where)
            if kind is not None and "totalCount" in value and "nodes" in value and not value["pageInfo"]["hasNextPage"]:
                assert value["totalCount"] == len(value["nodes"]), f"{where} counts what {self.who} does not see"

    def _type(self, name: str) -> GraphQLObjectType:
        found = self._schema.type_map[name]
        assert isinstance(found, GraphQLObjectType)
        return found


def without_payloads(value: Any) -> Any:
    """An answer without what events hold: those of a task name, by their ids alone, what it was tied to."""
    if isinstance(value, list):
        return [without_payloads(item) for item in value]
    if isinstance(value, dict):
        return {name: without_payloads(item) for name, item in value.items() if name != "payload"}
    return value


def filters(field: GraphQLField) -> Iterator[tuple[str, str]]:
    """Each way in which a field takes an id that it can do without: the text of the argument, and what it is called."""
    for name, argument in field.args.items():
        kind = get_named_type(argument.type)
        if kind.name == "ID":
            yield f"{name}: {_one(argument.type)}", name
        elif isinstance(kind, GraphQLInputObjectType):
            for member, taken in kind.fields.items():
                if get_named_type(taken.type).name == "ID":
                    yield f"{name}: {{ {member}: {_one(taken.type)} }}", member
                else:
                    assert is_leaf_type(get_named_type(taken.type)), f"{kind.name}.{member}: say what to ask for"


def _one(kind: Any) -> str:
    return "[$id]" if "[" in str(kind) else "$id"
