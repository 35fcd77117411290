"""What the document shows, as it shows it: only an address and a token are put in."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Self

import pytest
from websockets.sync.client import connect

from tests.clients import PATIENCE
from tests.processes import poll
from tests.rooms import Room, Rooms
from tests.servers import World

PYTHON_CLIENT = """
import asyncio
import websockets
import json

async def connect_to_circle(circle_name: str):
    uri = f"ws://localhost:8000/ws/circles/{circle_name}"

    async with websockets.connect(uri) as websocket:
        # Send a message
        await websocket.send(json.dumps({
            "type": "user_message",
            "content": "Hello, agents!",
        }))

        # Receive messages
        async for message in websocket:
            data = json.loads(message)
            print(f"Received: {data}")

# Run
asyncio.run(connect_to_circle("dev-team"))
"""


class TestClient:
    """As much of Starlette's as the document uses, on a real socket."""

    __test__ = False

    def __init__(self, app: str) -> None:
        self._app = app

    def websocket_connect(self, path: str) -> "Session":
        return Session(self._app.format(path=path))


class Session:
    def __init__(self, url: str) -> None:
        self._opening = connect(url, compression=None, proxy=None)

    def __enter__(self) -> Self:
        self._connection = self._opening.__enter__()
        return self

    def __exit__(self, *about: Any) -> None:
        self._opening.__exit__(*about)

    def send_json(self, data: Any) -> None:
        self._connection.send(json.dumps(data))

    def receive_json(self) -> Any:
        return json.loads(self._connection.recv(PATIENCE))


@pytest.fixture(scope="module")
def app(world: World) -> Iterator[str]:
    world.hand("make_circle", "test")
    yield f"{world.steady.ws}{{path}}?token={world.tokens['ada']}"
    world.hand("delete_circle", "test")


def test_websocket_connect(app: str) -> None:
    client = TestClient(app)

    with client.websocket_connect("/ws/circles/test") as websocket:
        # Send message
        websocket.send_json({"type": "ping"})

        # Receive response
        data = websocket.receive_json()
        assert data["type"] == "pong"


async def test_websocket_broadcast(app: str) -> None:
    client1 = TestClient(app)
    client2 = TestClient(app)

    with client1.websocket_connect("/ws/circles/test") as ws1:  # noqa: SIM117 (the document's)
        with client2.websocket_connect("/ws/circles/test") as ws2:
            # Send from client 1
            ws1.send_json({"type": "message", "content": "Hello"})

            # Receive on client 2
            data = ws2.receive_json()
            assert data["content"] == "Hello"


def test_the_broadcast_of_the_document_is_an_envelope(app: str) -> None:
    client = TestClient(app)
    with client.websocket_connect("/ws/circles/test") as websocket:
        websocket.send_json({"type": "message", "content": "Hello"})
        event = websocket.receive_json()
    assert event["type"] == "user_message"
    assert event["data"]["content"] == event["content"] == "Hello"
    assert event["channel"] == "circles.test"
    assert event["timestamp"].endswith("Z")


def test_the_python_client_of_the_document_prints_what_it_receives(room: Room, tmp_path: Any) -> None:
    server, token = room.world.steady, room.world.tokens["bob"]
    uri = f"127.0.0.1:{server.port}/ws/circles/{{circle_name}}?token={token}"
    source = PYTHON_CLIENT.replace("localhost:8000/ws/circles/{circle_name}", uri)
    printed = tmp_path / "printed"
    with printed.open("wb") as out:
        program = source.replace("dev-team", room.name)
        client = subprocess.Popen([sys.executable, "-u", "-c", program], stdout=out, stderr=out)
    try:
        assert poll(lambda: "Received: " in printed.read_text(), PATIENCE), printed.read_text()
    finally:
        client.kill()
        client.wait()
    assert "'content': 'Hello, agents!'" in printed.read_text()


async def test_a_browser_of_the_document_joins_with_a_token_in_its_address(rooms: Rooms) -> None:
    room = rooms.make()
    client = await rooms.connect(f"{room.path}?token={rooms.world.tokens['robo']}")
    await client.tell("agent_message", content="I am here.")
    event = await client.receive()
    assert event["type"] == "agent_message"
    assert event["data"]["agent_id"] == rooms.world.hand("user_id", "robo")
    assert event["data"]["content"] == "I am here."
