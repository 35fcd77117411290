"""The founding document's own Python client and its two tests, with nothing changed but a token."""

import asyncio
import json
from typing import Any

import websockets

from .conftest import Room


async def connect_to_circle(uri: str) -> None:
    async with websockets.connect(uri) as websocket:
        # Send a message
        await websocket.send(
            json.dumps(
                {
                    "type": "user_message",
                    "content": "Hello, agents!",
                }
            )
        )
        # Receive messages
        async for message in websocket:
            data = json.loads(message)
            print(f"Received: {data}")


def _uri(room: Room) -> str:
    return f"{room.server.ws}/ws/circles/{room.name}?token={room.token('ada')}"


async def test_the_documents_client_prints_what_it_said(room: Room, capsys: Any) -> None:
    async with await room.join("bob") as bob:
        running = asyncio.create_task(connect_to_circle(_uri(room)))
        await bob.until(content="Hello, agents!")
        async with asyncio.timeout(10):
            while "Received" not in (printed := capsys.readouterr().out):
                await asyncio.sleep(0)
        running.cancel()
    assert "'type': 'user_message'" in printed
    assert "Hello, agents!" in printed


async def test_websocket_connect(room: Room) -> None:
    async with websockets.connect(_uri(room)) as websocket:
        # Send message
        await websocket.send(json.dumps({"type": "ping"}))
        # Receive response
        data = json.loads(await websocket.recv())
        assert data["type"] == "pong"


async def test_websocket_broadcast(room: Room) -> None:
    async with websockets.connect(_uri(room)) as ws1, websockets.connect(_uri(room)) as ws2:
        await ws2.send(json.dumps({"type": "ping"}))  # joined, once it is answered
        assert json.loads(await ws2.recv())["type"] == "pong"
        # Send from client 1
        await ws1.send(json.dumps({"type": "message", "content": "Hello"}))
        # Receive on client 2
        data = json.loads(await ws2.recv())
        assert data["content"] == "Hello"
        assert data["data"]["content"] == "Hello"
