"""A client for tests: speaks the wire, waits for what it expects, and remembers what it saw."""

import asyncio
import itertools
import json
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

PATIENCE = 15.0
_numbers = itertools.count(1)


class Closed(AssertionError):
    def __init__(self, code: int, seen: list[dict[str, Any]]) -> None:
        super().__init__(f"closed with {code} after {seen[-3:]}")
        self.code = code


class Client:
    """One socket.  ``cursor`` is the last seq applied; ``applied`` the events in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.cursor = 0
        self.seen: list[dict[str, Any]] = []
        self.applied: list[dict[str, Any]] = []

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    async def send(self, frame: object) -> None:
        await self.socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    async def recv(self, timeout: float = PATIENCE) -> dict[str, Any]:
        """The next frame; pings are answered, and returned as well."""
        try:
            text = await asyncio.wait_for(self.socket.recv(), timeout)
        except websockets.ConnectionClosed as closed:
            raise Closed(closed.rcvd.code if closed.rcvd else 1006, self.seen) from None
        except TimeoutError:
            raise AssertionError(f"nothing came; last seen {self.seen[-3:]}") from None
        frame = json.loads(text)
        self.seen.append(frame)
        if frame["type"] == "ping":
            await self.send({"type": "pong"})
        if (frame.get("seq") or 0) > self.cursor:
            self.cursor = frame["seq"]
            self.applied.append(frame)
        return frame

    async def until(self, timeout: float = PATIENCE, **wanted: Any) -> dict[str, Any]:
        """The first frame from now on whose fields are as wanted (``data`` is looked through, too)."""
        async with asyncio.timeout(timeout):
            while True:
                frame = await self.recv(timeout)
                if all(frame.get(k, frame["data"].get(k)) == v for k, v in wanted.items()):
                    return frame

    async def until_seq(self, seq: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.cursor < seq:
                await self.recv()

    async def ask(self, frame: dict[str, Any]) -> dict[str, Any]:
        """Send a frame with an id; the ``ack`` or ``error`` that answers it."""
        frame = {"id": f"t{next(_numbers)}", **frame}
        await self.send(frame)
        return await self.until(ref=frame["id"])

    async def post(self, content: str, **more: Any) -> int:
        """Post; the seq."""
        answer = await self.ask({"type": "message", "content": content, **more})
        assert answer["type"] == "ack", answer
        return int(answer["data"]["seq"])

    async def closed(self, timeout: float = PATIENCE) -> int:
        """Wait for the close; its code."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    await self.recv(timeout)
        except Closed as closed:
            return closed.code

    def contents(self) -> list[str]:
        return [event["data"]["content"] for event in self.applied if "content" in event["data"]]


async def connect(address: str, **options: Any) -> Client:
    """Open a socket at a whole address."""
    options = {"max_size": 2**24, "compression": None, "ping_interval": None, **options}
    return Client(await websockets.connect(address, proxy=None, **options))
