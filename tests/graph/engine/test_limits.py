"""How large a document may be: at each limit it runs, one over it is refused, and finding out is quick."""

import time
from collections.abc import Iterator

import pytest
from graphql import get_introspection_query

from app.graph.engine.executor import Executor, Request, RequestRefused
from app.resolvers.root import build_schema
from tests.support.graph import Graph

# Far more than any of these takes, far less than work that doubles with each fragment.
SECONDS_MAX = 2.0


def codes(executor: Executor, document: str) -> list[tuple[str, str]]:
    """The code and the message of each reason why the document may not run."""
    try:
        executor.operation(Request(query=document))
    except RequestRefused as refusal:
        found = refusal.answer("test-request").body["errors"]
        return [(error["extensions"]["code"], error["message"]) for error in found]
    return []


def nested(depth: int, inner: str = "id") -> str:
    """`parent { parent { … } }`, so many levels."""
    return "parent { " * depth + inner + " }" * depth


def depth_12_and_13() -> Iterator[tuple[str, str, str]]:
    """(name, at the limit, one over it): `task` itself is the first level."""
    for name, inner, more in (
        ("plain", "id", ""),
        ("inline fragment", "... on Task { ... { id } }", ""),
        ("fragment", "...f", " fragment f on Task { id }"),
    ):
        yield (
            name,
            f'{{ task(id: "x") {{ {nested(11, inner)} }} }}{more}',
            (f'{{ task(id: "x") {{ {nested(12, inner)} }} }}{more}'),
        )
    through = " fragment f on Task { %s } fragment g on Task { %s }"
    yield (
        "two fragments",
        '{ task(id: "x") { parent { ...f } } }' + through % (nested(5, "...g"), nested(5)),
        '{ task(id: "x") { parent { ...f } } }' + through % (nested(5, "...g"), nested(6)),
    )


@pytest.mark.parametrize(("at", "over"), [p[1:] for p in depth_12_and_13()], ids=[p[0] for p in depth_12_and_13()])
def test_depth(executor: Executor, at: str, over: str) -> None:
    assert codes(executor, at) == []
    assert codes(executor, over) == [
        ("QUERY_TOO_DEEP", "The operation nests deeper than 12 levels; ask in several operations.")
    ]


ALIASED = " ".join(f"a{n}: __typename" for n in range(10))


@pytest.mark.parametrize(
    ("at", "over"),
    [
        (f"{{ {ALIASED} {ALIASED} {ALIASED} }}", f"{{ {ALIASED} {ALIASED} {ALIASED} b: __typename }}"),
        (
            f"{{ ...f ...f ...f }} fragment f on Query {{ {ALIASED} }}",
            f"{{ ...f ...f ...f b: __typename }} fragment f on Query {{ {ALIASED} }}",
        ),
        (
            f"{{ ...g {ALIASED} }} fragment g on Query {{ ...f ... {{ ...f }} }} fragment f on Query {{ {ALIASED} }}",
            f"{{ ...g ...g }} fragment g on Query {{ ...f ... {{ ...f }} }} fragment f on Query {{ {ALIASED} }}",
        ),
        (
            f"{{ __schema {{ types {{ {ALIASED} {ALIASED} {ALIASED} }} }} }}",
            f"{{ a: __schema {{ types {{ {ALIASED} {ALIASED} {ALIASED} }} }} }}",
        ),
    ],
    ids=["plain", "fragments", "fragments of fragments", "introspection"],
)
def test_aliases(executor: Executor, at: str, over: str) -> None:
    assert codes(executor, at) == []
    assert codes(executor, over) == [
        ("QUERY_TOO_COMPLEX", "The operation uses more than 30 aliases; ask in several operations.")
    ]


def skipped(count: int) -> str:
    """So many fields with a directive each."""
    return "__typename @skip(if: false) " * count


@pytest.mark.parametrize(
    ("at", "over"),
    [
        (f"{{ {skipped(50)} }}", f"{{ {skipped(51)} }}"),
        (
            f"{{ ...f ...f }} fragment f on Query {{ {skipped(25)} }}",
            f"{{ ...f ...f ...f }} fragment f on Query {{ {skipped(17)} }}",
        ),
        (f"{{ ... @skip(if: false) {{ {skipped(49)} }} }}", f"{{ ... @skip(if: false) {{ {skipped(50)} }} }}"),
        (
            f"{{ ...f @skip(if: false) }} fragment f on Query {{ {skipped(49)} }}",
            f"{{ ...f @skip(if: false) }} fragment f on Query {{ {skipped(50)} }}",
        ),
    ],
    ids=["plain", "fragments", "on an inline fragment", "on a spread"],
)
def test_directives(executor: Executor, at: str, over: str) -> None:
    assert codes(executor, at) == []
    assert codes(executor, over) == [
        ("QUERY_TOO_COMPLEX", "The operation uses more than 50 directives; ask in several operations.")
    ]


