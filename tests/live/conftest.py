"""Live servers for the contract: each of {uvicorn, Daphne} on each of {SQLite, PostgreSQL with Redis}.

Four servers serve the whole suite; a test that kills or configures one starts its own.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.services import Postgres, Redis

from .clients import Client, connect
from .servers import Place, Server, make_place, remove, running

_numbers = defaultdict(itertools.count)


@pytest.fixture(scope="session")
def redis_service() -> Iterator[Redis]:
    with Redis() as redis:
        yield redis


@pytest.fixture(scope="session")
def postgres_service() -> Iterator[Postgres]:
    with Postgres() as postgres:
        yield postgres


@pytest.fixture(scope="session", params=["embedded", "full"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A database, perhaps with a Redis, and the cast in it."""
    env = {}
    if request.param == "full":
        redis = request.getfixturevalue("redis_service")
        postgres = request.getfixturevalue("postgres_service")
        env = {"REDIS_URL": redis.url, "DATABASE_URL": postgres.create_database("contract")}
    made = make_place(request.param, **env)
    yield made
    remove(made)


@pytest.fixture(scope="session", params=["uvicorn", "daphne"])
def software(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def server(place: Place, software: str) -> Iterator[Server]:
    with running(place, software) as server:
        yield server


@pytest.fixture(scope="session")
def impatient(place: Place, software: str) -> Iterator[Server]:
    """A server with short limits."""
    limits = {
        "GATHERING_HEARTBEAT": "0.5",
        "GATHERING_AUTH_TIMEOUT": "0.6",
        "GATHERING_STALL_TIMEOUT": "2",
        "GATHERING_MAX_SOCKETS": "3",
        "GATHERING_FRAME_RATE": "5",
        "GATHERING_FRAME_BURST": "10",
    }
    with running(place, software, **limits) as server:
        yield server


@dataclass
class Room:
    """A circle of its own: Ada owns it, Bob, Olga (an observer) and Robo are in it, Carol is not."""

    server: Server
    name: str

    @property
    def channel(self) -> str:
        return f"circles.{self.name}"

    def rest(self, who: str | None, server: Server | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token(who)}"} if who else {}
        return httpx.Client(base_url=(server or self.server).http, headers=headers, timeout=20)

    def token(self, who: str) -> str:
        return self.server.place.tokens[who]

    async def join(self, who: str = "ada", server: Server | None = None, **query: Any) -> Client:
        asked = {"token": self.token(who), **query}
        text = "&".join(f"{name}={value}" for name, value in asked.items())
        return await connect(f"{(server or self.server).ws}/ws/circles/{self.name}?{text}")

    def call(self, who: str, method: str, path: str = "", **body: Any) -> httpx.Response:
        with self.rest(who) as rest:
            answer = rest.request(method, f"/api/circles/{self.name}/{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer


@pytest.fixture
def make_room() -> Callable[[Server], Room]:
    def make(server: Server) -> Room:
        return Room(server, f"c{next(_numbers[server.place.name])}")

    return make


@pytest.fixture
def room(server: Server, make_room: Callable[[Server], Room]) -> Room:
    return make_room(server)


@pytest.fixture
def hasty(impatient: Server, make_room: Callable[[Server], Room]) -> Room:
    """A room on the impatient server."""
    return make_room(impatient)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Any:
    """Show what the servers said beside a failure."""
    report = (yield).get_result()
    if report.when == "call" and report.failed:
        for value in item.funcargs.values():
            server = value if isinstance(value, Server) else getattr(value, "server", None)
            if isinstance(server, Server):
                report.sections.append((f"log of {server.software}", server.said()[-3000:]))
                break
