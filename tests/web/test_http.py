"""GraphQL over HTTP by raw requests: whatever is sent gets its documented status and an error as JSON."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import orjson
import pytest

from app.web.graphql.body import BODY_BYTES_MAX
from tests.support.answers import kind_of, refusal, tells_nothing_inside
from tests.support.listening import Listening

JSON = {"content-type": "application/json"}
VIEWER = b'{"query": "{ viewer { user { email } } }"}'
OWNER = {"data": {"viewer": {"user": {"email": "owner@example.com"}}}}
CREATE = 'mutation { createTask(input: {title: "t", scope: GLOBAL}) { task { id } } }'


async def post(site: Listening, content: object, **headers: str) -> httpx.Response:
    """A POST of exactly these bytes; a header named `content_type` is sent as `content-type`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await site.client.post(f"{site.http}/graphql", content=content, headers=named or JSON)  # type: ignore[arg-type]  # bytes or chunks


async def ask(site: Listening, query: str, accept: str | None = None, **more: object) -> httpx.Response:
    """A POST of a query."""
    headers = {**JSON, **({} if accept is None else {"accept": accept})}
    body = orjson.dumps({"query": query, **more})
    return await site.client.post(f"{site.http}/graphql", content=body, headers=headers)


async def count_tasks(site: Listening) -> int:
    """How many tasks there are."""
    total: int = (await site.graphql("{ tasks { totalCount } }"))["data"]["tasks"]["totalCount"]
    return total


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """A body of undeclared length."""
    for part in parts:
        yield part


async def test_a_query_is_answered(site: Listening) -> None:
    response = await post(site, VIEWER)
    assert (response.status_code, response.json()) == (200, OWNER)
    assert response.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"1",
        b'"x"',
        b"true",
        b"[]",
        b'[{"query": "{ __typename }"}]',
        b"{}",
        b'{"query": 5}',
        b'{"query": null}',
        b'{"query": ""}',
        b'{"query": " \\n "}',
        b'{"query": ["{ __typename }"]}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "operationName": 5}',
        b'{"query": "{ __typename }", "operationName": []}',
        b'{"query": "{ __typename }", "extensions": []}',
        b'{"query": "{ __typename }", "extensions": 1}',
        b"",
        b" ",
        b"{",
        b'{"query": "{ __typename }"',
        b'{"query": "{ __typename }"} trailing',
        b"{'query': '{ __typename }'}",
        b"query { __typename }",
        b'\xef\xbb\xbf{"query": "{ __typename }"}',
        b'{"query": "\xff\xfe"}',
        '{"query": "{ __typename }"}'.encode("utf-16"),
        b'{"query": "\\ud800"}',
        b'{"query": "{ __typename }", "variables": {"x": "\\udfff"}}',
        b'{"query": "{ __typename }", "variables": {"x": NaN}}',
        b'{"query": "{ __typename }", "variables": {"x": Infinity}}',
        b'{"query": "{ __typename }", "variables": {"x": 1e999}}',
        b'{"query": "{ __typename }", "variables": {"x": ' + b"9" * 5_000 + b"}}",
        b'{"query": "{ __typename }", "variables": {"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    ],
    ids=lambda body: repr(body[:40]) + str(len(body)),
)
@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_a_body_that_is_no_request_is_a_bad_request(site: Listening, body: bytes, accept: str) -> None:
    response = await post(site, body, content_type="application/json", accept=accept)
    refusal(response, 400, "BAD_REQUEST")
    assert kind_of(response) == accept


