"""Many sockets: few connections to the database, no memory left behind, and one order."""

import asyncio
import base64
import os
import random

import psycopg
import pytest

from tests.clients import PATIENCE, Client, seqs
from tests.conftest import FULL
from tests.processes import HOST
from tests.rooms import Room
from tests.servers import Server, World

SOCKETS = 500
WARM_UP, VISITS = 500, 1000
POSTERS = 100
MB = 1024 * 1024

UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nAuthorization: Bearer {token}\r\n\r\n"
)
CLOSE = b"\x88\x82\x00\x00\x00\x00\x03\xe8"  # 1000, masked with zeros


@pytest.mark.parametrize("world", FULL, indirect=True, ids="-".join)
async def test_500_sockets_need_a_handful_of_database_connections(room: Room) -> None:
    server = room.world.steady
    before = _database_connections(room.world)
    clients = await _join_many(room, SOCKETS, server)
    await clients[0].post("To all of you")
    for client in clients:
        assert (await client.event())["seq"] == room.head + 1
    assert _database_connections(room.world) <= before + 3


@pytest.mark.parametrize("world", [("uvicorn", "embedded"), ("daphne", "full")], indirect=True, ids="-".join)
async def test_who_comes_and_goes_leaves_nothing_behind(room: Room) -> None:
    server = room.world.steady
    await _visit(room, server, WARM_UP)
    memory, files = server.rss, server.open_files
    await _visit(room, server, VISITS)
    assert server.rss - memory < 10 * MB  # a connection that stays holds 32 KB, so they would be 32
    assert server.open_files <= files + 3  # not one for each visit


async def test_a_hundred_who_post_at_once_make_one_sequence(room: Room) -> None:
    here, there = room.world.steady, room.world.spare.start()
    clients = [
        *await _join_many(room, POSTERS // 2, here),
        *await _join_many(room, POSTERS // 2, there),
    ]
    acks = await asyncio.gather(*(client.post(str(n)) for n, client in enumerate(clients)))
    last = room.head + POSTERS
    assert sorted(seqs(acks)) == list(range(room.head + 1, last + 1))
    for client in random.sample(clients, 10):
        assert seqs(await client.until(last)) == list(range(room.head + 1, last + 1))
    said = room.hand("messages", room.name)
    assert sorted(int(content) for _, content in said) == list(range(POSTERS))


async def _join_many(room: Room, count: int, server: Server) -> list[Client]:
    limit = asyncio.Semaphore(20)

    async def join() -> Client:
        async with limit:
            return await room.join("bob", on=server)

    return await asyncio.gather(*(join() for _ in range(count)))


def _database_connections(world: World) -> int:
    with psycopg.connect(world.database_url) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        row = connection.execute(query).fetchone()
    return row[0] if row else 0


async def _visit(room: Room, server: Server, count: int) -> None:
    """Have sockets come, be welcomed, and go; ten at a time."""

    async def visit_some() -> None:
        for _ in range(count // 10):
            await _come_and_go(room, server)

    await asyncio.gather(*(visit_some() for _ in range(10)))


async def _come_and_go(room: Room, server: Server) -> None:
    """By hand, as a client library takes longer than the server."""
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = UPGRADE.format(
        path=f"{room.path}?since={room.head}",
        host=f"{HOST}:{server.port}",
        key=key,
        token=room.world.tokens["bob"],
    )
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection(HOST, server.port)
        writer.write(upgrade.encode())
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b'"welcome"')
        writer.write(CLOSE)
        await reader.read()
        writer.close()
        await writer.wait_closed()
