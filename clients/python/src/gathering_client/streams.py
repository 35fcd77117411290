"""A stream: what a circle, a workspace and an agent have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from . import names
from .cursor import Position, Snapshot
from .events import Events
from .handlers import Handlers, Mishap

if TYPE_CHECKING:
    from .client import Client


class Stream(Handlers):
    """One durable stream of a server, by the name ``channel``."""

    kind: ClassVar[str]

    def __init__(self, client: Client, key: object) -> None:
        super().__init__()
        self.channel = names.join(self.kind, key)
        self.key = str(key)
        self.client = client

    @property
    def path(self) -> str:
        """Where REST has it."""
        return f"/api/{self.kind}/{self.key}/"

    def events(self, since: int | Position | None = None) -> Events:
        """Its events.

        They begin where the client's cursor store says; if that knows nothing of the stream (or there is
        none), after ``since``: 0 is everything that is kept, a position of a snapshot what came after
        it, and None what comes from now on.  Raises :class:`Busy` when it begins, if this client follows
        the stream already.
        """
        position = Position(since) if isinstance(since, int) else since
        return self.client.follow(self.channel, self.snapshot, position)

    async def listen(self, since: int | Position | None = None, *, mishap: Mishap | None = None) -> None:
        """Give each event to its handler (:meth:`on`, :meth:`otherwise`), until something raises.

        An exception of a handler ends this, and the event comes again the next time; unless ``mishap``
        takes the event and the exception, and returns.
        """
        async with self.events(since) as events:
            async for event in events:
                await self.handle(event, mishap)

    async def snapshot(self) -> Snapshot:
        """How it is now, and the position at which that is true."""
        data = await self.client.rest.get(self.path)
        return Snapshot(data, Position(data["seq"], data["epoch"]))

    async def ask(self, frame: Mapping[str, Any], *, id: str | None = None) -> Mapping[str, Any]:
        """Send a frame about the stream until it is acknowledged; returns the ``data`` of the ``ack``.

        With an ``id`` that was used before nothing is done again, and the first answer comes.
        """
        return await self.client.ask(self.channel, frame, id)

    async def tell(self, frame: Mapping[str, Any]) -> None:
        """Send an ephemeral frame about the stream; without a connection it is let go."""
        await self.client.tell(self.channel, frame)