async def test_unknown_members_are_ignored(site: Listening) -> None:
    body = b'{"query": "{ viewer { user { email } } }", "id": 5, "doc_id": null, "extensions": {"x": [1]}}'
    response = await post(site, body)
    assert (response.status_code, response.json()) == (200, OWNER)


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": ""},
        {"content_type": "text/plain"},
        {"content_type": "application/x-www-form-urlencoded"},
        {"content_type": "multipart/form-data; boundary=x"},
        {"content_type": "application/graphql"},
        {"content_type": "application/jsonx"},
        {"content_type": "application/json; charset=utf-16"},
        {"content_type": "application/json; charset=iso-8859-1"},
        {"content_type": "application/json; charset=utf-80"},
        {"content_type": "application/json", "content_encoding": "gzip"},
        {"content_type": "application/json", "content_encoding": "br"},
    ],
    ids=str,
)
async def test_anything_but_plain_json_in_utf8_is_an_unsupported_media_type(
    site: Listening, headers: dict[str, str]
) -> None:
    body = gzip.compress(VIEWER) if headers.get("content_encoding") == "gzip" else VIEWER
    refusal(await post(site, body, **headers), 415, "BAD_REQUEST")


async def test_a_body_without_a_content_type_is_an_unsupported_media_type(site: Listening) -> None:
    request = site.client.build_request("POST", f"{site.http}/graphql", content=VIEWER)
    assert "content-type" not in request.headers
    refusal(await site.client.send(request), 415, "BAD_REQUEST")


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json ; charset = utf8",
        "application/json; profile=x",
    ],
)
async def test_json_may_be_declared_in_any_spelling(site: Listening, kind: str) -> None:
    response = await post(site, VIEWER, content_type=kind)
    assert (response.status_code, response.json()) == (200, OWNER)


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_of_one_byte_too_many_is_too_large(site: Listening, declared: bool) -> None:
    body = VIEWER.ljust(BODY_BYTES_MAX + 1)
    sent = body if declared else chunks(body[:500_000], body[500_000:1_000_000], body[1_000_000:])
    error = refusal(await post(site, sent), 413, "BAD_REQUEST")
    assert str(BODY_BYTES_MAX) in error["message"]


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_of_the_greatest_size_is_read(site: Listening, declared: bool) -> None:
    body = VIEWER.ljust(BODY_BYTES_MAX)
    response = await post(site, body if declared else chunks(body[:600_000], body[600_000:]))
    assert (response.status_code, response.json()) == (200, OWNER)


async def test_a_body_declared_too_large_is_refused_before_it_comes(site: Listening) -> None:
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: x\r\nx-api-key: {site.key}\r\ncontent-type: application/json\r\n"
        f"content-length: {10**12}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(*site.address)
    writer.write(head.encode())
    assert await asyncio.wait_for(reader.readline(), 5) == b"HTTP/1.1 413 Request Entity Too Large\r\n"
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_leaves_within_its_body_is_no_failure_of_ours(site: Listening) -> None:
    head = f"POST /graphql HTTP/1.1\r\nhost: x\r\nx-api-key: {site.key}\r\ncontent-type: application/json\r\n"
    _, writer = await asyncio.open_connection(*site.address)
    writer.write(head.encode() + b"content-length: 100\r\n\r\n" + b'{"query":')
    writer.close()
    await writer.wait_closed()
    requests = site.app.metrics.http_requests
    await site.until(lambda: requests.labels("POST", "499")._value.get() == 1)
    assert requests.labels("POST", "500")._value.get() == 0


# Negotiation


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("application/graphql-response+json", "application/graphql-response+json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/graphql-response+json, application/json;q=0.9", "application/graphql-response+json"),
        ("application/json;q=0.5, application/graphql-response+json;q=0.8", "application/graphql-response+json"),
        ("application/graphql-response+json;q=0.5, application/json;q=0.8", "application/json"),
        ("application/json, application/graphql-response+json", "application/json"),
        ("application/json;q=0, */*;q=0.1", "application/graphql-response+json"),
        ("text/html, image/png, */*;q=0.1", "application/json"),
        ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", None),
        ("APPLICATION/JSON", "application/json"),
        ("text/event-stream", "text/event-stream"),
        ("text/*", "text/event-stream"),
        ("application/json;q=0.2, text/event-stream;q=0.3", "text/event-stream"),
    ],
)
async def test_the_answer_has_the_best_accepted_type(site: Listening, accept: str, kind: str | None) -> None:
    response = await ask(site, "{ __typename }", accept)
    assert (response.status_code, kind_of(response)) == (200, kind or "application/graphql-response+json")


