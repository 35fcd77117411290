"""Browsers that look at real pages of a real server."""

import itertools
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.servers import World, manage

_numbers = itertools.count(1)
PATIENCE = 30_000  # milliseconds that Playwright waits: far more than anything takes that works
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker has all of them, in one event loop: one browser, one driver and one server are enough."""
    for item in items:
        if item.nodeid.startswith("tests/dashboard/"):
            item.add_marker(pytest.mark.xdist_group("dashboard"))
            if pytest_asyncio.is_async_test(item):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server as it is deployed: its static files are collected, under hashed names."""
    with closing(World("uvicorn", "embedded", tmp_path_factory.mktemp("site"))) as world:
        collect = manage("collectstatic", "--noinput", "--verbosity", "0", "--ignore", "redoc*")
        subprocess.run(collect, env=world.environment(), check=True, timeout=120)
        yield world


class Visitors:
    """People in browsers; what goes wrong in their pages is remembered."""

    def __init__(self, browser: Any, site: World) -> None:
        self.browser = browser
        self.site = site
        self.wrong: list[str] = []

    async def enter(self, who: str | None, **options: Any) -> BrowserContext:
        """A browser of ``who``, signed in."""
        context = await self.browser.new_context(base_url=self.site.steady.http, **options)
        context.set_default_timeout(PATIENCE)
        if who is not None:
            key = self.site.hand("session", who)
            await context.add_cookies([{"name": "sessionid", "value": key, "url": self.site.steady.http}])
        return context

    async def open(self, who: str | None, path: str, *, live: bool = True, **options: Any) -> Page:
        """A page in a browser of its own."""
        page = await (await self.enter(who, **options)).new_page()
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", self._heard)
        await page.goto(path)
        if live:
            await page.wait_for_selector('#connection[data-state="live"]')
        return page

    def _heard(self, message: Any) -> None:
        # The browser itself logs what it cannot reach, which is no fault of a page.
        if message.type == "error" and "net::" not in message.text and "WebSocket" not in message.text:
            self.wrong.append(message.text)


@pytest_asyncio.fixture(loop_scope="session")
async def visitors(browser: Browser, site: World) -> AsyncIterator[Visitors]:
    site.steady.start()
    made = Visitors(browser, site)
    yield made
    for context in browser.contexts[1:]:
        await context.close()
    assert made.wrong == []


@pytest.fixture
def circle(site: World) -> str:
    """The name of a fresh circle: Ada owns it, Bob and Robo belong to it."""
    name = f"room-{next(_numbers)}"
    site.hand("make_circle", name)
    return name
