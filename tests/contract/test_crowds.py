"""Many at once: posters, sockets, comings and goings."""

import asyncio

import psycopg
import pytest

from tests.clients import Client, seqs
from tests.rooms import Room

MEGABYTE = 1024 * 1024
HANDFUL = 8  # the hub's one, those of a few requests, the hand's, and the one that counts


async def test_a_hundred_posters_make_one_sequence(room: Room) -> None:
    posters = await asyncio.gather(*(room.join(("ada", "bob")[n % 2]) for n in range(100)))
    acks = await asyncio.gather(*(poster.post(str(n)) for n, poster in enumerate(posters)))
    assert sorted(seqs(acks)) == list(range(room.head + 1, room.head + 101))
    for n in (0, 50, 99):
        assert seqs(await posters[n].until(room.head + 100)) == list(range(room.head + 1, room.head + 101))


async def test_500_sockets_hold_a_handful_of_database_connections(room: Room) -> None:
    clients: list[Client] = []
    for _ in range(10):
        clients += await asyncio.gather(*(room.join("bob") for _ in range(50)))
    assert all(await asyncio.gather(*(client.answers_ping() for client in clients)))
    if room.world.backend == "full":
        with psycopg.connect(room.world.database_url) as connection:
            counting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            (held,) = connection.execute(counting).fetchone() or (None,)
        assert held is not None
        assert held <= HANDFUL
    await clients[0].post("To all")
    for client in clients:
        assert (await client.event())["data"]["content"] == "To all"


@pytest.mark.timeout(180)
async def test_a_thousand_joins_and_leaves_leave_nothing_behind(room: Room) -> None:
    server = room.world.steady

    async def come_and_go() -> None:
        client = await Client.connect(f"{server.ws}{room.path}?since=0", room.world.tokens["bob"])
        await client.of_type("welcome")
        await client.close()

    async def crowd(count: int) -> None:
        for _ in range(count // 20):
            await asyncio.gather(*(come_and_go() for _ in range(20)))

    await crowd(400)
    memory, files = server.rss, server.open_files
    await crowd(1000)
    assert server.rss - memory < 6 * MEGABYTE
    assert server.open_files - files < 20
