"""One trouble at a time, on the real server: nothing is lost, nothing comes twice."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gathering_client import (
    FileStore,
    MemoryStore,
    NotAllowed,
    NotAuthenticated,
    Position,
    State,
    TokenExpired,
    connect,
)
from tests import proxy as proxies
from tests.clients import eventually
from tests.processes import poll
from tests.proxy import Proxy
from tests.python_client.reading import ONE_WORLD, hurried, said, take
from tests.rooms import Room
from tests.servers import ROOT, World

pytestmark = ONE_WORLD
Join = Callable[..., Any]
NUMBERS = [str(number) for number in range(20)]


@pytest.fixture
async def brisk(world: World, stack: Any) -> Proxy:
    """A network that fails, before the server with a fast heart."""
    return await stack.enter_async_context(Proxy(world.brisk.start().port))


async def test_a_cut_in_every_post_loses_and_repeats_nothing(room: Room, join: Join, proxy: Proxy) -> None:
    ada, bob = await join("ada", proxy), await join("bob", proxy)
    async with bob.circle(room.name).events(since=room.head) as events:
        for number in NUMBERS:
            post = asyncio.ensure_future(ada.circle(room.name).post(number))
            await asyncio.sleep(0)  # so that it is under way, or not yet
            proxy.cut()
            await post
        assert said(await take(events, len(NUMBERS))) == NUMBERS
    assert room.hand("messages", room.name) == [["ada", number] for number in NUMBERS]


async def test_after_a_stall_both_ways_go_on(room: Room, join: Join, proxy: Proxy) -> None:
    ada = (await join("ada", proxy)).circle(room.name)
    async with ada.events() as events:
        proxy.stall()
        post = asyncio.ensure_future(ada.post("late"))
        await eventually(lambda: proxy.connections > 1)  # it did not trust the silent one
        proxy.flow()
        await post
        assert said(await take(events, 1)) == ["late"]
    assert room.hand("messages", room.name) == [["ada", "late"]]


async def test_a_deaf_socket_is_noticed_by_the_head_in_the_ping(room: Room, join: Join, brisk: Proxy) -> None:
    bob = await join("bob", brisk)
    async with bob.circle(room.name).events() as events:
        brisk.loses = proxies.events
        room.hand("post", "ada", room.name, count=3)
        heard = asyncio.ensure_future(take(events, 3))
        await asyncio.sleep(0.3)
        brisk.loses = proxies.nothing
        assert said(await heard) == ["0", "1", "2"]
    assert brisk.connections == 1  # it joined again, on the socket that it had


async def test_a_first_ping_that_is_lost_keeps_nobody_waiting(room: Room, join: Join, brisk: Proxy) -> None:
    brisk.loses = lambda way, frame: way == "in" and frame["type"] == "ping"
    bob = await asyncio.wait_for(join("bob", brisk), 15)  # by the first ping of the server
    async with bob.circle(room.name).events() as events:
        room.hand("post", "ada", room.name)
        assert said(await take(events, 1)) == ["0"]


async def test_who_looks_dead_is_closed_and_comes_back(room: Room, join: Join, brisk: Proxy) -> None:
    states: list[State] = []
    bob = await join("bob", brisk, on_state=states.append)
    brisk.loses = lambda way, frame: way == "in" and frame["type"] in ("ping", "pong")
    async with bob.circle(room.name).events() as events:
        await eventually(lambda: State.WAITING in states, 15)
        brisk.loses = proxies.nothing
        room.hand("post", "ada", room.name, count=2)
        assert said(await take(events, 2)) == ["0", "1"]


async def test_a_slow_reader_costs_no_memory_and_loses_nothing(room: Room, join: Join) -> None:
    room.hand("post", "ada", room.name, count=2000)
    bob = (await join("bob")).circle(room.name)
    async with bob.events(since=room.head) as events:
        found = await take(events, 1)
        for number in range(3):  # it posts while its row is full
            await asyncio.sleep(0.3)
            await bob.post(f"busy {number}")
            assert len(events._subscription._row) <= 1024
        found += await take(events, 2002)
    assert [event.seq for event in found] == list(range(room.head + 1, room.head + 2004))


async def test_a_wrong_token_is_refused(world: World) -> None:
    with pytest.raises(NotAuthenticated):
        await connect(world.steady.http, "wrong", **hurried({}))


async def test_a_token_that_has_expired_is_refused(room: Room) -> None:
    with pytest.raises(TokenExpired):
        await connect(room.world.steady.http, room.hand("mint_expired", "ada"), **hurried({}))


async def test_a_token_that_expires_is_renewed_and_nothing_is_missed(room: Room, join: Join) -> None:
    lives = iter([1.0, 1.0, None])
    states: list[State] = []

    def mint() -> str:
        return room.hand("mint", "bob", next(lives))

    bob = await join("bob", token=mint, on_state=states.append)
    async with bob.circle(room.name).events() as events:
        ada = await join("ada")
        for number in range(20):
            await ada.circle(room.name).post(str(number))
            await asyncio.sleep(0.15)
        assert said(await take(events, 20)) == NUMBERS
    assert states.count(State.LIVE) == 3


async def test_a_live_socket_takes_a_new_token(room: Room, join: Join) -> None:
    states: list[State] = []
    bob = await join("bob", token=room.hand("mint", "bob", 2.0), on_state=states.append)
    async with bob.circle(room.name).events() as events:
        await bob.refresh(room.hand("mint", "bob"))
        with pytest.raises(NotAuthenticated):
            await bob.refresh(room.world.tokens["ada"])
        await asyncio.sleep(2.5)
        await bob.circle(room.name).post("still here")
        assert said(await take(events, 1)) == ["still here"]
    assert states == [State.CONNECTING, State.LIVE]


async def test_a_revoked_token_ends_it(room: Room, join: Join) -> None:
    token = room.hand("mint", "bob")
    bob = await join("bob", token=token)
    async with bob.circle(room.name).events() as events:
        room.hand("revoke", token)
        with pytest.raises(NotAllowed, match="access_withdrawn"):
            await take(events, 1)
    assert bob.state is State.ENDED


async def test_a_handler_that_throws_gets_the_same_event_again(room: Room, join: Join) -> None:
    room.hand("post", "ada", room.name, count=3)
    circle = (await join("bob", store=(store := MemoryStore()))).circle(room.name)
    await store.save(room.channel, Position(room.head))
    seen: list[str] = []

    @circle.on("user_message")
    def handle(event: Any) -> None:
        seen.append(event.data["content"])
        if seen.count("1") == 1 and seen[-1] == "1":
            raise LookupError("the first time")
        if seen[-1] == "2":
            raise StopIteration("enough")

    with pytest.raises(LookupError):
        await circle.listen()
    with pytest.raises(RuntimeError, match="StopIteration"):
        await circle.listen()
    assert seen == ["0", "1", "1", "2"]


READER = """
import asyncio, sys
from gathering_client import FileStore, connect

