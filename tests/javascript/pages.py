"""Pages for tests: modules put together by esbuild, shown by a real Chromium as if the server had them."""

import json
import subprocess
from collections.abc import Mapping
from functools import cache
from typing import Any

from playwright.async_api import Browser, Page

from tests.nodejs import NODE
from tests.servers import ROOT

PACKAGE = ROOT / "clients/js"
PATIENCE = 30_000  # milliseconds
SHELL = '<div id="root"></div><script type="application/json" id="about">{about}</script>'


@cache
def bundle(entry: str, react: str = "19") -> str:
    """The module at ``entry`` and all that it imports, with React of that version."""
    command = [NODE, PACKAGE / "tests/programs/bundle.js", PACKAGE / entry, react]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


async def show(browser: Browser, base: str, script: str, about: Mapping[str, Any]) -> Page:
    """A page of the server at ``base`` that runs ``script``.

    It begins as a page that the server has sent: to one that was made up here Chromium allows no socket
    on this machine (``show_blocked``).
    """
    page = await (await browser.new_context(bypass_csp=True)).new_page()
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: print(f"the page failed: {error}"))
    await page.goto(f"{base}/healthz")
    await page.set_content(_shell(about))
    await page.add_script_tag(content=script, type="module")
    return page


async def show_blocked(browser: Browser, base: str, script: str, about: Mapping[str, Any]) -> Page:
    """The same page, where the browser lets no WebSocket through but HTTP."""
    page = await (await browser.new_context()).new_page()
    page.set_default_timeout(PATIENCE)
    body = f"<!doctype html>{_shell(about)}<script type=module>{script}</script>"
    await page.route("**/blocked", lambda route: route.fulfill(body=body, content_type="text/html"))
    await page.goto(f"{base}/blocked")
    return page


def _shell(about: Mapping[str, Any]) -> str:
    return SHELL.format(about=json.dumps(about).replace("<", "\\u003c"))
