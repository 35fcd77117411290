"""``python -m torture.client CONFIGURATION``: clients that follow streams and write down what they are given.

Each resumes from its own journal, whatever ended it.  What is written down is everything that the wire
brought, not only what a client that ignores ``seq <=`` its cursor would apply: so that the judge sees
each repeat.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from . import sse, wire
from .journal import Journal
from .orders import obey
from .place import Place
from .wire import AWAY, Frame


class OutOfStep(Exception):
    """The connection is of no use any more: come again."""


class Client:
    """Follows ``circles``; a subclass says by which way."""

    def __init__(self, name: str, token: str, circles: dict[str, list[Any]], journal: Path) -> None:
        self.deaf_until = 0.0
        self.token = token
        self.places = {f"circles.{circle}": Place(*at) for circle, at in circles.items()}
        self._journal = Journal(journal)
        self._repeat()

    async def run(self, addresses: list[str]) -> None:
        """Follow for ever."""
        while True:
            try:
                await self._follow(random.choice(addresses))
            except (OutOfStep, *AWAY):
                await wire.breath()

    def frames(self, address: str) -> AsyncIterator[Frame]:
        """What one connection brings, from the places on."""
        raise NotImplementedError

    async def patience(self) -> None:
        """Do not read while deaf."""
        await asyncio.sleep(self.deaf_until - asyncio.get_running_loop().time())

    def _repeat(self) -> None:
        """Find out from the journal where it was."""
        for kind, channel, *rest in self._journal.records:
            if kind in ("event", "snapshot"):
                place = self.places[channel]
                place.cursor = max(place.cursor, rest[0])

    async def _follow(self, address: str) -> None:
        try:
            async with aclosing(self.frames(address)) as frames:
                async for frame in frames:
                    self._take(address, frame)
        finally:
            for place in self.places.values():
                place.fetch(None)
                place.covered = 0

    def _take(self, address: str, frame: Frame) -> None:
        if "seq" in frame:
            place = self.places[frame["channel"]]
            if place.fetching is None:
                self._apply(place, frame)
            else:
                place.early.append(frame)
        elif frame["type"] == "reset":
            self._reset(address, frame["channel"], frame["data"])
        elif frame["type"] == "error":
            if not frame["data"]["retryable"]:
                self._journal.note("refused", frame.get("channel"), frame["data"]["code"])
            raise OutOfStep

    def _apply(self, place: Place, frame: Frame) -> None:
        if frame["seq"] > place.covered:
            self._journal.note("event", frame["channel"], frame["seq"], wire.ref_of(frame["data"]))
            place.cursor = max(place.cursor, frame["seq"])

    def _reset(self, address: str, channel: str, data: Frame) -> None:
        self._journal.note("reset", channel, data["reason"])
        place = self.places[channel]
        place.fetch(asyncio.create_task(self._fetch(address, channel, place)))

    async def _fetch(self, address: str, channel: str, place: Place) -> None:
        """Take the snapshot, the messages before it that were missed, and then what came meanwhile."""
        circle = f"/api/circles/{wire.key_of(channel)}/"
        snapshot = page = await self._ask(address, circle)
        older: list[Frame] = []
        while page["has_more"] and len(older) < snapshot["seq"] - place.cursor:
            page = await self._ask(address, f"{circle}messages/?before={page['messages'][0]['id']}")
            older += page["messages"]
        refs = [[wire.ref_of(each) for each in some] for some in (snapshot["messages"], older)]
        self._journal.note("snapshot", channel, snapshot["seq"], *refs)
        for frame in place.fetched(snapshot["epoch"], snapshot["seq"]):
            self._apply(place, frame)

    async def _ask(self, address: str, path: str) -> Frame:
        while True:
            try:
                return await wire.ask(address, path, self.token)
            except AWAY:
                await wire.breath()


class ByAddress(Client):
    """Follows one stream at its own address."""

    async def frames(self, address: str) -> AsyncIterator[Frame]:
        ((channel, place),) = self.places.items()
        path = f"/ws/circles/{wire.key_of(channel)}?{place.query}"
        async for frame in self._socket(address, path, []):
            yield frame

    async def _socket(self, address: str, path: str, first: list[Frame]) -> AsyncIterator[Frame]:
        socket = await wire.connect(address, path, self.token)
        try:
            for frame in first:
                await socket.send(json.dumps(frame))
            while True:
                await self.patience()
                async with asyncio.timeout(wire.SILENCE):
                    frame = json.loads(await socket.recv())
                if frame["type"] == "ping":
                    await socket.send('{"type": "pong"}')
                yield frame
        finally:
            socket.transport.abort()


class BySubscription(ByAddress):
    """Follows all streams on one socket at ``/ws/``."""

    async def frames(self, address: str) -> AsyncIterator[Frame]:
        wishes = [
            {"type": "subscribe", "channel": channel, "since": place.cursor, "epoch": place.epoch}
            for channel, place in self.places.items()
        ]
        async for frame in self._socket(address, "/ws/", wishes):
            yield frame


class BySse(Client):
    """Follows one stream as Server-Sent Events."""

    async def frames(self, address: str) -> AsyncIterator[Frame]:
        ((channel, place),) = self.places.items()
        path = f"/api/streams/{channel}/events?{place.query}"
        async with aclosing(sse.events(address, path, self.token)) as events:
            async for text in events:
                await self.patience()
                yield json.loads(text)


WAYS = {"address": ByAddress, "subscription": BySubscription, "sse": BySse}


class Clients:
    """All clients of one program."""

    def __init__(self, configuration: dict[str, Any]) -> None:
        self._addresses: list[str] = configuration["addresses"]
        self._clients = [
            WAYS[each["way"]](each["name"], each["token"], each["circles"], Path(each["journal"]))
            for each in configuration["clients"]
        ]

    async def run(self) -> None:
        await asyncio.gather(*(client.run(self._addresses) for client in self._clients))

    def order(self, word: str, number: float) -> None:
        if word == "deaf":  # stop reading for so many seconds
            for client in self._clients:
                client.deaf_until = asyncio.get_running_loop().time() + number


async def main(configuration: dict[str, Any]) -> None:
    clients = Clients(configuration)
    await obey(clients.order, clients.run())


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))
