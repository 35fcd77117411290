"""What the tests of the JavaScript client share."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.chromium import Chromium
from tests.servers import Server, World

QUICK = {"GATHERING_HEARTBEAT": "0.4", "GATHERING_FRAME_RATE": "0", "GATHERING_MAX_SOCKETS": "0"}


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[Server]:
    """A server with a quick heart, which may be killed: ``start`` it."""
    made = world.serve(QUICK)
    yield made
    made.stop()


@pytest.fixture
async def browser(chromium: Chromium) -> AsyncIterator[Browser]:
    """Chromium for one test; what the test opened in it is closed afterwards."""
    async with async_playwright() as driver:
        browser = await driver.chromium.connect_over_cdp(chromium.address)
        yield browser
        for context in browser.contexts[1:]:
            await context.close()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A worker of its own for these: one server, one browser and one package are enough."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("javascript"), append=False)
