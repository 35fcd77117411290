"""Redis and PostgreSQL go away and come back: nothing is lost, and nobody need do anything."""

import asyncio
import time
from collections.abc import Callable

import pytest
import redis

from tests.clients import Client, contents
from tests.conftest import FULL
from tests.faithful import Faithful
from tests.rooms import Room
from tests.services import Redis

pytestmark = pytest.mark.parametrize("world", FULL, indirect=True, ids="-".join)

BREAK: dict[str, Callable[[Redis], object]] = {"stopped": Redis.pause, "killed": Redis.kill}
MEND: dict[str, Callable[[Redis], object]] = {"stopped": Redis.resume, "killed": Redis.start}


async def _pair(room: Room) -> list[Client]:
    return [await room.join("ada", on=server) for server in room.world.both]


async def _latency(here: Client, there: Client) -> float:
    """Seconds from a post on one process until the other's client has it."""
    begin = time.monotonic()
    ack = await here.post("How long?")
    await there.until(ack["seq"])
    return time.monotonic() - begin


async def _until_fast(here: Client, there: Client) -> None:
    """Until the doorbell rings again: five posts in a row faster than the poll would be."""
    async with asyncio.timeout(15):
        fast = 0
        while fast < 5:
            fast = fast + 1 if await _latency(here, there) < 0.15 else 0


async def test_flushall_does_no_harm(room: Room) -> None:
    here, there = await _pair(room)
    with redis.Redis.from_url(room.world.redis.url) as client:
        client.flushall()
    for number in range(5):
        await here.post(str(number))
    assert contents(await there.events(5)) == [str(number) for number in range(5)]
    await _until_fast(here, there)


@pytest.mark.parametrize("how", BREAK)
async def test_without_redis_everything_arrives_a_little_later(room: Room, how: str) -> None:
    here, there = await _pair(room)
    await _until_fast(here, there)
    BREAK[how](room.world.redis)
    try:
        begin = time.monotonic()
        for number in range(20):
            await here.post(str(number))
        assert time.monotonic() - begin < 2  # nobody waits for Redis
        head = room.hand("head", room.channel)
        async with asyncio.timeout(2):
            await asyncio.gather(here.until(head), there.until(head))
        assert (await room.join("bob", since=0)).connection is not None
    finally:
        MEND[how](room.world.redis)
    await _until_fast(here, there)
    assert await here.answers_ping()


async def test_a_restart_of_postgres_loses_and_repeats_nothing(room: Room) -> None:
    steady = room.world.steady
    ada, bob = Faithful(room, "ada", steady), Faithful(room, "bob", steady)
    following = asyncio.create_task(bob.follow_until(room.head + 60))
    for number in range(60):
        if number == 20:
            restarting = asyncio.create_task(asyncio.to_thread(_restart, room))
        await ada.say(str(number))
    await asyncio.gather(following, restarting, ada.follow_until(room.head + 60))
    said = [str(number) for number in range(60)]
    assert room.hand("messages", room.name) == [["ada", text] for text in said]
    assert bob.contents == ada.contents == said
    assert bob.joins == ada.joins == 1  # the sockets stayed open


async def test_while_postgres_is_away_a_post_is_refused_and_may_be_tried_again(room: Room) -> None:
    client, newcomer = await room.join("ada"), None
    room.world.postgres.stop("immediate")
    try:
        answer = await client.answer("user_message", content="Now?", id="same")
        newcomer = await room.join("bob")
        assert await newcomer.refused() == ("unavailable", 1012)
    finally:
        room.world.postgres.start()
    assert answer["type"] == "error"
    assert (answer["data"]["code"], answer["data"]["retryable"]) == ("unavailable", True)
    assert (await client.post("Now?", id="same"))["seq"] == room.head + 1


def _restart(room: Room) -> None:
    room.world.postgres.stop("immediate")
    room.world.postgres.start()