async def test_without_accept_the_answer_is_json(site: Listening) -> None:
    request = site.client.build_request("POST", f"{site.http}/graphql", content=VIEWER, headers=JSON)
    del request.headers["accept"]
    response = await site.client.send(request)
    assert (response.status_code, kind_of(response), response.json()) == (200, "application/json", OWNER)


async def test_several_accept_headers_count_together(site: Listening) -> None:
    headers = [("content-type", "application/json"), ("accept", "image/png"), ("accept", "application/json")]
    response = await site.client.post(f"{site.http}/graphql", content=VIEWER, headers=headers)
    assert (response.status_code, kind_of(response)) == (200, "application/json")


@pytest.mark.parametrize(
    "accept", ["text/html", "image/*", "application/xml", "application/json;q=0", "application/json;q=many", "x"]
)
async def test_nothing_acceptable_is_refused(site: Listening, accept: str) -> None:
    before = await count_tasks(site)
    refusal(await ask(site, CREATE, accept), 406, "BAD_REQUEST")
    assert await count_tasks(site) == before


TASK = "query($id: ID!) { task(id: $id) { id } }"
FIRST = "query($first: Int) { tasks(first: $first) { totalCount } }"
UNTIL = 'mutation($at: DateTime) { createApiKey(input: {name: "k", expiresAt: $at}) { secret } }'
AFTER = "query($after: BigInt) { events(after: $after) { totalCount } }"


