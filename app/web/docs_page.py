"""The docs page: the description of the REST APIs for people, made of nothing but this server's own words."""

import secrets
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse

STYLE: Final = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { overflow: auto; padding: .75rem; border: 1px solid #8884; border-radius: 6px; }
details { border-bottom: 1px solid #8884; padding: .4rem 0; }
summary { cursor: pointer; }
.method { display: inline-block; width: 4.5rem; font-weight: 600; }
.path { margin-right: .75rem; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .15rem 1rem .15rem 0; vertical-align: top; }
h2 { margin-top: 2rem; }
"""


class DocsPage:
    """Renders the document once."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._schemas = document["components"]["schemas"]
        self._body = self._page(document)

    async def respond(self, _: Request) -> HTMLResponse:
        """The page, under a policy that lets it load nothing."""
        nonce = secrets.token_urlsafe(16)
        head = f'<style nonce="{nonce}">{STYLE}</style>'
        page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Taskloom REST</title>{head}{self._body}'
        policy = f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'"
        headers = {
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return HTMLResponse(page, headers=headers)

    def _page(self, document: Mapping[str, Any]) -> str:
        sections: dict[str, list[str]] = {}
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                sections.setdefault(operation["tags"][0], []).append(self._operation(method, path, operation))
        parts = [f"<h2>{escape(tag)}</h2>{''.join(found)}" for tag, found in sections.items()]
        about = escape(document["info"]["description"])
        machine = '<p>For programs: <a href="openapi.json">openapi.json</a>.</p>'
        return f"<body><h1>{escape(document['info']['title'])} REST</h1><p>{about}</p>{machine}{''.join(parts)}</body>"

    def _operation(self, method: str, path: str, operation: Mapping[str, Any]) -> str:
        title = (
            f'<span class="method">{method.upper()}</span><code class="path">{escape(path)}</code>'
            f"{escape(operation['summary'])}"
        )
        parts = [self._parameters(operation["parameters"])]
        if "requestBody" in operation:
            parts.append("<p>Body</p>" + self._content(operation["requestBody"]["content"]))
        for status, response in operation["responses"].items():
            parts.append(f"<p><b>{escape(status)}</b> {escape(response['description'])}</p>")
            if status < "400" and "content" in response:
                parts.append(self._content(response["content"]))
        return f'<details id="{escape(operation["operationId"])}"><summary>{title}</summary>{"".join(parts)}</details>'

    @staticmethod
    def _parameters(found: Sequence[Mapping[str, Any]]) -> str:
        rows = "".join(
            f"<tr><td><code>{escape(one['name'])}</code></td><td>{one['in']}{' (required)' if one['required'] else ''}"
            f"</td><td>{escape(_kind_of(one['schema']))}</td></tr>"
            for one in found
        )
        return f"<table>{rows}</table>" if rows else ""

    def _content(self, content: Mapping[str, Any]) -> str:
        ((_, media),) = content.items()
        shown = self._example(media["schema"], ())
        return f"<pre>{escape(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())}</pre>"

    def _example(self, schema: Mapping[str, Any], above: tuple[str, ...]) -> Any:
        """What a value looks like: names with their types; `?` marks what may be left out."""
        if "anyOf" in schema:
            return self._example(schema["anyOf"][0], above)
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            return name if name in above else self._example(self._schemas[name], (*above, name))
        if "enum" in schema:
            return " | ".join(schema["enum"])
        kind = schema.get("type", "any JSON value")
        if isinstance(kind, list):
            kind = kind[0]
        if kind == "array":
            return [self._example(schema["items"], above)]
        if kind == "object":
            required = schema.get("required", [])
            return {
                name + ("" if name in required else "?"): self._example(member, above)
                for name, member in schema.get("properties", {}).items()
            }
        return schema.get("format") or kind


def _kind_of(schema: Mapping[str, Any]) -> str:
    """The words of a parameter, or its type."""
    if "enum" in schema:
        return " | ".join(schema["enum"])
    if schema["type"] == "array":
        return f"{_kind_of(schema['items'])}, repeated"
    return str(schema.get("format") or schema["type"])
