"""GraphiQL in a real browser against a real server: nothing from elsewhere, the key on both transports, live events."""

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from app.web.static_files import STATIC
from tests.web.graphiql_server import FIRST, FIRST_KEY, SECOND, SECOND_KEY, Seen, page_app, served

CHROMIUM = Path("/usr/bin/chromium")
ROOT = Path(__file__).parents[2]
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
PLAY = ".graphiql-execute-button"
EXAMPLES = ["Live", "Tasks", "Workspaces", "CreateTask", "RegisterWorker"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium at /usr/bin/chromium"),
    # The first test of a fresh clone also waits for npm.
    pytest.mark.timeout(120),
]


@dataclass
class Noted:
    """What a page did on the wire and in its console."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url))
        page.on("console", lambda said: self.complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def hosts(self) -> set[str]:
        return {url.split("/")[2] for url in self.requests if not url.startswith("data:")}


@pytest.fixture(scope="module")
def assets() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "build_assets.py"], capture_output=True, text=True, check=True
    )
    if not (STATIC / "vendor" / "manifest.json").exists():
        pytest.skip(done.stdout.strip())


@pytest.fixture(scope="module")
async def browser(assets: None) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(viewport={"width": 1360, "height": 820})
    # A policy violation reaches the console too, but not all of them as an error.
    await context.add_init_script(
        "document.addEventListener('securitypolicyviolation',"
        " event => console.error('policy', event.violatedDirective, event.blockedURI, event.sample))"
    )
    context.set_default_timeout(10_000)
    yield context
    await context.close()


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
async def page(context: BrowserContext, noted: Noted) -> Page:
    page = await context.new_page()
    noted.watch(page)
    return page


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def url(seen: Seen) -> Iterator[str]:
    with served(page_app(seen=seen)) as base:
        yield f"{base}/graphql"


async def received(page: Page, at_least: int) -> None:
    await page.wait_for_function(
        "least => Number(document.getElementById('live').dataset.received) >= least", arg=at_least
    )


async def shown(page: Page, text: str) -> None:
    await expect(page.locator(".result-window")).to_contain_text(text)


async def typed(page: Page, query: str, name: str) -> None:
    """The query in the editor, once GraphiQL has understood it."""
    await page.evaluate(
        "text => document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror.setValue(text)", query
    )
    await expect(page.locator(".graphiql-tab-button").first).to_have_text(name)


async def test_nothing_comes_from_another_host_and_nothing_complains(page: Page, noted: Noted, url: str) -> None:
    await page.goto(f"{url}#key={FIRST_KEY}")
    await page.click(PLAY)
    await received(page, 3)
    await shown(page, '"title": "Monthly means"')
    await page.click(PLAY)
    await expect(page.locator("#live")).to_be_hidden()
    await page.click("[aria-label='Open settings dialog']")
    await expect(page.locator(".graphiql-dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.click("[aria-label='Show Documentation Explorer']")
    await page.get_by_role("link", name="Subscription").click()
    await expect(page.locator(".graphiql-doc-explorer-content")).to_contain_text("events: Event!")
    await page.click("[aria-label='Show GraphiQL Explorer']")
    await expect(page.locator(".graphiql-explorer-root")).to_contain_text("events")
    host = url.split("/")[2]
    assert noted.hosts() == {host}
    assert any(request.startswith(f"ws://{host}/graphql") for request in noted.requests)
    assert noted.complaints == []


async def test_the_key_goes_out_on_both_transports(page: Page, seen: Seen, url: str) -> None:
    await page.goto(url)
    await expect(page.locator("#status")).to_have_attribute("data-state", "anonymous")
    assert set(seen.http) == {""}
    seen.http.clear()
    await page.fill("#key-input", f" {FIRST_KEY} ")
    await page.keyboard.press("Enter")
    await expect(page.locator("#status-text")).to_have_text(FIRST)
    await typed(page, "query Me { viewer { user { email } } }", "Me")
    await page.click(PLAY)
    await shown(page, f'"email": "{FIRST}"')
    await typed(page, "subscription Mine { events { sequence payload } }", "Mine")
    await page.click(PLAY)
    await received(page, 3)
    assert set(seen.http) == {f"Bearer {FIRST_KEY}"}
    assert seen.sockets == [{"authorization": f"Bearer {FIRST_KEY}"}]


async def test_a_key_in_the_address_is_kept_and_taken_out_of_it(page: Page, context: BrowserContext, url: str) -> None:
    await page.goto(f"{url}?tab=1#key={FIRST_KEY}")
    await expect(page.locator("#status-text")).to_have_text(FIRST)
    assert page.url == f"{url}?tab=1"
    assert FIRST_KEY not in await page.inner_html("body")
    other = await context.new_page()
    await other.goto(url)
    await expect(other.locator("#status-text")).to_have_text(FIRST)


async def test_a_changed_key_takes_over_a_running_subscription(page: Page, seen: Seen, url: str) -> None:
    await page.goto(f"{url}#key={FIRST_KEY}")
    await page.click(PLAY)
    await shown(page, f'"seenBy": "{FIRST}"')
    await page.click("#key-change")
    await page.fill("#key-input", SECOND_KEY)
    await page.keyboard.press("Enter")
    await shown(page, f'"seenBy": "{SECOND}"')
    await expect(page.locator("#status-text")).to_have_text(SECOND)
    assert seen.sockets == [{"authorization": f"Bearer {key}"} for key in (FIRST_KEY, SECOND_KEY)]


async def test_a_refused_key_is_said_in_both_places(page: Page, url: str) -> None:
    await page.goto(f"{url}#key=tl_nobody")
    await expect(page.locator("#status")).to_have_attribute("data-state", "refused")
    await page.click(PLAY)
    await shown(page, "The WebSocket was closed: 4403 Forbidden")
    await expect(page.locator("#live")).to_be_hidden()


async def test_a_forgotten_key_is_gone(page: Page, seen: Seen, url: str) -> None:
    await page.goto(f"{url}#key={FIRST_KEY}")
    await expect(page.locator("#status")).to_have_attribute("data-state", "connected")
    await page.click("#key-forget")
    await expect(page.locator("#status")).to_have_attribute("data-state", "anonymous")
    await expect(page.locator("#key-form")).to_be_visible()
    assert await page.evaluate("localStorage.getItem('taskloom.key')") is None
    await page.click(PLAY)
    await shown(page, "4403")
    assert seen.sockets == [{}]


async def test_a_subscription_outlives_a_restart_of_the_server(page: Page, seen: Seen) -> None:
    with served(page_app(seen=seen)) as base:
        await page.goto(f"{base}/graphql#key={FIRST_KEY}")
        await page.click(PLAY)
        await received(page, 3)
    await expect(page.locator("#live")).to_have_attribute("data-state", "connecting")
    before = int(await page.locator("#live").get_attribute("data-received") or 0)
    with served(page_app(seen=seen), port=int(base.rsplit(":", 1)[1])):
        await received(page, before + 3)
        assert len(seen.sockets) == 2


async def test_the_page_works_behind_a_path_prefix(page: Page, noted: Noted) -> None:
    with served(page_app(prefix="/team/a")) as base:
        await page.goto(f"{base}/team/a/graphql#key={FIRST_KEY}")
        await page.click(PLAY)
        await received(page, 3)
    assert {request.split("/", 3)[3].split("/")[0] for request in noted.requests} == {"team"}


@pytest.mark.parametrize(
    "written",
    [
        # GraphiQL writes the open query sooner than the list of tabs: a reload may fall between the two.
        "() => localStorage['graphiql:query']?.startsWith('# Start a task')",
        "() => JSON.parse(localStorage['graphiql:tabState']).activeTabIndex === 3",
    ],
    ids=["query", "tabs"],
)
async def test_a_reload_keeps_every_tab(page: Page, url: str, written: str) -> None:
    tabs = page.locator(".graphiql-tab-button")
    await page.goto(url)
    await expect(tabs).to_have_text(EXAMPLES)
    await page.wait_for_function("() => localStorage.getItem('graphiql:tabState') !== null")
    await tabs.nth(3).click()
    await page.wait_for_function(written)
    await page.reload()
    await expect(tabs).to_have_text(EXAMPLES)


@pytest.mark.parametrize(("scheme", "blue"), [("light", 255), ("dark", 59)])
async def test_light_and_dark_follow_the_system(page: Page, url: str, scheme: str, blue: int) -> None:
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.goto(url)
    await page.wait_for_selector(".graphiql-container")
    bar, graphiql = [
        await page.evaluate("name => getComputedStyle(document.querySelector(name)).backgroundColor", name)
        for name in ("body", ".graphiql-container")
    ]
    assert bar == graphiql
    assert int(bar.removesuffix(")").split(",")[2]) == blue


async def test_without_its_files_the_page_is_plain_and_quiet(page: Page, noted: Noted, tmp_path: Path) -> None:
    shutil.copytree(STATIC / "graphiql", tmp_path / "graphiql")
    with served(page_app(static=tmp_path)) as base:
        await page.goto(f"{base}/graphql")
        await expect(page.locator("h1")).to_have_text("GraphiQL is not installed here")
    assert noted.hosts() == {base.split("/")[2]}
    assert noted.complaints == []
