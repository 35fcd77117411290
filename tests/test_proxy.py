"""The network that fails does fail, in each of its ways, and passes everything on otherwise."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import websockets

from tests import proxy as proxies
from tests.clients import Client
from tests.proxy import Proxy


async def echo(connection: websockets.ServerConnection) -> None:
    async for text in connection:
        await connection.send(text)


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """A proxy before a server that says again what it is told."""
    async with (
        websockets.serve(echo, "127.0.0.1", 0, compression=None, max_size=None) as server,
        Proxy(server.sockets[0].getsockname()[1]) as proxy,
    ):
        yield proxy


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 300_000])
async def test_frames_of_every_size_pass(proxy: Proxy, size: int) -> None:
    client = await Client.connect(proxy.ws)
    for number in range(3):
        await client.tell("text", text="x" * size, seq=number)
        assert await client.receive() == {"type": "text", "text": "x" * size, "seq": number}
    await client.close()


async def test_a_cut_ends_every_connection_and_new_ones_are_taken(proxy: Proxy) -> None:
    clients = [await Client.connect(proxy.ws) for _ in range(3)]
    proxy.cut()
    assert {await client.closed() for client in clients} == {1006}
    again = await Client.connect(proxy.ws)
    await again.tell("still")
    assert (await again.receive())["type"] == "still"
    await again.close()


async def test_who_is_refused_gets_no_connection(proxy: Proxy) -> None:
    proxy.refuses = True
    with pytest.raises((OSError, EOFError, websockets.InvalidHandshake)):
        await Client.connect(proxy.ws)


async def test_a_stall_holds_everything_back_until_it_ends(proxy: Proxy) -> None:
    client = await Client.connect(proxy.ws)
    proxy.stall()
    await client.tell("late")
    with pytest.raises(TimeoutError):
        await client.receive(0.2)
    proxy.flow()
    assert (await client.receive())["type"] == "late"
    await client.close()


async def test_a_delay_keeps_the_order(proxy: Proxy) -> None:
    client = await Client.connect(proxy.ws)
    proxy.delay = 0.05
    begin = asyncio.get_running_loop().time()
    for number in range(5):
        await client.tell("text", seq=number)
    assert [(await client.receive())["seq"] for _ in range(5)] == list(range(5))
    assert asyncio.get_running_loop().time() - begin >= 0.1
    await client.close()


async def test_only_the_frames_that_it_loses_are_lost(proxy: Proxy) -> None:
    client = await Client.connect(proxy.ws)
    proxy.loses = proxies.pongs
    await client.tell("pong")
    await client.tell("text", seq=1)
    assert (await client.receive())["type"] == "text"
    proxy.loses = proxies.events
    await client.tell("text", seq=2)
    await client.tell("text")
    assert await client.receive() == {"type": "text"}
    await client.close()
