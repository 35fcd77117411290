"""A server that does what a test tells it: for what a real one does only when it is broken, or new."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import websockets
from websockets.asyncio.server import ServerConnection

from gathering_client import Backoff, Client, Timing

HURRY = Timing(quiet=0.3, answer=0.5, longer=0.2, steady=5.0)
CHANNEL = "circles.dev"


class Scripted:
    """Welcomes whoever subscribes, acknowledges what has an id, and keeps what it was told.

    ``react(server, connection, frame)`` may do something else with a frame; returning True says that it did.
    """

    def __init__(self) -> None:
        self.head = 0
        self.heard: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self.react: Callable[..., Any] = lambda *_: None
        self.url = ""

    @property
    def joins(self) -> int:
        """How often a socket was opened."""
        return len(self.tokens)

    async def serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.tokens.append(connection.request.headers["Authorization"].removeprefix("Bearer "))
        async for text in connection:
            frame = json.loads(text)
            self.heard.append(frame)
            if not await _done(self.react(self, connection, frame)):
                await self.answer(connection, frame)

    async def answer(self, connection: ServerConnection, frame: dict[str, Any]) -> None:
        """What a good server answers."""
        if frame["type"] == "ping":
            await tell(connection, "pong")
        if frame["type"] == "subscribe":
            place = {"epoch": "a", "head": self.head, "floor": 0, "actor": {}, "resumed": "since" in frame}
            await tell(connection, "welcome", {"channel": CHANNEL, **place}, channel=CHANNEL)
        if "id" in frame:
            await tell(connection, "ack", {"ref": frame["id"], "seq": None}, channel=frame.get("channel"))

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.heard if frame["type"] == kind]

    def client(self, token: Any = "token", **options: Any) -> Client:
        """A client of it that waits for little."""
        quick = {"timing": HURRY, "backoff": Backoff(first=0.02, longest=0.1), "trust_env": False}
        return Client(self.url, token, **{**quick, **options})


@asynccontextmanager
async def scripted() -> AsyncIterator[Scripted]:
    server = Scripted()
    async with websockets.serve(server.serve, "127.0.0.1", 0, compression=None) as listening:
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server


async def tell(connection: ServerConnection, kind: str, data: Any = None, **fields: Any) -> None:
    await connection.send(json.dumps({"type": kind, "data": {} if data is None else data, **fields}))


async def event(connection: ServerConnection, seq: int, kind: str = "user_message") -> None:
    """An event of the log."""
    await tell(connection, kind, {"content": str(seq)}, channel=CHANNEL, seq=seq)


async def refuse(connection: ServerConnection, code: str, close: int | None = None, ref: Any = None) -> None:
    """An ``error``, and perhaps a close."""
    await tell(connection, "error", {"code": code, "detail": "Why.", "ref": ref, "retryable": False})
    if close is not None:
        await connection.close(close)


async def _done(reaction: Any) -> bool:
    return bool(await reaction if hasattr(reaction, "__await__") else reaction)