async def main(url, token, circle, since, cursors, handled):
    async with connect(url, token, store=FileStore(cursors), trust_env=False) as client:
        async for event in client.circle(circle).events(since=int(since)):
            if event.seq is not None:
                with open(handled, "a") as file:
                    file.write(f"{event.seq}\\n")

asyncio.run(main(*sys.argv[1:]))
"""


def test_a_process_that_is_killed_handles_at_most_one_event_again(room_: Room, tmp_path: Path) -> None:
    room, handled = room_, tmp_path / "handled"
    room.hand("post", "ada", room.name, count=300)
    handled.touch()
    arguments = [room.world.steady.http, room.world.tokens["bob"], room.name, str(room.head)]
    command = [sys.executable, "-c", READER, *arguments, str(tmp_path / "cursors"), str(handled)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "clients/python/src")}
    lives = []
    for goal in (40, 90, 170, 300):
        before = len(handled.read_text())
        process = subprocess.Popen(command, env=environment)
        last = room.head + goal
        assert poll(lambda: f"\n{last}\n" in handled.read_text(), 60)  # noqa: B023 (called at once)
        process.send_signal(signal.SIGKILL)
        process.wait()
        lives.append([int(line) for line in handled.read_text()[before:].split()])
    for life in lives:
        assert life == list(range(life[0], life[-1] + 1))
    for earlier, later in pairwise(lives):
        assert later[0] in (earlier[-1], earlier[-1] + 1)
    stored = json.loads((tmp_path / "cursors").read_text())[room.channel]
    assert stored[0] in (room.head + 299, room.head + 300)
    assert asyncio.run(FileStore(tmp_path / "cursors").load(room.channel)) == Position(*stored)


@pytest.fixture
def room_(world: World) -> Room:
    """A room for a test that has no loop."""
    from tests.rooms import Rooms

    return Rooms(world, None).make()  # type: ignore[arg-type]
