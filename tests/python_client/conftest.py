"""What the tests of the Python client share: clients in a world, and a network that fails."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from gathering_client import Client, connect
from tests.proxy import Proxy
from tests.python_client.reading import hurried
from tests.servers import Server, World


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def proxy(world: World, stack: AsyncExitStack) -> Proxy:
    """A network that fails, before the steady server."""
    return await stack.enter_async_context(Proxy(world.steady.port))


@pytest.fixture
def join(world: World, stack: AsyncExitStack) -> Callable[..., Any]:
    """``await join("ada")``: a client of one of the cast, closed in the end."""

    async def join(who: str, on: Server | Proxy | None = None, **options: Any) -> Client:
        where = (on or world.steady).http
        token = options.pop("token", world.tokens.get(who, who))
        return await stack.enter_async_context(connect(where, token, **hurried(options)))

    return join


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A worker of its own for these: the other tests of that world are many."""
    for item in items:
        if item.nodeid.startswith("tests/python_client/"):
            item.add_marker(pytest.mark.xdist_group("python_client"), append=False)