@pytest.mark.parametrize(
    "where", ["query @a @a {F}", "query($x: Int @a @a) {F}", "{F} fragment f on Query @a @a { __typename }"]
)
def test_a_directive_counts_wherever_it_stands(executor: Executor, where: str) -> None:
    document = where.replace("F", f" ...f {skipped(49)} ")
    told = codes(executor, document if "fragment" in where else f"{document} fragment f on Query {{ __typename }}")
    assert [code for code, _ in told] == ["QUERY_TOO_COMPLEX"]


def test_tokens(executor: Executor) -> None:
    variables = " ".join(f"$v{n}: Int" for n in range(500))
    # `query`, its brackets and braces, four tokens a variable, and a field.
    at = f"query({variables[: variables.index('$v498')]}) {{ __typename __typename __typename }}"
    assert {code for code, _ in codes(executor, at)} == {"GRAPHQL_VALIDATION_FAILED"}  # unused, but read
    assert codes(executor, f"{at[:-1]} __typename }}") == [
        ("QUERY_TOO_COMPLEX", "The document has more than 2000 tokens; ask in several operations.")
    ]


def test_characters(executor: Executor) -> None:
    at = "{ __typename }".ljust(100_000)
    assert codes(executor, at) == []
    assert [code for code, _ in codes(executor, at + " ")] == ["QUERY_TOO_COMPLEX"]


def doubling(levels: int) -> str:
    """Each fragment spreads the next one twice: written out, it would hold 2^levels fields."""
    steps = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ... {{ ...f{n + 1} }} }}" for n in range(levels))
    return f"{{ ...f0 }} {steps} fragment f{levels} on Query {{ __typename }}"


def doubling_tasks(levels: int) -> str:
    """The same through fields."""
    steps = " ".join(
        f"fragment f{n} on Task {{ parent {{ ...f{n + 1} }} children {{ ...f{n + 1} }} }}" for n in range(levels)
    )
    return f'{{ task(id: "x") {{ ...f0 }} }} {steps} fragment f{levels} on Task {{ id }}'


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (doubling(60), None),
        (doubling_tasks(11), None),
        (doubling_tasks(60), "QUERY_TOO_DEEP"),
        (doubling(60).replace("__typename", "a: __typename"), "QUERY_TOO_COMPLEX"),
        ("{ " + "viewer { tenantId } " * 380 + "}", "QUERY_TOO_COMPLEX"),
        ("{ " + "__typename " * 1_900 + "}", "QUERY_TOO_COMPLEX"),
        ("{ " + " ".join(f"...f{n}" for n in range(150)) + " }"
         + "".join(f"fragment f{n} on Query {{ viewer {{ tenantId }} }}" for n in range(150)), None),
        ("{ ...f0 }" + "".join(f"fragment f{n} on Query {{ ...f{n + 1} }}" for n in range(240))
         + "fragment f240 on Query { __typename }", "QUERY_TOO_COMPLEX"),
        ("{ ...a } fragment a on Query { ...b ...b } fragment b on Query { ...a ...a }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ a" * 900 + " }" * 900, "QUERY_TOO_DEEP"),
        ("{ ..." * 600 + "{ __typename }" + " }" * 600, "QUERY_TOO_DEEP"),
        ("{ tasks(first: " + "[" * 900 + "]" * 900 + ") { totalCount } }", "QUERY_TOO_DEEP"),
        ("query($a: " + "[" * 900 + "Int" + "]" * 900 + ") { __typename }", "QUERY_TOO_DEEP"),
        ("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
         "GRAPHQL_VALIDATION_FAILED"),
        ("{ " + " ".join(f"nothing{n}" for n in range(1_900)) + " }", "GRAPHQL_VALIDATION_FAILED"),
    ],
    ids=lambda part: str(part)[:40],
)  # fmt: skip
def test_a_hostile_document_is_judged_quickly(executor: Executor, document: str, code: str | None) -> None:
    started = time.perf_counter()
    told = codes(executor, document)
    assert time.perf_counter() - started < SECONDS_MAX
    assert {found for found, _ in told} == ({code} if code else set())
    assert len(told) <= 21


async def test_a_document_that_doubles_runs_as_the_few_fields_it_asks_for(graph: Graph) -> None:
    started = time.perf_counter()
    assert await graph.data(doubling(60)) == {"__typename": "Query"}
    assert await graph.data(doubling_tasks(11)) == {"task": None}
    assert time.perf_counter() - started < SECONDS_MAX


async def test_introspection_is_as_deep_as_clients_make_it(graph: Graph) -> None:
    document = get_introspection_query(
        descriptions=True, specified_by_url=True, directive_is_repeatable=True, schema_description=True,
        input_value_deprecation=True,
    )  # fmt: skip
    found = await graph.data(document)
    assert {kind["name"] for kind in found["__schema"]["types"]} >= {"Query", "Mutation", "Subscription", "Task", "Run"}


def test_production_gives_no_hints(executor: Executor) -> None:
    quiet = Executor(build_schema(suggestions=False), suggestions=False)
    (_, with_hint), (_, without) = (
        codes(executor, "{ viewr { tenantId } }")[0],
        codes(quiet, "{ viewr { tenantId } }")[0],
    )
    assert ("viewer" in with_hint, "viewer" in without) == (True, False)
