"""The GraphiQL page and its files over HTTP, without a browser."""

import gzip
import json
import re
import shutil
from html import unescape
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request

from app.web.graphiql import GraphiQLPage, policy
from app.web.static_files import STATIC
from tests.web.graphiql_server import page_app

PACKAGE_JSON = Path(__file__).parents[2] / "frontend" / "package.json"
AS_BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
A_YEAR = "public, max-age=31536000, immutable"


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """Our own files beside small stand-ins for those of npm."""
    shutil.copytree(STATIC / "graphiql", tmp_path / "graphiql")
    (tmp_path / "vendor").mkdir()
    for name in json.loads(PACKAGE_JSON.read_bytes())["assets"]:
        (tmp_path / "vendor" / name).write_text(f"/* {name} */")
        (tmp_path / "vendor" / f"{name}.gz").write_bytes(gzip.compress(f"/* {name} */".encode()))
    return tmp_path


def client(static: Path) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=page_app(static=static))
    return httpx.AsyncClient(transport=transport, base_url="http://taskloom.test:8000")


def files_of(page: str) -> list[str]:
    return [unescape(address) for address in re.findall(r'(?:src|href)="([^"]+)"', page)]


async def test_a_browser_gets_the_page_under_a_policy_that_names_no_other_host(static: Path) -> None:
    async with client(static) as http:
        answer = await http.get("/graphql", headers=AS_BROWSER)
    nonce = json.loads(re.findall(r'id="page-data">(.*?)</script>', answer.text)[0])["styleNonce"]
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"].split("; ") == [
        "default-src 'self'",
        "script-src 'self'",
        f"style-src 'self' 'nonce-{nonce}'",
        "img-src 'self' data:",
        "connect-src 'self' ws://taskloom.test:8000 wss://taskloom.test:8000",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["vary"] == "Accept"


async def test_each_answer_has_a_nonce_of_its_own(static: Path) -> None:
    async with client(static) as http:
        policies = {(await http.get("/graphql", headers=AS_BROWSER)).headers["content-security-policy"] for _ in "ab"}
    assert len(policies) == 2


async def test_every_file_of_the_page_is_kept_for_a_year_under_its_version(static: Path) -> None:
    async with client(static) as http:
        addresses = files_of((await http.get("/graphql", headers=AS_BROWSER)).text)
        answers = [await http.get(f"/{address}") for address in addresses]
    assert all(re.fullmatch(r"static/(vendor|graphiql)/[\w.-]+\?v=[0-9a-f]{16}", a) for a in addresses)
    assert [(a.status_code, a.headers["cache-control"]) for a in answers] == [(200, A_YEAR)] * len(addresses)


async def test_the_page_uses_each_installed_file(static: Path) -> None:
    async with client(static) as http:
        addresses = files_of((await http.get("/graphql", headers=AS_BROWSER)).text)
    used = {a.split("?")[0].removeprefix("static/vendor/") for a in addresses if "/vendor/" in a}
    assert used == set(json.loads(PACKAGE_JSON.read_bytes())["assets"])


@pytest.mark.parametrize("query", ["", "?v=0000000000000000"])
async def test_a_file_asked_for_without_its_version_is_asked_for_again(static: Path, query: str) -> None:
    async with client(static) as http:
        first = await http.get(f"/static/graphiql/app.js{query}")
        again = await http.get(f"/static/graphiql/app.js{query}", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, first.headers["cache-control"]) == (200, "no-cache")
    assert (again.status_code, again.headers["cache-control"], again.content) == (304, "no-cache", b"")


async def test_a_file_is_packed_only_for_those_who_unpack(static: Path) -> None:
    async with client(static) as http:
        packed = await http.get("/static/vendor/react.js", headers={"Accept-Encoding": "gzip"})
        plain = await http.get("/static/vendor/react.js", headers={"Accept-Encoding": "identity"})
        again = await http.get(
            "/static/vendor/react.js",
            headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]},
        )
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text == "/* react.js */"
    assert packed.headers["content-type"] == plain.headers["content-type"] == "text/javascript; charset=utf-8"
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["vendor/nothing.js", "%00", "../graphiql.py", "vendor/../../graphiql.py"])
async def test_what_is_no_file_of_ours_is_not_found(static: Path, path: str) -> None:
    async with client(static) as http:
        answer = await http.get(f"/static/{path}", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 404


async def test_missing_files_give_a_plain_page_that_says_what_to_do(static: Path) -> None:
    (static / "vendor" / "graphiql.js").unlink()
    async with client(static) as http:
        answer = await http.get("/graphql?a=%3Cb%3E", headers=AS_BROWSER)
        files = [await http.get(f"/{address}") for address in files_of(answer.text)]
    assert answer.status_code == 200
    assert "<h1>GraphiQL is not installed here</h1>" in answer.text
    assert "<pre>.venv/bin/python scripts/build_assets.py</pre>" in answer.text
    assert "http://taskloom.test:8000/graphql</pre>" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'self'; script-src 'self'; ")
    assert [file.status_code for file in files] == [200, 200, 200]


async def test_files_installed_later_need_no_restart(static: Path) -> None:
    file = static / "vendor" / "graphiql.js"
    content = file.read_bytes()
    file.unlink()
    async with client(static) as http:
        before = await http.get("/graphql", headers=AS_BROWSER)
        file.write_bytes(content)
        after = await http.get("/graphql", headers=AS_BROWSER)
    assert ("page-data" in before.text, "page-data" in after.text) == (False, True)


async def test_a_document_cannot_break_out_of_the_page(static: Path) -> None:
    text = "# </script><script>alert(1)</script>\n{ viewer { __typename } }"
    (static / "graphiql" / "tabs" / "6-odd.graphql").write_text(text)
    page = GraphiQLPage(static=static).render(root="static", nonce="n", url="http://taskloom.test/graphql")
    tabs = json.loads(re.findall(r'id="page-data">(.*?)</script>', page)[0])["tabs"]
    assert tabs[-1] == {"query": text}


async def test_a_trailing_slash_does_not_lose_the_files(static: Path) -> None:
    scope = {"type": "http", "method": "GET", "path": "/team/graphql/", "headers": [], "query_string": b""}
    answer = await GraphiQLPage(static=static).respond(
        Request({**scope, "server": ("taskloom.test", 80), "scheme": "http"})
    )
    assert all(address.startswith("../static/") for address in files_of(bytes(answer.body).decode()))


@pytest.mark.parametrize("host", ["", "[::1]:8000", "a; script-src *", "a b", "user@a", "a:port", "*"])
def test_only_a_plain_host_enters_the_policy(host: str) -> None:
    assert "connect-src 'self'; " in policy(host, "n")
