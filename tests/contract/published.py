"""The published description of the tasks API, and answers held against it strictly."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
from jsonschema import Draft202012Validator, FormatChecker

FILE = Path(__file__).parent / "agh-tasks.json"
PUBLISHED: Mapping[str, Any] = orjson.loads(FILE.read_bytes())
OPERATIONS: Mapping[str, Mapping[str, Any]] = {o["id"]: o for o in PUBLISHED["operations"]}
# Statuses that any operation of ours may give beyond the documented ones, always with the same shape.
OURS = frozenset({"400", "401", "403", "405", "408", "409", "410", "413"})
ERROR = {"$ref": "#/schemas/Error"}


def strict(schema: Any) -> Any:
    """The schema without null and without members that it does not name: we leave out what has no value."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: strict(item) for name, item in schema.items()}
    if isinstance(found.get("type"), list):
        found["type"] = next(kind for kind in found["type"] if kind != "null")
    if "anyOf" in found:
        found["anyOf"] = [item for item in found["anyOf"] if item != {"type": "null"}]
    if "properties" in found:
        found["additionalProperties"] = False
    return found


STRICT = strict(PUBLISHED["schemas"])


def validate(schema: Any, value: object) -> None:
    """Pass, or say where the value differs."""
    whole = {**strict(schema), "schemas": STRICT}
    checker = FormatChecker()
    problems = list(Draft202012Validator(whole, format_checker=checker).iter_errors(value))
    assert not problems, "\n".join(f"{'/'.join(map(str, p.absolute_path))}: {p.message}" for p in problems)


def check(operation: Mapping[str, Any], response: httpx.Response) -> Any:
    """The body of an answer that keeps the published shape."""
    status = str(response.status_code)
    documented = operation["responses"].get(status)
    assert documented is not None or status in OURS, f"{operation['id']} answered {status}: {response.text}"
    schema, kind = (ERROR, "application/json") if documented is None else _of(documented)
    if schema is None:
        assert response.content == b""
        return None
    assert response.headers["content-type"].split(";")[0] == kind
    body = orjson.loads(response.content)
    validate(schema, body)
    if response.status_code >= 400:
        assert body["error"].strip()
    if response.status_code == 401:
        assert "www-authenticate" in response.headers
    return body


def _of(documented: Mapping[str, Any]) -> tuple[Any, str]:
    return documented["schema"], documented["content_type"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One server-sent event."""

    id: int
    event: str
    data: Any


async def read_frames(response: httpx.Response) -> AsyncIterator[Frame]:
    """The frames of a stream as they come; comments are passed over."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            assert name not in fields
            fields[name] = value
        elif fields:
            assert list(fields) == ["id", "event", "data"]
            yield Frame(int(fields["id"]), fields["event"], orjson.loads(fields["data"]))
            fields = {}


def documented() -> Iterator[tuple[str, int]]:
    """Every operation with every status that is documented for it."""
    for id, operation in OPERATIONS.items():
        for status in operation["responses"]:
            yield id, int(status)
