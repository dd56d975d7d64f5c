"""The demo as a new user sees it: GraphiQL in Chromium, a subscription typed by hand, events that move."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from app.web.static_files import STATIC
from tests.support.server import REPOSITORY, running_server
from tests.web.test_graphiql_browser import CHROMIUM, PLAY, QUIET, Noted

TYPED = "subscription { events { sequence type task { title } } }"


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(150)
@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium at /usr/bin/chromium")
async def test_a_typed_subscription_moves_by_itself(dsn: str, tmp_path: Path) -> None:
    build = [sys.executable, str(REPOSITORY / "scripts" / "build_assets.py")]
    await asyncio.to_thread(lambda: subprocess.run(build, check=True, capture_output=True))
    if not (STATIC / "vendor" / "manifest.json").exists():
        pytest.skip("npm cannot be reached, so GraphiQL is not installed")
    async with running_server(tmp_path, database_url=dsn, env={"TASKLOOM_DEMO": "1"}) as server:
        await server.saying("the worker runs", within=60)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            page = await browser.new_page(viewport={"width": 1360, "height": 820})
            noted = Noted()
            noted.watch(page)
            await page.goto(f"{server.url}/graphql#key={server.key}")
            await page.get_by_role("button", name="Add tab").or_(page.get_by_label("New tab")).first.click()
            editor = page.locator(".graphiql-query-editor .CodeMirror").first
            await editor.click()
            await page.keyboard.press("Control+A")
            await page.keyboard.press("Delete")
            # As a person types: the editor closes brackets by itself and reads along.
            await page.keyboard.type(TYPED, delay=15)
            await page.locator(PLAY).click()
            seen: set[str] = set()
            result = page.locator(".result-window")
            while len(seen) < 3:
                await expect(result).to_contain_text("sequence", timeout=30_000)
                text = await result.inner_text()
                known = len(seen)
                seen.add(text)
                if len(seen) == known:
                    await page.wait_for_function(
                        "before => document.querySelector('.result-window').innerText !== before", arg=text
                    )
            assert {url.split("/")[2] for url in noted.requests if "://" in url} == {server.url.split("/")[2]}
            assert [said for said in noted.complaints if said.startswith("error")] == []
            await browser.close()
