"""What the tests of the JavaScript client share."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.rooms import Rooms
from tests.servers import Server, World

QUICK = {"GATHERING_HEARTBEAT": "0.4", "GATHERING_FRAME_RATE": "0", "GATHERING_MAX_SOCKETS": "0"}


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[Server]:
    """A server with a quick heart, which may be killed: ``start`` it."""
    made = world.serve(QUICK)
    yield made
    made.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def rooms(world: World) -> AsyncIterator[Rooms]:
    """Those of all tests, in the event loop of the browser."""
    async with AsyncExitStack() as stack:
        yield Rooms(world, stack)


@pytest_asyncio.fixture(loop_scope="session")
async def browser(browser: Browser) -> AsyncIterator[Browser]:
    """Chromium for one test; what the test opened in it is closed afterwards."""
    yield browser
    for context in browser.contexts[1:]:
        await context.close()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A worker and an event loop of their own: one server, one browser and one package are enough."""
    for item in items:
        if item.nodeid.startswith("tests/javascript/"):
            item.add_marker(pytest.mark.xdist_group("javascript"), append=False)
            if pytest_asyncio.is_async_test(item):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
