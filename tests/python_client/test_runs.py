"""Seeded runs of everything at once: a network that fails, a server that is killed, clients that go on.

``GATHERING_RUNS`` says how many; each run can be repeated by its number.
"""

import asyncio
import os
import random
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import pytest

from gathering_client import Circle, Event, connect
from tests import proxy as proxies
from tests.proxy import Proxy
from tests.python_client.reading import ONE_WORLD, hurried
from tests.rooms import Room
from tests.servers import Server

pytestmark = [ONE_WORLD, pytest.mark.timeout(180)]

RUNS = int(os.environ.get("GATHERING_RUNS", "2"))
FROM = int(os.environ.get("GATHERING_FIRST_RUN", "0"))
EACH = 15  # posts of each of two
KILLS = 0.05  # of all troubles


@pytest.mark.parametrize("seed", range(FROM, FROM + RUNS))
async def test_what_is_applied_is_what_was_posted_in_order_and_once(room: Room, seed: int) -> None:
    dice = random.Random(seed)
    server = room.world.brisk.start()
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(Proxy(server.port))
        ada, robo, bob = [await _join(stack, room, proxy, who) for who in ("ada", "robo", "bob")]
        over = asyncio.Event()
        trouble = asyncio.create_task(_trouble(dice, proxy, server, over))
        reading = asyncio.create_task(_read(bob, room.head, 2 * EACH))
        await asyncio.gather(_talk(ada, dice), _talk(robo, dice))
        applied = await reading
        over.set()
        print(f"run {seed}: {dict(await trouble)}")
    assert [event.seq for event in applied] == list(range(room.head + 1, room.head + 1 + 2 * EACH))
    assert [[e.data["sender"], e.data["content"]] for e in applied] == room.hand("messages", room.name)
    for name in ("ada", "robo"):
        mine = [event.data["content"] for event in applied if event.data["sender"] == name]
        assert mine == [str(number) for number in range(EACH)]


async def _join(stack: AsyncExitStack, room: Room, proxy: Proxy, who: str) -> Circle:
    options: dict[str, Any] = hurried({"patience": 30})
    client = await stack.enter_async_context(connect(proxy.http, room.world.tokens[who], **options))
    return client.circle(room.name)


async def _talk(circle: Circle, dice: random.Random) -> None:
    for number in range(EACH):
        await circle.post(str(number))
        await asyncio.sleep(dice.uniform(0, 0.05))


async def _read(circle: Circle, since: int, count: int) -> list[Event]:
    applied: list[Event] = []
    async with circle.events(since=since) as events:
        async for event in events:
            applied += [event] if event.seq is not None else []
            if len(applied) == count:
                return applied
    raise AssertionError("the events ended")


async def _trouble(dice: random.Random, proxy: Proxy, server: Server, over: asyncio.Event) -> Counter[str]:
    """One fault after another, each mended after a while, until it is over; returns what there was."""
    had: Counter[str] = Counter()
    while not over.is_set():
        await asyncio.sleep(dice.uniform(0.01, 0.2))
        if dice.random() < KILLS:
            had["kill"] += 1
            await asyncio.to_thread(_kill_and_start, server)
            continue
        proxy.delay = dice.choice([0, 0, 0.005, 0.03])
        proxy.loses = dice.choice([proxies.nothing, proxies.pongs, proxies.some(dice, 0.3)])
        kind = dice.choice(["cut", "stall", "refuse", "nothing"])
        had[kind] += 1
        match kind:
            case "cut":
                proxy.cut()
            case "stall":
                proxy.stall()
            case "refuse":
                proxy.refuses = True
                proxy.cut()
        await asyncio.sleep(dice.uniform(0, 0.4))
        proxy.flow()
        proxy.refuses = False
    return had


def _kill_and_start(server: Server) -> None:
    server.kill()
    server.start()
