"""Over a network that fails, to a server that is killed: applied = posted, in order, once.

``GATHERING_RUNS`` says how many; each run can be repeated by its number.
"""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests import proxy as network
from tests.clients import eventually
from tests.javascript.follower import Follower
from tests.javascript.worlds import one_world
from tests.proxy import Proxy
from tests.rooms import Room, Rooms
from tests.servers import Server

RUNS = int(os.environ.get("GATHERING_RUNS", "3"))
STEPS = 8
PATIENCE = 60.0
WAYS = [
    {"shared": True},
    {"shared": False},
    {"shared": True, "transport": "http"},
    {"shared": True, "transport": "websocket"},
]
Fault = Callable[["Run"], Awaitable[object]]


class Run:
    """One seeded run: a follower behind a proxy, and what befalls them."""

    def __init__(self, seed: int, room: Room, server: Server, proxy: Proxy, follower: Follower) -> None:
        self.dice = random.Random(seed)
        self.room, self.server, self.proxy, self.follower = room, server, proxy, follower
        self.kills = 0
        self._posted = 0

    async def befall(self) -> None:
        for _ in range(STEPS):
            self._post()
            await self.dice.choices(list(FAULTS), list(FAULTS.values()))[0](self)
            await asyncio.sleep(self.dice.random() * 0.2)
        await self._calm()

    async def ends_well(self) -> None:
        """Everything asked is answered, and everything that was said has been handled."""
        await eventually(lambda: self.follower.has_all_answers, PATIENCE)
        head = self.room.hand("head", self.room.channel)
        await eventually(
            lambda: bool(self.follower.handled) and self.follower.handled[-1][0] == head, PATIENCE
        )

    def _post(self) -> None:
        for _ in range(self.dice.randint(0, 4)):
            self._posted += 1
            self.follower.post(f"mine-{self.room.name}-{self._posted}")
        self.room.hand("post", "bob", self.room.name, self.dice.randint(0, 3))

    async def _calm(self) -> None:
        await asyncio.to_thread(self.server.start)
        self.proxy.delay, self.proxy.loses, self.proxy.refuses = 0.0, network.nothing, False
        self.proxy.flow()

    async def cut(self) -> None:
        self.proxy.cut()

    async def stall(self) -> None:
        self.proxy.stall()

    async def flow(self) -> None:
        self.proxy.flow()

    async def slow(self) -> None:
        self.proxy.delay = self.dice.choice([0.0, 0.02, 0.1])

    async def lossy(self) -> None:
        losses = [network.nothing, network.pongs, network.events, network.some(self.dice, 0.3)]
        self.proxy.loses = self.dice.choice(losses)

    async def refusing(self) -> None:
        self.proxy.refuses = not self.proxy.refuses

    async def kill_server(self) -> None:
        await asyncio.to_thread(self.server.kill)
        self.room.hand("post", "bob", self.room.name, 2)
        await asyncio.to_thread(self.server.start)

    async def kill_client(self) -> None:
        self.kills += 1
        await self.follower.kill()
        await self.follower.start()


FAULTS: dict[Fault, int] = {
    Run.cut: 6,
    Run.stall: 3,
    Run.flow: 3,
    Run.slow: 3,
    Run.lossy: 5,
    Run.refusing: 2,
    Run.kill_server: 1,
    Run.kill_client: 2,
}


@one_world
@pytest.mark.parametrize("seed", range(RUNS))
async def test_what_is_handled_is_what_was_posted(
    seed: int, rooms: Rooms, server: Server, tmp_path: Path
) -> None:
    room = rooms.make(f"weather-{seed}")
    await asyncio.to_thread(server.start)
    async with (
        Proxy(server.port) as proxy,
        Follower(tmp_path, **about(room, proxy), **WAYS[seed % len(WAYS)]) as follower,
    ):
        run = Run(seed, room, server, proxy, follower)
        await run.befall()
        await run.ends_well()
    posted = [content for _, content in room.hand("messages", room.name)]
    once = without_repeats(follower.handled, run.kills)
    assert [seq for seq, _ in once] == list(range(room.head + 1, room.head + 1 + len(posted)))
    assert [content for _, content in once] == posted
    assert all((seq, content) in once for content, seq in follower.acknowledged.items())


def about(room: Room, proxy: Proxy) -> dict[str, object]:
    """What a follower of ``room`` needs to know; it begins where the room was made."""
    token = room.world.tokens["ada"]
    return {"url": proxy.http, "token": token, "circle": room.name, "since": room.head}


def without_repeats(handled: list[tuple[int, str]], kills: int) -> list[tuple[int, str]]:
    """What was handled; for each time that the client was killed, one event may have been handled again."""
    once = [each for place, each in enumerate(handled) if place == 0 or each != handled[place - 1]]
    assert len(handled) - len(once) <= kills
    return once


@one_world
async def test_killed_between_handling_and_storing_it_handles_one_event_again(
    rooms: Rooms, server: Server, tmp_path: Path
) -> None:
    room = rooms.make()
    head = room.hand("post", "bob", room.name, 6)
    async with Proxy(server.port) as proxy:
        follower = Follower(tmp_path, **about(room, proxy))
        await follower.start(dieAt=head - 2)
        assert await follower.ended() < 0
        await follower.start()
        await eventually(lambda: bool(follower.handled) and follower.handled[-1][0] == head, PATIENCE)
        await follower.kill()
    seqs = [seq for seq, _ in follower.handled]
    assert seqs == [*range(room.head + 1, head - 1), *range(head - 2, head + 1)]
