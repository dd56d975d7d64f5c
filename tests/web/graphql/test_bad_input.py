"""Bad input by its classes: each gets at once what docs/graphql-http.md says, and nothing is changed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import quote

import httpx
import orjson
import pytest

from tests.support.answers import refusal, tells_nothing_inside
from tests.support.listening import Listening

SECONDS_MAX: Final = 5.0
CREATE: Final = 'mutation C($t: String = "t") { createTask(input: {title: $t, scope: GLOBAL}) { task { id } } }'
DOCUMENT: Final = orjson.dumps(CREATE).decode()
ALIASES: Final = " ".join(f"a{at}: __typename" for at in range(31))
DEEP: Final = "[" * 1_000 + "]" * 1_000
GRAPHQL: Final = "application/graphql-response+json"


def with_variables(text: str) -> bytes:
    """A mutation with variables of exactly this text."""
    return f'{{"query": {DOCUMENT}, "variables": {text}}}'.encode()


def with_name(name: object) -> bytes:
    """A mutation asked for by this name."""
    return orjson.dumps({"query": CREATE, "operationName": name})


def of(document: str) -> bytes:
    """This document, with the mutation in it."""
    return orjson.dumps({"query": f"{document} {CREATE}", "operationName": "C"})


BODIES: Final[dict[str, tuple[bytes, int, str]]] = {
    # JSON
    "NUL as it is": (with_variables('{"t": "a\x00b"}'), 400, "BAD_REQUEST"),
    "a line break in a string": (with_variables('{"t": "a\nb"}'), 400, "BAD_REQUEST"),
    "a lone surrogate": (with_variables('{"t": "\\udc00"}'), 400, "BAD_REQUEST"),
    "a surrogate pair the wrong way": (with_variables('{"t": "\\udc00\\ud83d"}'), 400, "BAD_REQUEST"),
    "a surrogate in a name": (with_variables('{"\\ud800": 1}'), 400, "BAD_REQUEST"),
    "a surrogate as UTF-8": (b'{"query": "\xed\xb0\x80"}', 400, "BAD_REQUEST"),
    "overlong UTF-8": (b'{"query": "\xc0\x80"}', 400, "BAD_REQUEST"),
    "a cut code point": (b'{"query": "{ a }\xe2\x82"}', 400, "BAD_REQUEST"),
    "a comma too many": (with_variables('{"t": "a",}'), 400, "BAD_REQUEST"),
    "a comment": (with_variables('{} /* none */'), 400, "BAD_REQUEST"),
    "an unknown escape": (with_variables('{"t": "\\x41"}'), 400, "BAD_REQUEST"),
    "a hexadecimal number": (with_variables('{"t": 0x10}'), 400, "BAD_REQUEST"),
    "a number with a zero in front": (with_variables('{"t": 01}'), 400, "BAD_REQUEST"),
    "a number with a plus": (with_variables('{"t": +1}'), 400, "BAD_REQUEST"),
    "minus infinity": (with_variables('{"t": -Infinity}'), 400, "BAD_REQUEST"),
    "a number without bound": (with_variables('{"t": 1e400}'), 400, "BAD_REQUEST"),
    "a million digits": (with_variables('{"t": ' + "9" * 1_000_000 + "}"), 400, "BAD_REQUEST"),
    "one level too deep": (with_variables('{"t": ' + "[" * 1_024 + "]" * 1_024 + "}"), 400, "BAD_REQUEST"),
    "two objects": (with_variables("{}") + with_variables("{}"), 400, "BAD_REQUEST"),
    # members
    "variables as text": (with_variables('"{}"'), 400, "BAD_REQUEST"),
    "variables as a number": (with_variables("0"), 400, "BAD_REQUEST"),
    "variables false": (with_variables("false"), 400, "BAD_REQUEST"),
    "a name that is an object": (with_name({"C": 1}), 400, "BAD_REQUEST"),
    "a name that is a number": (with_name(0), 400, "BAD_REQUEST"),
    "a name that is false": (with_name(False), 400, "BAD_REQUEST"),
    "extensions as text": (b'{"query": ' + DOCUMENT.encode() + b', "extensions": "{}"}', 400, "BAD_REQUEST"),
    "the second of two queries": (b'{"query": ' + DOCUMENT.encode() + b', "query": 5}', 400, "BAD_REQUEST"),
    "a list of requests": (b"[" + with_variables("{}") + b"]", 400, "BAD_REQUEST"),
    # the operation
    "a name in another case": (with_name("c"), 400, "OPERATION_RESOLUTION_FAILURE"),
    "a name with NUL": (with_name("C\x00"), 400, "OPERATION_RESOLUTION_FAILURE"),
    "a very long name": (with_name("C" * 900_000), 400, "OPERATION_RESOLUTION_FAILURE"),
    "two of one name": (of("query C { __typename }"), 400, "GRAPHQL_VALIDATION_FAILED"),
    "one with and one without a name": (of("{ __typename }"), 400, "GRAPHQL_VALIDATION_FAILED"),
    # the document
    "a type twin in Cyrillic": (of("query A { tаsks { totalCount } }"), 400, "GRAPHQL_PARSE_FAILED"),
    "a control character": (of("query A { __typename } \x07"), 400, "GRAPHQL_PARSE_FAILED"),
    "too many characters": (of("#" * 100_001 + "\n"), 400, "QUERY_TOO_COMPLEX"),
    "too many tokens": (of("query A { " + "__typename " * 2_001 + "}"), 400, "QUERY_TOO_COMPLEX"),
    "too many aliases": (of(f"query A {{ {ALIASES} }}"), 400, "QUERY_TOO_COMPLEX"),
    "too many directives": (of("query A { __typename" + " @skip(if: false)" * 51 + " }"), 400, "QUERY_TOO_COMPLEX"),
    "an unclosed brace": (of("{ a"), 400, "GRAPHQL_PARSE_FAILED"),
    "braces without end": (of("{a" * 400), 400, "QUERY_TOO_DEEP"),
    "a cycle of fragments": (of("fragment F on Query { ...F }"), 400, "GRAPHQL_VALIDATION_FAILED"),
    # values
    "a variable of another type": (with_variables('{"t": 5}'), 400, "BAD_USER_INPUT"),
    "a variable that is a list": (with_variables('{"t": ["a", "b"]}'), 400, "BAD_USER_INPUT"),
    "a variable that is an object": (with_variables('{"t": {"a": 1}}'), 400, "BAD_USER_INPUT"),
    "a variable within the allowed depth": (with_variables(f'{{"t": {DEEP}}}'), 400, "BAD_USER_INPUT"),
    "a number as large as they come": (with_variables('{"t": 1.7e308}'), 400, "BAD_USER_INPUT"),
    "a whole number of 65 bits": (with_variables('{"t": 18446744073709551616}'), 400, "BAD_USER_INPUT"),
}  # fmt: skip


async def count_tasks(site: Listening) -> int:
    """How many tasks there are."""
    total: int = (await site.graphql("{ tasks { totalCount } }"))["data"]["tasks"]["totalCount"]
    return total


async def post(site: Listening, content: bytes, **headers: str) -> httpx.Response:
    """A POST of exactly these bytes, answered within seconds."""
    named = {"content-type": "application/json", "accept": GRAPHQL, **headers}
    async with asyncio.timeout(SECONDS_MAX):
        return await site.client.post(f"{site.http}/graphql", content=content, headers=named)


@pytest.mark.parametrize("name", BODIES)
async def test_a_bad_body_has_its_documented_answer(site: Listening, name: str) -> None:
    body, status, code = BODIES[name]
    before = await count_tasks(site)
    refusal(await post(site, body), status, code)
    assert await count_tasks(site) == before


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "{}",
        '{"__proto__": {"t": 1}, "constructor": 5, "": null, "a\\u0000b": [1e308]}',
        f'{{"unused": {DEEP}}}',
        "{" + ", ".join(f'"v{at}": {at}' for at in range(50_000)) + "}",
        '{"t": 5, "t": "the last counts"}',
    ],
    ids=lambda text: text[:30],
)
async def test_what_is_odd_but_well_formed_is_carried_out(site: Listening, text: str) -> None:
    before = await count_tasks(site)
    response = await post(site, with_variables(text))
    assert (response.status_code, list(response.json())) == (200, ["data"]), response.text[:300]
    assert await count_tasks(site) == before + 1


@pytest.mark.parametrize("title", ["\x00", "a\x00b", "x" * 900_000, "", " ", "\u200b\u2028"])
async def test_a_value_that_no_title_may_have_is_refused_as_data(site: Listening, title: str) -> None:
    before = await count_tasks(site)
    query = (
        "mutation($t: String!) { createTask(input: {title: $t, scope: GLOBAL}) { task { id } userErrors { code } } }"
    )
    response = await post(site, orjson.dumps({"query": query, "variables": {"t": title}}))
    made: dict[str, Any] = response.json()["data"]["createTask"]
    tells_nothing_inside(response.text)
    accepted = made["task"] is not None
    assert [error["code"] for error in made["userErrors"]] == ([] if accepted else ["BAD_USER_INPUT"])
    assert await count_tasks(site) == before + accepted
    assert accepted is (title == "\u200b\u2028")


# Headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "application/json, text/plain"}, 415),
        ({"content-type": "application/json;charset="}, 415),
        ({"content-type": "application/json; charset=utf-16le"}, 415),
        ({"content-type": "application/graphql-response+json"}, 415),
        ({"content-type": "json"}, 415),
        ({"content-encoding": "identity, gzip"}, 415),
        ({"content-encoding": "x"}, 415),
        ({"accept": "application/json;q=-1"}, 406),
        ({"accept": "application/json;q=1.5"}, 406),
        ({"accept": ";;;,,,"}, 406),
    ],
    ids=str,
)
async def test_headers_that_ask_for_something_else_are_told(
    site: Listening, headers: dict[str, str], status: int
) -> None:
    before = await count_tasks(site)
    refusal(await post(site, with_variables("{}"), **headers), status, "BAD_REQUEST")
    assert await count_tasks(site) == before


# GET


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ("query={__typename}&query=", 400, "BAD_REQUEST"),
        ("query={__typename}&variables={%22a%22:NaN}", 400, "BAD_REQUEST"),
        ("query={__typename}&variables=%22{}%22", 400, "BAD_REQUEST"),
        ("query={__typename}&variables={%22a%22:%22%ff%22}&variables=%5b%5d", 400, "BAD_REQUEST"),
        ("query={__typename}&extensions=[1]", 400, "BAD_REQUEST"),
        ("query={__typename}&operationName=A", 400, "OPERATION_RESOLUTION_FAILURE"),
        ("query={__typename}&operationName=%00", 400, "OPERATION_RESOLUTION_FAILURE"),
        (f"query={quote(CREATE)}", 405, "BAD_REQUEST"),
        (f"query={quote(CREATE)}&variables=&operationName=", 405, "BAD_REQUEST"),
        (f"query={{__typename}}&query={quote(CREATE)}", 405, "BAD_REQUEST"),
        ("mutation=1&Query={__typename}", 400, "BAD_REQUEST"),
    ],
)
async def test_a_bad_get_has_its_documented_answer(site: Listening, parameters: str, status: int, code: str) -> None:
    before = await count_tasks(site)
    response = await site.client.get(f"{site.http}/graphql?{parameters}", headers={"accept": GRAPHQL})
    refusal(response, status, code)
    assert await count_tasks(site) == before


async def test_parameters_that_mean_nothing_and_a_body_are_ignored_by_get(site: Listening) -> None:
    asked = f"{site.http}/graphql?query={{__typename}}&z=1&z=2&%00=%ff&extensions=&operationName="
    response = await site.client.request("GET", asked, content=with_variables("{}"))
    assert (response.status_code, response.json()) == (200, {"data": {"__typename": "Query"}})


# What is no HTTP at all, or does not come whole


async def raw(site: Listening, *parts: bytes) -> AsyncIterator[bytes]:
    """The lines that answer exactly these bytes, until the server closes."""
    reader, writer = await asyncio.open_connection(*site.address)
    try:
        for part in parts:
            writer.write(part)
        async with asyncio.timeout(SECONDS_MAX):
            while line := await reader.readline():
                yield line
    finally:
        writer.close()


@pytest.mark.parametrize(
    "head",
    [
        "content-length: -1",
        "content-length: many",
        "content-length: 5\r\ncontent-length: 6",
        "transfer-encoding: chunked\r\n\r\nzz",
        "x y: z",
        "x\x00: z",
    ],
    ids=repr,
)
async def test_what_is_no_http_is_told_and_the_line_cut(site: Listening, head: str) -> None:
    before = await count_tasks(site)
    start = f"POST /graphql HTTP/1.1\r\nhost: x\r\nx-api-key: {site.key}\r\ncontent-type: application/json\r\n"
    lines = [line async for line in raw(site, f"{start}{head}\r\n\r\n".encode(), with_variables("{}"))]
    assert lines[0] == b"HTTP/1.1 400 Bad Request\r\n"
    assert lines[-1] == b"Invalid HTTP request received."
    assert await count_tasks(site) == before
