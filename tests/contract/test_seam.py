"""The seam between what is replayed and what is live: nothing lost, repeated or out of order."""

import asyncio
import random
from contextlib import asynccontextmanager

from tests.clients import Client, contents, seqs
from tests.rooms import Room

JOINS = 30
POSTS_EACH = 60
POSTERS = 3


@asynccontextmanager
async def a_lively_room(room: Room):
    """Three clients post, one after another each, until the block ends."""
    posters = [await room.join("ada") for _ in range(POSTERS)]

    async def talk(client: Client) -> None:
        for number in range(POSTS_EACH):
            await client.post(str(number))
            client.pending()

    tasks = [asyncio.create_task(talk(client)) for client in posters]
    yield
    await asyncio.gather(*tasks)


async def test_who_joins_while_others_talk_misses_and_repeats_nothing(room: Room) -> None:
    head = room.head + POSTERS * POSTS_EACH

    async def join_somewhere(number: int) -> list[int]:
        await asyncio.sleep(random.random())  # not to wait for something, but to come at any time
        client = await room.join("bob", since=random.randint(0, room.head + 2 * number))
        begin = await client.receive()
        reset = begin["data"].get("resumed") is False and await client.of_type("reset")
        client.cursor = reset["data"]["head"] if reset else None
        first = await client.event()
        return [first["seq"], *seqs(await client.until(head))]

    async with a_lively_room(room):
        found = await asyncio.gather(*map(join_somewhere, range(JOINS)))
    for got in found:
        assert got == list(range(got[0], head + 1))


async def test_who_comes_back_again_and_again_has_each_event_once(room: Room) -> None:
    head = room.head + POSTERS * POSTS_EACH
    seen: list[int] = []
    async with a_lively_room(room):
        while len(seen) < head:
            client = await room.join("bob", since=len(seen))
            client.cursor = len(seen)
            stop = min(head, len(seen) + random.randint(1, 30))
            seen += seqs(await client.until(stop))
            await client.close()
    assert seen == list(range(1, head + 1))


async def test_what_two_say_at_once_has_one_order_for_all(room: Room) -> None:
    ada, bob = await room.join("ada"), await room.join("bob")

    async def talk(client: Client, name: str) -> list[str]:
        for number in range(20):
            await client.post(f"{name} {number}")
        return contents(await client.until(room.head + 40))

    heard, same = await asyncio.gather(talk(ada, "ada"), talk(bob, "bob"))
    assert heard == same
    for name in ("ada", "bob"):
        own = [text for text in heard if text.startswith(name)]
        assert own == [f"{name} {number}" for number in range(20)]
