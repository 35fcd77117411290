"""A client as the protocol wants one: whatever breaks, it comes back and loses and repeats nothing."""

import asyncio
import itertools

import websockets

from tests.clients import Client, Closed, Frame
from tests.rooms import Room
from tests.servers import Server

BREATH = 0.05  # seconds between tries
AWAY = (OSError, TimeoutError, EOFError, websockets.InvalidHandshake, websockets.ConnectionClosed)


class Faithful:
    """Follows a room from its cursor, and says everything until there is an ack for it.

    ``seen`` are the events it handled; ``joins`` how often it had to come.
    """

    def __init__(self, room: Room, who: str, on: Server) -> None:
        self.seen: list[Frame] = []
        self.joins = 0
        self._room, self._who, self._server = room, who, on
        self._client: Client | None = None
        self._refs = (f"{who}-{room.name}-{number}" for number in itertools.count())

    @property
    def cursor(self) -> int:
        return self.seen[-1]["seq"] if self.seen else self._room.head

    @property
    def contents(self) -> list[str]:
        return [frame["data"]["content"] for frame in self.seen]

    async def say(self, content: str) -> int:
        """Post; returns the seq."""
        ref = next(self._refs)
        while True:
            try:
                client = await self._connected()
                answer = await client.answer("user_message", content=content, id=ref)
                self._take(client.pending())
            except (Closed, *AWAY):
                self._client = None
                continue
            if answer["type"] == "ack":
                return int(answer["data"]["seq"])
            assert answer["data"]["retryable"], answer
            await asyncio.sleep(BREATH)

    async def follow_until(self, seq: int) -> None:
        while self.cursor < seq:
            try:
                self._take([await (await self._connected()).receive()])
            except (Closed, *AWAY):
                self._client = None

    async def _connected(self) -> Client:
        while self._client is None:
            try:
                self._client = await self._room.join(self._who, since=self.cursor, on=self._server)
                self.joins += 1
            except AWAY:
                await asyncio.sleep(BREATH)
        return self._client

    def _take(self, frames: list[Frame]) -> None:
        for frame in frames:
            assert frame["type"] not in ("reset", "error") or frame["data"].get("retryable"), frame
            if frame.get("seq", 0) > self.cursor:
                assert frame["seq"] == self.cursor + 1, f"{self.cursor} and then {frame}"
                self.seen.append(frame)
