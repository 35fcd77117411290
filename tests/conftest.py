"""What the tests of this directory share: services, worlds and rooms."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.chromium import Chromium
from tests.rooms import Room, Rooms
from tests.servers import World
from tests.services import Postgres, Redis

FULL = [("uvicorn", "full"), ("daphne", "full")]
COMBINATIONS = [("uvicorn", "embedded"), ("daphne", "embedded"), *FULL]
_worlds: list[World] = []


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres(fsync=False) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    with Chromium() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: Chromium) -> AsyncIterator[Browser]:
    """Chromium in the hands of Playwright, whose driver takes most of a second of CPU to start.

    It lives in the event loop of the session, so the tests that use it do.
    """
    async with async_playwright() as driver:
        yield await driver.chromium.connect_over_cdp(chromium.address)


@pytest.fixture(scope="session", params=COMBINATIONS, ids="-".join)
def world(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[World]:
    """Each combination of server and backend in turn."""
    server, backend = request.param
    with closing(_world(request, server, backend, tmp_path_factory.mktemp(server))) as world:
        _worlds.append(world)
        yield world
        _worlds.remove(world)


def _world(request: pytest.FixtureRequest, server: str, backend: str, directory: Path) -> World:
    if backend == "embedded":
        return World(server, backend, directory)
    redis, postgres = request.getfixturevalue("redis"), request.getfixturevalue("postgres")
    url = postgres.create_database(f"gathering_{server}")
    return World(server, backend, directory, redis, postgres, url)


@pytest.fixture
async def rooms(world: World) -> AsyncIterator[Rooms]:
    """Makes fresh circles; closes every client that joined one."""
    async with AsyncExitStack() as stack:
        yield Rooms(world, stack)


@pytest.fixture
def room(rooms: Rooms) -> Room:
    """A fresh circle: Ada owns it, Bob and Robo belong to it, Carol does not."""
    return rooms.make()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With ``-n 3 --dist loadgroup``, one worker has all tests of a world: it is made once."""
    for item in items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        if "world" in params:
            item.add_marker(pytest.mark.xdist_group("-".join(params["world"])))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the groups count: xdist 3.8 writes them into ``_nodeid``, and pytest 9.2 reads ``_id`` instead.

    Without this each worker makes every world, and nothing says so.
    """
    for item in session.items:
        named = getattr(item, "_nodeid", None)
        if named is not None and hasattr(item, "_id"):
            item._id = type(item._id).parse(named)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    report = yield
    if report.failed:
        report.sections += [section for world in _worlds for section in world.logs()]
    return report
