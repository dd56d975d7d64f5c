"""The published description of the workspaces API, and answers held against it strictly."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
from jsonschema import Draft202012Validator, FormatChecker

FILE = Path(__file__).parent / "vai-workspaces.json"
PUBLISHED: Mapping[str, Any] = orjson.loads(FILE.read_bytes())
OPERATIONS: Mapping[str, Mapping[str, Any]] = {o["id"]: o for o in PUBLISHED["operations"]}
# Statuses that any operation may give beside the documented ones, with a sentence and a stable code.
REFUSALS = frozenset({401, 403, 404, 409, 413, 503})
NAMES = ("workspace", "chart", "run", "session", "task", "binding", "artifact", "table", "row", "share")
CODES = frozenset(
    {
        *(f"{name}_not_found" for name in NAMES),
        *("unauthenticated", "forbidden", "conflict", "body_too_large", "service_unavailable"),
        *("workspace_archived", "workspace_read_only", "cell_conflict", "task_already_bound"),
    }
)
TEXTS = frozenset({"description", "note", "observed", "required", "inferred", "nullable", "open", "itemSchema"})


def schema_of(published: Mapping[str, Any], *, sent: bool) -> dict[str, Any]:
    """A published property as JSON Schema; what is sent is always there, what is taken may be left out."""
    facts = {**published, **published["inferred"]} if isinstance(published.get("inferred"), dict) else dict(published)
    nullable, kind = facts.get("nullable"), facts.get("type")
    if kind == "any" or (nullable and kind == "object" and "note" in facts):
        return {}
    found = {name: value for name, value in facts.items() if name not in TEXTS and not (sent and name == "default")}
    if facts.get("open"):
        found.pop("enum", None)
    if found.get("format") == "decimal":
        found["pattern"] = r"^[0-9]+(\.[0-9]+)?$"
        del found["format"]
    if "items" in found:
        found["items"] = schema_of(found["items"], sent=sent)
    if "itemTypes" in found.get("items", {}):
        found["items"] = {"type": found["items"]["itemTypes"]}
    if "properties" in facts:
        found |= _members(facts, sent=sent)
    if not nullable:
        return found
    return (
        {"anyOf": [found, {"type": "null"}]} if {"$ref", "enum"} & found.keys() else {**found, "type": [kind, "null"]}
    )


def _members(facts: Mapping[str, Any], *, sent: bool) -> dict[str, Any]:
    properties = {name: schema_of(one, sent=sent) for name, one in facts["properties"].items()}
    marked = [name for name, one in facts["properties"].items() if one.get("required") is True]
    named = facts["required"] if isinstance(facts.get("required"), list) else marked
    found: dict[str, Any] = {"properties": properties, "required": sorted(properties) if sent else sorted(named)}
    return found | ({"additionalProperties": False} if sent else {})


def documents(*, sent: bool) -> dict[str, Any]:
    """All named shapes."""
    return {name: schema_of(one, sent=sent) for name, one in PUBLISHED["schemas"].items()}


SENT = documents(sent=True)
# A condition of a chart has no value where it needs none.
SENT["ChartFilter"]["required"] = ["column", "op"]
LOC = {"type": "array", "items": {"type": ["string", "integer"]}}
SENT["ValidationError"]["properties"]["loc"] = LOC


def validate(schema: Any, value: object) -> None:
    """Pass, or say where the value differs."""
    whole = {**schema, "schemas": SENT}
    problems = list(Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value))
    assert not problems, "\n".join(f"{'/'.join(map(str, p.absolute_path))}: {p.message}" for p in problems)


def check(operation: Mapping[str, Any], response: httpx.Response) -> Any:
    """The body of an answer that keeps the published shape."""
    status = response.status_code
    documented = operation["responses"].get(str(status))
    assert documented is not None or status in REFUSALS, f"{operation['id']} answered {status}: {response.text}"
    schema = {"$ref": "#/schemas/ErrorResponse"} if documented is None else documented["schema"]
    if schema is None:
        assert response.content == b""
        return None
    assert response.headers["content-type"].split(";")[0] == "application/json"
    body = orjson.loads(response.content)
    validate(schema, body)
    assert all(at.endswith("Z") and datetime.fromisoformat(at) for at in instants(body))
    if status == 422:
        assert body["detail"]
        for problem in body["detail"]:
            assert problem["loc"][0] in ("path", "query", "body") and problem["msg"] and problem["type"]
    elif status >= 400:
        assert body["detail"].strip() and body["code"] in CODES and body["context"] != {}
    assert (status == 401) is ("www-authenticate" in response.headers)
    return body


def instants(value: object) -> Iterator[str]:
    """Every time in an answer."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name.endswith("At") and isinstance(item, str):
                yield item
            yield from instants(item)
    elif isinstance(value, list):
        for item in value:
            yield from instants(item)
