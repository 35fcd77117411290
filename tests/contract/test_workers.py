"""Several workers on one port are one hub, and end in order."""

import asyncio
import contextlib
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from tests.clients import eventually
from tests.processes import HOST, free_port
from tests.rooms import Room
from tests.servers import STEADY, manage

SOCKETS = 20
UVICORN = [("uvicorn", "embedded"), ("uvicorn", "full")]  # Daphne serves with one process


@pytest.mark.parametrize("world", UVICORN, indirect=True, ids="-".join)
async def test_two_workers_hear_each_other_and_say_goodbye(room: Room) -> None:
    port = free_port()
    with _serving(room, port) as process:
        await eventually(lambda: _answers(port), seconds=30)
        address = f"ws://{HOST}:{port}{room.path}"
        token = room.world.tokens["bob"]
        clients = [await room.rooms.connect_to(address, token) for _ in range(SOCKETS)]
        assert all([await client.answers_ping() for client in clients])
        await clients[0].post("To all of you")
        for client in clients:
            assert (await client.event())["data"]["content"] == "To all of you"
        process.terminate()
        assert set(await asyncio.gather(*(client.closed() for client in clients))) == {1012}
        assert process.wait(20) == 0


@contextlib.contextmanager
def _serving(room: Room, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = manage("serve", "--port", str(port), "--workers", "2")
    process = subprocess.Popen(command, env=room.world.environment(STEADY), stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://{HOST}:{port}/healthz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
