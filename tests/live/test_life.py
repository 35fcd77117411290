"""Slow clients, silent clients, many clients; servers that die; a Redis and a database that go away."""

import asyncio
import signal
from collections.abc import Callable

import psycopg
import pytest

from tests.services import Postgres, Redis

from .clients import Client
from .conftest import Room
from .servers import Place, Server, running

MEGABYTE = 1024 * 1024


async def test_whoever_answers_pings_stays_and_whoever_is_silent_goes(hasty: Room) -> None:
    async with await hasty.join("bob") as bob, await hasty.join("robo") as silent:
        pings = 0
        while pings < 6:  # three seconds: three times the silence that is borne
            frame = await bob.recv()
            pings += frame["type"] == "ping"
        assert frame["data"] == {"head": 4}
        assert await _silently_closed(silent) == 4008
        assert await bob.post("alive") == 5


async def _silently_closed(client: Client) -> int:
    """Read without answering."""
    await client.socket.wait_closed()
    return client.socket.close_code or 0


async def test_a_client_that_never_reads_holds_up_nobody_and_costs_little(
    hasty: Room, impatient: Server
) -> None:
    async with await hasty.join("bob", since=4) as reader, await hasty.join("ada") as ada:
        stuck = await hasty.join("robo", since=4)
        stuck.socket.transport.pause_reading()
        before = impatient.rss()
        for n in range(60):
            while (await ada.ask({"type": "message", "content": f"{n}:" + "x" * 30_000}))["type"] == "error":
                await asyncio.sleep(0.2)  # the pace of this server is 5 a second
            await reader.until_seq(5 + n)
        assert impatient.rss() - before < 30 * MEGABYTE
        assert [event["seq"] for event in reader.applied] == list(range(5, 65))
        stuck.socket.transport.abort()


async def test_a_slow_client_that_reads_again_gets_everything_in_order(room: Room) -> None:
    async with await room.join("robo", since=4) as slow, await room.join("ada") as ada:
        await slow.recv()
        slow.socket.transport.pause_reading()
        for n in range(40):
            await ada.post(f"{n}:" + "y" * 31_000)
        slow.socket.transport.resume_reading()
        await slow.until_seq(44)
    assert [event["seq"] for event in slow.applied] == list(range(5, 45))


async def test_two_processes_are_one_hub(room: Room, software: str) -> None:
    with running(room.server.place, software) as other:
        async with (
            await room.join("ada", since=4) as here,
            await room.join("bob", other, since=4) as there,
        ):
            for n in range(20):
                await (here if n % 2 else there).post(f"m{n}")
            await asyncio.gather(here.until_seq(24), there.until_seq(24))
    assert here.contents() == there.contents() == [f"m{n}" for n in range(20)]


async def test_kill_9_between_two_messages_loses_and_repeats_nothing(
    place: Place, software: str, make_room: Callable[[Server], Room]
) -> None:
    server = Server(place, software).start()
    try:
        room = make_room(server)
        async with await room.join("bob", since=4) as bob, await room.join("ada") as ada:
            assert await ada.post("one", id=f"a {room.name} {room.server.port}") == 5
            await bob.until_seq(5)
            await ada.send({"type": "message", "content": "two", "id": f"b {room.name} {room.server.port}"})
            server.kill()
            assert await bob.closed() == 1006
        server.start()
        async with await room.join("ada") as ada, await room.join("bob", since=bob.cursor) as again:
            assert await ada.post("two", id=f"b {room.name} {room.server.port}") == 6
            assert await ada.post("three", id=f"c {room.name} {room.server.port}") == 7
            await again.until_seq(7)
    finally:
        server.kill()
    assert (bob.applied + again.applied)[0]["seq"] == 5
    contents = dict.fromkeys(bob.contents() + again.contents())
    assert list(contents) == ["one", "two", "three"]


async def test_sigterm_tells_every_socket_1012(
    place: Place, software: str, make_room: Callable[[Server], Room]
) -> None:
    with running(place, software) as server:
        room = make_room(server)
        clients = [await room.join("bob", since=0) for _ in range(30)]
        for client in clients:
            await client.until_seq(4)
        server.process.send_signal(signal.SIGTERM)  # type: ignore[union-attr]
        assert set(await asyncio.gather(*(client.closed() for client in clients))) == {1012}
        assert server.process.wait(20) is not None  # type: ignore[union-attr]


@pytest.fixture
def full(place: Place) -> None:
    if not place.full:
        pytest.skip("there is no Redis and no PostgreSQL in the embedded mode")


async def test_a_redis_that_forgets_stalls_and_dies_costs_nothing_but_time(
    full: None, room: Room, software: str, redis_service: Redis
) -> None:
    import redis as client

    with running(room.server.place, software) as other:
        async with (
            await room.join("ada", since=4) as here,
            await room.join("bob", other, since=4) as there,
        ):
            await here.post("before")
            client.Redis.from_url(redis_service.url).flushall()
            await here.post("after FLUSHALL")
            redis_service.pause()
            for n in range(3):
                await here.post(f"paused {n}")
            await there.until_seq(9)
            redis_service.resume()
            redis_service.kill()
            for n in range(3):
                await there.post(f"dead {n}")
            await here.until_seq(12)
            redis_service.start()
            await here.post("back")
            await there.until_seq(13)
    assert here.contents() == there.contents()
    assert [event["seq"] for event in there.applied] == list(range(5, 14))


async def test_a_database_that_restarts_loses_nothing(
    full: None, room: Room, postgres_service: Postgres
) -> None:
    async with await room.join("ada", since=4) as ada, await room.join("bob", since=4) as bob:
        await ada.post("before")
        postgres_service.stop("immediate")
        refused = await ada.ask(
            {"type": "message", "content": "meanwhile", "id": f"m {room.name} {room.server.port}"}
        )
        assert (refused["data"]["code"], refused["data"]["retryable"]) == ("unavailable", True)
        postgres_service.start()
        async with asyncio.timeout(15):
            while (
                answer := await ada.ask(
                    {"type": "message", "content": "meanwhile", "id": f"m {room.name} {room.server.port}"}
                )
            )["type"] == "error":
                await asyncio.sleep(0.1)
        assert answer["data"]["seq"] == 6
        await bob.until_seq(6)
    assert bob.contents() == ["before", "meanwhile"]


async def test_500_sockets_hold_a_handful_of_database_connections(full: None, room: Room) -> None:
    clients: list[Client] = []
    try:
        for _ in range(10):
            clients += await asyncio.gather(*(room.join("bob", since=4) for _ in range(50)))
        await asyncio.gather(*(client.recv() for client in clients))
        with psycopg.connect(room.server.place.env["DATABASE_URL"]) as connection:
            query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            row = connection.execute(query).fetchone()
        assert row is not None
        assert row[0] <= 8  # the hub's one, our own, and those of a few other servers and requests
        await clients[0].post("to all")
        await asyncio.gather(*(client.until_seq(5) for client in clients))
    finally:
        await asyncio.gather(*(client.socket.close() for client in clients))


async def test_a_thousand_joins_and_leaves_leave_nothing_behind(room: Room) -> None:
    async def join_and_leave() -> None:
        async with await room.join("bob", since=0) as bob:
            await bob.until_seq(4)

    async def joins(count: int) -> None:
        for _ in range(count // 20):
            await asyncio.gather(*(join_and_leave() for _ in range(20)))

    await joins(400)
    memory, files = room.server.rss(), room.server.open_files()
    await joins(1000)
    assert room.server.rss() - memory < 6 * MEGABYTE
    assert room.server.open_files() - files < 20