@pytest.mark.parametrize(
    ("query", "more", "code"),
    [
        ("{", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ viewer { } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("# nothing", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ a(b: \x00) }", {}, "GRAPHQL_PARSE_FAILED"),
        ('{ task(id: "\\ud800") { id } }', {}, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ viewer }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("type Query { x: Int }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ('{ tasks(first: "x") { totalCount } }', {}, "GRAPHQL_VALIDATION_FAILED"),
        (f"{{ tasks(first: {'9' * 5_000}) {{ totalCount }} }}", {}, "GRAPHQL_VALIDATION_FAILED"),
        (f"{{ events(after: {'9' * 90_000}) {{ totalCount }} }}", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ events(after: 1e3) { totalCount } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", {}, "OPERATION_RESOLUTION_FAILURE"),
        ("query A { __typename }", {"operationName": "B"}, "OPERATION_RESOLUTION_FAILURE"),
        ("{ __typename }", {"operationName": "A"}, "OPERATION_RESOLUTION_FAILURE"),
        ("query A { __typename } query B { __typename }", {"operationName": ""}, "OPERATION_RESOLUTION_FAILURE"),
        (TASK, {}, "BAD_USER_INPUT"),
        (TASK, {"variables": {"id": None}}, "BAD_USER_INPUT"),
        (TASK, {"variables": {"id": {"a": 1}}}, "BAD_USER_INPUT"),
        (FIRST, {"variables": {"first": "x"}}, "BAD_USER_INPUT"),
        (FIRST, {"variables": {"first": 2**31}}, "BAD_USER_INPUT"),
        (FIRST, {"variables": {"first": 1.5}}, "BAD_USER_INPUT"),
        (AFTER, {"variables": {"after": 2**63}}, "BAD_USER_INPUT"),
        (AFTER, {"variables": {"after": "9" * 5_000}}, "BAD_USER_INPUT"),
        (AFTER, {"variables": {"after": "١٢"}}, "BAD_USER_INPUT"),
        (AFTER, {"variables": {"after": True}}, "BAD_USER_INPUT"),
        *(
            (UNTIL, {"variables": {"at": at}}, "BAD_USER_INPUT")
            for at in ("soon", "", 5, "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59Z")
        ),
        ("subscription { events { sequence } }", {}, "BAD_REQUEST"),
    ],
    ids=lambda part: str(part)[:50],
)
async def test_a_request_that_cannot_run_is_400_or_for_plain_json_200(
    site: Listening, query: str, more: dict[str, object], code: str
) -> None:
    refusal(await ask(site, query, "application/graphql-response+json", **more), 400, code)
    refusal(await ask(site, query, "application/json", **more), 200, code)


async def test_a_subscription_by_plain_post_says_what_it_needs(site: Listening) -> None:
    error = refusal(await ask(site, "subscription { events { sequence } }"), 200, "BAD_REQUEST")
    assert "text/event-stream" in error["message"]
    assert "WebSocket" in error["message"]


async def test_one_of_several_operations_is_run_by_its_name(site: Listening) -> None:
    document = "query A { a: __typename } mutation B { b: __typename } subscription C { events { sequence } }"
    assert (await ask(site, document, operationName="A")).json() == {"data": {"a": "Query"}}
    assert (await ask(site, document, operationName="B")).json() == {"data": {"b": "Mutation"}}


# Values


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (TASK, {"id": "\x00"}),
        (TASK, {"id": "x" * 500_000}),
        (TASK, {"id": ""}),
        (TASK, {"id": 2**62}),
        ('{ task(id: "a\\u0000b") { id } }', {}),
        ("query($s: String) { tasks(filter: {search: $s}) { totalCount } }", {"s": "\x00"}),
        ("query($s: String) { tasks(filter: {search: $s}) { totalCount } }", {"s": "%_\\'\";--"}),
        ("query($s: String) { tasks(after: $s) { totalCount } }", {"s": "\x00"}),
        ("query($s: String) { tasks(after: $s) { totalCount } }", {"s": "x" * 100_000}),
        ("query($i: ID) { events(filter: {taskId: $i}) { totalCount } }", {"i": "\x00"}),
        ("query($i: ID) { events(filter: {runId: $i}) { totalCount } }", {"i": "\x00"}),
        ("query($i: ID!) { run(id: $i) { id } }", {"i": "\x00" * 36}),
        ("query($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["\x00", "", "x" * 1_000]}),
        ("{ events(after: 9223372036854775807) { totalCount } }", {}),
        ("{ events(after: -1) { totalCount } }", {}),
    ],
    ids=lambda part: str(part)[:60],
)
async def test_odd_values_find_nothing_or_are_bad_input(
    site: Listening, query: str, variables: dict[str, object]
) -> None:
    response = await ask(site, query, variables=variables)
    assert (response.status_code, kind_of(response)) == (200, "application/json")
    codes = {error["extensions"]["code"] for error in response.json().get("errors", ())}
    assert codes <= {"BAD_USER_INPUT"}
    tells_nothing_inside(response.text)


METADATA = """mutation($m: JSON) {
    createTask(input: {title: "t", scope: GLOBAL, metadata: $m}) { task { metadata } userErrors { code field } }
}"""


@pytest.mark.parametrize(
    "value",
    ["\x00", {"a": ["\x00"]}, {"\x00": 1}, 2**63, 2**64 - 1, "x" * 16_385],
    ids=lambda value: str(value)[:40],
)
async def test_json_that_cannot_be_kept_is_refused_as_data(site: Listening, value: object) -> None:
    before = await count_tasks(site)
    answer = (await ask(site, METADATA, variables={"m": value})).json()
    assert answer == {
        "data": {"createTask": {"task": None, "userErrors": [{"code": "BAD_USER_INPUT", "field": "metadata"}]}}
    }
    assert await count_tasks(site) == before


async def test_json_nested_too_deep_is_refused_as_data(site: Listening) -> None:
    for depth in (65, 300, 900):
        body = b'{"query": ' + orjson.dumps(METADATA) + b', "variables": {"m": ' + b"[" * depth + b"]" * depth + b"}}"
        answer = (await post(site, body)).json()
        assert answer["data"]["createTask"]["userErrors"] == [{"code": "BAD_USER_INPUT", "field": "metadata"}]


@pytest.mark.parametrize("value", [2**53 + 1, -(2**63), 2**63 - 1, 0.1, "\u2028", "🜨", [], {}, False, {"a": None}])
async def test_json_comes_back_as_it_was_sent(site: Listening, value: object) -> None:
    answer = (await ask(site, METADATA, variables={"m": value})).json()
    assert answer["data"]["createTask"] == {"task": {"metadata": value}, "userErrors": []}


# Methods


async def get(site: Listening, parameters: str, **headers: str) -> httpx.Response:
    """A GET with exactly this query string."""
    return await site.client.get(f"{site.http}/graphql?{parameters}", headers=headers)


async def test_a_query_by_get_is_answered(site: Listening) -> None:
    document = quote("query A($id: ID!) { task(id: $id) { id } } query B { viewer { user { email } } }")
    variables = quote('{"id": "x"}')
    response = await get(site, f"query={document}&operationName=B&variables={variables}&extensions=&z=1")
    assert (response.status_code, response.json()) == (200, OWNER)


@pytest.mark.parametrize(
    "parameters", ["query={__typename}", "query={", "query=", f"query={quote(CREATE)}", "documentId=x"]
)
async def test_no_cache_keeps_what_get_answers(site: Listening, parameters: str) -> None:
    assert (await get(site, parameters)).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        "query=",
        "query=%20",
        "variables={}",
        "query={__typename}&variables=5",
        "query={__typename}&variables=[]",
        "query={__typename}&variables={",
        "query={__typename}&variables=%00",
        "query={__typename}&extensions=5",
        "query={__typename}&variables=" + "[" * 5_000,
    ],
)
async def test_a_get_that_is_no_request_is_a_bad_request(site: Listening, parameters: str) -> None:
    refusal(await get(site, parameters, accept="application/json"), 400, "BAD_REQUEST")


