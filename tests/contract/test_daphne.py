"""``daphne gathering.asgi:application``: Daphne by its own command, as its documents have it."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.processes import HOST
from tests.rooms import Room
from tests.servers import ROOT, STEADY, Server, World

pytestmark = pytest.mark.parametrize("world", [("daphne", "full")], indirect=True, ids="-".join)


class PlainDaphne(Server):
    name = "plain-daphne"

    def _spawn(self) -> subprocess.Popen[bytes]:
        words = ["-m", "daphne", "-b", HOST, "-p", str(self.port), "gathering.asgi:application"]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


@pytest.fixture
def plain(world: World) -> Iterator[Server]:
    with PlainDaphne("daphne", world.environment(STEADY), world.directory) as server:
        yield server


async def test_sigterm_tells_its_clients_to_come_back(room: Room, plain: Server) -> None:
    clients = [await room.join("bob", on=plain) for _ in range(3)]
    await clients[0].post("Hello")
    assert (await clients[1].event())["data"]["content"] == "Hello"
    plain.terminate()
    assert {await client.closed() for client in clients} == {1012}
