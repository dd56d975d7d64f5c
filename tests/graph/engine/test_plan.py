"""A plan answers as the library does: the same data, the same errors, and a mutation is carried out once."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

import orjson
import pytest
from graphql import GraphQLSchema, print_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded
from hypothesis_graphql import queries
from structlog.testing import capture_logs

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.events.hub import Hub
from app.events.streams import Streams
from app.graph.context import GraphContext
from app.graph.engine.encoding import encoded
from app.graph.engine.executor import Executor, Request
from app.services.registry import Services
from tests.support.zoo import COUNTER, cases, zoo

LEAVES = "id name skin weight age good born steps notes tricks grid backwards times __typename"
NAMES = sorted(cases())
DOCUMENTS = [
    *[
        f'{{ maybe(name: "{name}") {{ {leaf} }} }}'
        for name in NAMES
        for leaf in ("id", "name", "skin", "age", "born", "tricks", "grid", "notes")
    ],
    *[f'{{ dog(name: "{name}") {{ {LEAVES} }} }}' for name in NAMES],
    *[
        f'{{ animal(name: "{name}") {{ __typename id name ... on Dog {{ age }} ... on Fish {{ fins }} }} }}'
        for name in NAMES
    ],
    *[
        f'{{ maybe(name: "{name}") {{ friends {{ id name ... on Dog {{ skin }} }} best {{ name best {{ name }} }} }} }}'
        for name in NAMES
    ],
    '{ dogs(names: ["rex", "nobody", "rex"]) { name tricks } }',
    '{ dogs(names: ["rex", "nameless", "wrong"]) { name age } }',
    "{ dogs(names: []) { name } animals(names: []) { name } }",
    '{ animals(names: ["rex", "wanda"]) { name __typename } }',
    '{ animals(names: ["rex", "nobody"]) { name } }',
    '{ animals(names: ["rex", "stranger"]) { name } }',
    '{ dogs(names: ["wanda"]) { name } }',
    "{ a: dog { name } b: dog { name id } __typename }",
    "{ dog { ...F ...F name } } fragment F on Dog { name id ...G } fragment G on Animal { id b: name }",
    "{ dog { ... { name } ... on Animal { id } ... on Dog { age } } }",
    "{ dog { best { name } best { age } } }",
    '{ dog { times a: times(count: 3) b: times(count: 1, between: "-") c: times(between: null) } }',
    "{ dog { times(count: -1) refuses } }",
    "{ dog { name refuses } }",
    "{ dog { name breaks } maybe { name breaks } }",
    '{ maybe(name: "deep") { name best { name best { name } } } }',
    "{ dog { name } refused }",
    "{ refused }",
    "{ dog { bestOfAll { name } } }",
    '{ wish(wish: {}) b: wish(wish: {name: "x", ages: [1, 2]}, skin: FUR, at: "2020-01-01T00:00:00Z") }',
    '{ wish(wish: {ages: ["x"]}) }',
    "{ __schema { queryType { name } } dog { name } }",
    '{ __type(name: "Dog") { name fields { name } } }',
    "{ dog { __typename @skip(if: true) name @include(if: true) age @skip(if: false) } }",
    "{ dog { name @skip(if: true) } }",
]
VARIABLES: list[tuple[str, dict[str, Any] | None]] = [
    (
        "query($n: String!, $s: Boolean!) { dog(name: $n) { name @skip(if: $s) age @include(if: $s) } }",
        {"n": "rex", "s": True},
    ),
    (
        "query($n: String!, $s: Boolean!) { dog(name: $n) { name @skip(if: $s) age @include(if: $s) } }",
        {"n": "rex", "s": False},
    ),
    (
        "query($n: String!, $s: Boolean = true) { dog(name: $n) { ...F @include(if: $s) } } fragment F on Dog { name }",
        {"n": "rex"},
    ),
    ("query($n: String!) { dog(name: $n) { name } }", {}),
    ("query($n: String!) { dog(name: $n) { name } }", {"n": 5}),
    ('query($n: String! = "deep") { dog(name: $n) { name } }', None),
    ("query($w: Wish!, $k: Skin) { wish(wish: $w, skin: $k) }", {"w": {"ages": [3]}}),
    ("query($w: Wish!, $k: Skin!) { wish(wish: $w, skin: $k) }", {"w": {"ages": [3]}, "k": "FUR"}),
    ("query($w: Wish!, $k: Skin!) { wish(wish: $w, skin: $k) }", {"w": {"ages": [3]}, "k": "WOOL"}),
    ("query($c: Int) { dog { times(count: $c) } }", None),
    ("query($c: Int!) { dog { times(count: $c) } }", {"c": 4}),
    ("query A { dog { name } } query B { dog { age } }", None),
]
MUTATIONS = [
    'mutation { feed(name: "rex") { name } }',
    'mutation { a: feed(name: "rex") { name } b: feed(name: "nameless") { name } c: feed(name: "rex") { id } }',
    'mutation { feed(name: "nobody") { name } }',
    'mutation { feed(name: "rex") { name breaks } overfeed(name: "rex") { name } z: feed(name: "rex") { age } }',
    'mutation { overfeed(name: "rex") { name } feed(name: "rex") { refuses name } }',
    'mutation { __typename feed(name: "wrong") { age skin } }',
]


Both = tuple[Executor, Executor, GraphContext]


def generated(schema: GraphQLSchema, seed: int, count: int) -> list[str]:
    """So many documents that the schema allows, always the same for one seed."""
    found: list[str] = []

    @seeded(seed)
    @settings(max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(queries(print_schema(schema), allow_null=True))
    def collect(text: str) -> None:
        found.append(text)

    collect()
    return found


@pytest.fixture
async def both(db: Database, services: Services, viewer: Viewer) -> AsyncIterator[Both]:
    """The zoo by plan and by library, and who asks."""
    schema = zoo()
    context = GraphContext(viewer, services, Streams(db, Hub()), "request")
    # What breaks inside is logged with its whole stack; here that is most documents.
    with capture_logs():
        yield (
            Executor(schema, suggestions=True, planned=True),
            Executor(schema, suggestions=True, planned=False),
            context,
        )


async def answers(both: Both, text: str, variables: dict[str, Any] | None = None) -> tuple[Any, Any]:
    """What plan and library answer."""
    planned, library, context = both
    request = Request(query=text, variables=variables)
    found = [await one.run(request, context) for one in (planned, library)]
    return tuple((orjson.loads(encoded(one.body)), one.executed) for one in found)  # type: ignore[return-value]  # two of them


async def differences(both: Both, asked: Iterable[tuple[str, dict[str, Any] | None]]) -> list[tuple[str, Any, Any]]:
    """The documents to which plan and library answer differently, with both answers."""
    found = []
    for text, variables in asked:
        by_plan, by_library = await answers(both, text, variables)
        if by_plan != by_library:
            found.append((text, by_plan, by_library))
    return found


async def test_documents_have_the_librarys_answers(both: Both) -> None:
    assert await differences(both, [(text, None) for text in DOCUMENTS]) == []


async def test_variables_decide_as_they_do_in_the_library(both: Both) -> None:
    assert await differences(both, VARIABLES) == []


@pytest.mark.parametrize("seed", range(4))
async def test_generated_documents_have_the_librarys_answers(both: Both, seed: int) -> None:
    texts = generated(both[1].schema, seed, 150)
    assert len(set(texts)) > 50
    assert await differences(both, [(text, None) for text in texts]) == []


@pytest.mark.parametrize("text", MUTATIONS)
async def test_a_mutation_is_carried_out_once_whatever_becomes_of_its_answer(both: Both, text: str) -> None:
    planned, library, context = both
    found, done = [], []
    for one in (planned, library):
        COUNTER.done.clear()
        found.append(orjson.loads(encoded((await one.run(Request(query=text), context)).body)))
        done.append(list(COUNTER.done))
    assert found[0] == found[1]
    assert done[0] == done[1]
    assert len(done[0]) == text.count("feed(")


async def test_what_a_plan_covers_is_not_left_to_the_library(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    planned, _, context = both

    async def never(*_: object) -> None:
        raise AssertionError("left to the library")

    monkeypatch.setattr(planned, "_by_library", never)
    for text in (
        f"{{ dog {{ {LEAVES} }} }}",
        '{ animals(names: ["rex", "wanda", "rex"]) { id ... on Fish { fins } ... on Dog { friends { __typename } } } }',
        '{ maybe(name: "nobody") { name } dogs(names: ["rex", "nobody"]) { best { name } grid } }',
        'mutation { feed(name: "rex") { name times(count: 2) } __typename }',
    ):
        assert "data" in (await planned.run(Request(query=text), context)).body


async def test_plans_are_bounded(both: Both) -> None:
    planned, _, context = both
    names = [f"$v{n}: Boolean!" for n in range(6)]
    text = f"query({', '.join(names)}) {{ dog {{ id {' '.join(f'a{n}: name @skip(if: $v{n})' for n in range(6))} }} }}"
    for bits in range(64):
        variables = {f"v{n}": bool(bits >> n & 1) for n in range(6)}
        await planned.run(Request(query=text, variables=variables), context)
    plans = planned.documents.get(text).plans
    assert plans is not None
    assert len(plans) == 16


async def test_a_document_that_asks_for_a_million_fields_is_not_planned(both: Both) -> None:
    planned, _, context = both
    steps = " ".join(f"fragment f{n} on Dog {{ best {{ ...f{n + 1} }} friends {{ ...f{n + 1} }} }}" for n in range(10))
    text = f"{{ dog {{ ...f0 }} }} {steps} fragment f10 on Dog {{ name }}"
    assert (await planned.run(Request(query=text), context)).body == {"data": {"dog": {"best": None, "friends": []}}}
    assert await differences(both, [(text, None)]) == []
