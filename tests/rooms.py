"""A fresh circle for each test, and clients that join it."""

import itertools
from contextlib import AsyncExitStack
from typing import Any

import httpx

from tests.clients import Client, address
from tests.servers import Server, World

_numbers = itertools.count(1)


class Rooms:
    """Makes rooms in a world, and closes all clients when the test ends."""

    def __init__(self, world: World, stack: AsyncExitStack) -> None:
        self.world = world
        self._stack = stack

    def make(self, name: str | None = None, **options: Any) -> "Room":
        return Room(self, name or f"room-{next(_numbers)}", **options)

    async def connect(
        self, path: str, token: str | None = None, *, on: Server | None = None, **options: Any
    ) -> Client:
        """A client at ``path`` of a server (the steady one); closed when the test ends."""
        return await self.connect_to(f"{(on or self.world.steady).ws}{path}", token, **options)

    async def connect_to(self, url: str, token: str | None = None, **options: Any) -> Client:
        """A client at a whole address; closed when the test ends."""
        client = await Client.connect(url, token, **options)
        self._stack.push_async_callback(client.close)
        return client

    async def at_the_hub(self, who: str, **options: Any) -> Client:
        """A client at ``/ws/``."""
        return await self.connect("/ws/", self.world.tokens[who], **options)


class Room:
    """A circle and its stream; ``head`` is where that stood when the room was made."""

    def __init__(self, rooms: Rooms, name: str, **options: Any) -> None:
        self.rooms = rooms
        self.world = rooms.world
        self.hand = rooms.world.hand
        self.name = name
        self.channel = f"circles.{name}"
        self.path = f"/ws/circles/{name}"
        self.head: int = self.hand("make_circle", name, **options)

    async def join(
        self,
        who: str | None,
        *,
        since: object = None,
        epoch: object = None,
        token: str | None = None,
        **options: Any,
    ) -> Client:
        """A client in the room, as one of the cast, or as whoever ``token`` speaks for."""
        token = self.world.tokens[who] if who is not None else token
        path = address("", self.path, since=since, epoch=epoch)
        client = await self.rooms.connect(path, token, **options)
        client.cursor = self.head
        return client

    def http(self, who: str | None, *, on: Server | None = None) -> httpx.AsyncClient:
        """An HTTP client that speaks for one of the cast."""
        bearer = {"Authorization": f"Bearer {self.world.tokens[who]}"} if who is not None else {}
        base = (on or self.world.steady).http
        return httpx.AsyncClient(base_url=base, headers=bearer, timeout=30, trust_env=False)
