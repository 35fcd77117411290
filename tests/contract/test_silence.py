"""Clients that say nothing, read nothing, or read slowly."""

import asyncio
import contextlib
import socket

import websockets

from tests.clients import ABNORMAL, Client, eventually, seqs
from tests.rooms import Room

BEAT = 0.7
LARGE = 30_000
MB = 1024 * 1024


async def _join_deaf(room: Room, who: str) -> Client:
    """A client that reads nothing, and whose kernel takes little for it."""
    server = room.world.hasty
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.connect(("127.0.0.1", server.port))
    small.setblocking(False)
    return await room.join(who, on=server, deaf=True, sock=small)


async def _post_much(room: Room, count: int) -> int:
    """Have another process post large messages; returns the head."""
    return await asyncio.to_thread(room.hand, "post", "ada", room.name, count, LARGE)


@contextlib.asynccontextmanager
async def _alive(*clients: Client):
    """While the block runs the clients say something now and then, though they do not read."""

    async def talk() -> None:
        with contextlib.suppress(Exception):
            while True:
                for client in clients:
                    await client.tell("ping")
                await asyncio.sleep(BEAT / 2)

    task = asyncio.create_task(talk())
    yield
    task.cancel()


async def test_who_does_not_answer_is_closed_and_who_does_stays(room: Room) -> None:
    silent = await room.join("bob", on=room.world.hasty, mute=True)
    steady = await room.join("bob", on=room.world.hasty)
    assert await silent.closed() == 4008
    assert silent.pending() == []  # no error frame: it would not be read
    await eventually(lambda: len(steady.pings) >= 3)
    assert await steady.answers_ping()


async def test_a_ping_carries_the_head(room: Room) -> None:
    client = await room.join("bob", on=room.world.hasty)
    head = room.hand("post", "ada", room.name)
    await eventually(lambda: client.pings and client.pings[-1]["data"] == {"head": head})
    assert client.pings[-1]["channel"] == room.channel


async def test_who_reads_nothing_holds_up_nobody_and_is_closed(room: Room) -> None:
    server = room.world.hasty
    reader = await room.join("ada", on=server)
    before, files = server.rss, server.open_files
    deaf = [await _join_deaf(room, who) for who in ("bob", "robo", "bob", "robo", "bob", "robo")]
    async with _alive(*deaf):
        for _ in range(4):
            head = await _post_much(room, 100)
            async with asyncio.timeout(2):
                await reader.until(head)
            # Of 70 that six of them have not read; 45 were seen, most of it garbage, and gone a look later.
            assert server.rss - before < 60 * MB
        await eventually(lambda: server.open_files <= files)
    for client in deaf:
        client.listen()
        assert await client.closed() in (4008, ABNORMAL)


async def test_who_reads_again_in_time_has_everything_in_order(room: Room) -> None:
    slow = await _join_deaf(room, "bob")
    async with _alive(slow):
        head = await _post_much(room, 200)
        await (await room.join("ada", since=room.head, on=room.world.hasty)).until(head)
        slow.listen()
        assert seqs(await slow.until(head)) == list(range(room.head + 1, head + 1))
    assert await slow.answers_ping()


async def test_who_reads_slowly_has_everything_in_order(room: Room) -> None:
    client = await room.join("bob", on=room.world.hasty, max_queue=1)
    head = await _post_much(room, 100)
    assert seqs(await client.until(head)) == list(range(room.head + 1, head + 1))


async def test_who_reads_nothing_and_says_it_does_is_closed(room: Room) -> None:
    liar = await _join_deaf(room, "bob")
    head = await _post_much(room, 200)
    with contextlib.suppress(websockets.ConnectionClosed):
        async with asyncio.timeout(30):
            while True:
                await liar.tell("pong")
                await asyncio.sleep(BEAT / 10)
    reader = await room.join("ada", since=head - 1, on=room.world.hasty)
    assert await reader.answers_ping()