@pytest.mark.parametrize("parameters", ["query=%ff%fe", "query={%00}", "query={__typename", "query=%ed%a0%80"])
async def test_a_get_whose_document_cannot_be_read_says_so(site: Listening, parameters: str) -> None:
    refusal(await get(site, parameters), 200, "GRAPHQL_PARSE_FAILED")


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json", "text/event-stream"])
async def test_a_mutation_by_get_is_not_allowed_and_changes_nothing(site: Listening, accept: str) -> None:
    before = await count_tasks(site)
    response = await get(site, f"query={quote(CREATE)}", accept=accept)
    refusal(response, 405, "BAD_REQUEST")
    assert response.headers["allow"] == "POST"
    assert await count_tasks(site) == before


async def test_a_mutation_chosen_by_name_is_not_allowed_by_get_either(site: Listening) -> None:
    response = await get(site, f"query={quote('query A { __typename } mutation B ' + CREATE[9:])}&operationName=B")
    refusal(response, 405, "BAD_REQUEST")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_other_methods_are_not_allowed(site: Listening, method: str) -> None:
    response = await site.client.request(method, f"{site.http}/graphql", content=VIEWER, headers=JSON)
    refusal(response, 405, "BAD_REQUEST")
    assert response.headers["allow"] == "GET, POST"


async def test_head_is_not_allowed_either(site: Listening) -> None:
    response = await site.client.head(f"{site.http}/graphql")
    assert (response.status_code, response.headers["allow"], response.content) == (405, "GET, POST", b"")


@pytest.mark.parametrize("path", ["/nothing", "/graphql/x", "/static/nothing.js", "/graphql%00", "/healthz/x"])
async def test_an_unknown_path_is_not_found(site: Listening, path: str) -> None:
    refusal(await site.client.get(f"{site.http}{path}"), 404, "NOT_FOUND")


async def test_a_known_path_says_which_methods_it_takes(site: Listening) -> None:
    response = await site.client.post(f"{site.http}/healthz")
    refusal(response, 405, "BAD_REQUEST")
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}


# Request ids


@pytest.mark.parametrize("given", ["abcdefgh", "A.b_c-9" * 9, "0" * 64])
async def test_a_sane_request_id_is_kept(site: Listening, given: str) -> None:
    response = await post(site, b"null", content_type="application/json", x_request_id=given)
    assert refusal(response, 400, "BAD_REQUEST")["extensions"]["requestId"] == given


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "has blanks", "a;b=c;d=e", "<script>alert(1)</script>"])
async def test_any_other_request_id_is_replaced(site: Listening, given: str) -> None:
    response = await post(site, VIEWER, content_type="application/json", x_request_id=given)
    assert response.status_code == 200
    assert response.headers["x-request-id"] != given
    assert len(response.headers["x-request-id"]) == 16
