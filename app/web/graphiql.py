"""GraphiQL for browsers: one page, made only of files that this server holds."""

import json
import re
import secrets
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.web.static_files import STATIC, versioned

PLACEHOLDER: Final = re.compile(r"\{\{([\w./-]+)\}\}")
# A host that may stand in a policy; anything else (an IPv6 address, a forged header) is left to 'self'.
PLAIN_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphiQLPage:
    """Answers a browser that opens the GraphQL endpoint.

    Files are read for each answer: a page is opened rarely, and assets installed later need no restart.
    """

    static: Path = STATIC

    async def respond(self, request: Request) -> HTMLResponse:
        """The page, or the one that says what is missing, under a policy that names no other host."""
        nonce = secrets.token_urlsafe(16)
        # Relative, so that it holds behind a path prefix that only the proxy knows.
        root = "../static" if request.url.path.endswith("/") else "static"
        url = str(request.url.replace(query=""))
        page = await run_in_threadpool(self.render, root=root, nonce=nonce, url=url)
        return HTMLResponse(
            page,
            headers={
                "Cache-Control": "no-store",
                "Content-Security-Policy": policy(request.headers.get("host", ""), nonce),
                "Cross-Origin-Opener-Policy": "same-origin",
                "Referrer-Policy": "same-origin",
                "Vary": "Accept",
                "X-Content-Type-Options": "nosniff",
            },
        )

    def render(self, *, root: str, nonce: str, url: str) -> str:
        """The page with the addresses of its files; the plain page if one of them is not there."""
        own = self.static / "graphiql"
        data = {"tabs": default_tabs(own / "tabs"), "styleNonce": nonce}
        try:
            return self.filled(own / "page.html", root, {"page-data": json_in_html(data)})
        except FileNotFoundError:
            return self.filled(own / "missing.html", root, {"page-url": escape(url)})

    def filled(self, template: Path, root: str, values: dict[str, str]) -> str:
        """A template in which every name is replaced by its value, or by the address of that file."""

        def value(match: re.Match[str]) -> str:
            name = match[1]
            return values[name] if name in values else f"{root}/{versioned(self.static, name)}"

        return PLACEHOLDER.sub(value, template.read_text("utf-8"))


def default_tabs(folder: Path) -> list[dict[str, str]]:
    """The tabs of a first visit: every document in the order of its file name, with its variables if any."""
    tabs = []
    for document in sorted(folder.glob("*.graphql")):
        tab = {"query": document.read_text("utf-8")}
        variables = document.with_suffix(".json")
        if variables.exists():
            tab["variables"] = variables.read_text("utf-8")
        tabs.append(tab)
    return tabs


def json_in_html(value: object) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value).replace("<", "\\u003c")


def policy(host: str, nonce: str) -> str:
    """What the page may load: this server's files, and connections back to it."""
    # Some browsers do not count the same host's WebSocket as 'self'.
    sockets = f" ws://{host} wss://{host}" if PLAIN_HOST.fullmatch(host) else ""
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data:",  # GraphiQL's style sheet carries its error underlines
            f"connect-src 'self'{sockets}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
