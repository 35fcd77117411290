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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import wire
from .journal import Journal
from .orders import obey
from .wire import AWAY, Frame


class OutOfStep(Exception):
    """The connection is of no use any more: come again."""


@dataclass
class Place:
    """Where a client is in one stream.

    ``early`` are events that came while it is ``fetching`` a snapshot; those up to ``covered`` were under
    way on this connection when the snapshot was taken, and are in it.
    """

    epoch: str
    cursor: int
    covered: int = 0
    early: list[Frame] = field(default_factory=list)
    fetching: asyncio.Task[None] | None = None

    def fetch(self, fetching: asyncio.Task[None] | None) -> None:
        """Fetch anew, or no more: a snapshot from before the latest reset would leave a gap."""
        if self.fetching is not None:
            self.fetching.cancel()
        self.fetching, self.early = fetching, []

    def fetched(self, epoch: str, seq: int) -> list[Frame]:
        """The snapshot of ``seq`` has been taken in; returns what came meanwhile."""
        early, self.early, self.fetching = self.early, [], None
        self.epoch, self.covered, self.cursor = epoch, seq, max(self.cursor, seq)
        return early


class Client:
    """Follows ``circles``: one by its own address, several by ``/ws/``."""

    def __init__(self, name: str, token: str, circles: dict[str, list[Any]], journal: Path) -> None:
        self.deaf_until = 0.0
        self._name = name
        self._token = token
        self._journal = Journal(journal)
        self._places = {f"circles.{circle}": Place(*at) for circle, at in circles.items()}
        self._repeat()

    async def run(self, addresses: list[str]) -> None:
        """Follow for ever."""
        while True:
            self._address = random.choice(addresses)
            try:
                await self._follow()
            except (OutOfStep, *AWAY):
                await wire.breath()

    def _repeat(self) -> None:
        """Find out from the journal where it was."""
        for kind, channel, *rest in self._journal.records:
            if kind in ("event", "snapshot"):
                place = self._places[channel]
                place.cursor = max(place.cursor, rest[0])

    async def _follow(self) -> None:
        socket = await wire.connect(self._address, self._path(), self._token)
        try:
            if len(self._places) > 1:
                for channel, place in self._places.items():
                    about = {"channel": channel, "since": place.cursor, "epoch": place.epoch}
                    await socket.send(json.dumps({"type": "subscribe", **about}))
            while True:
                await asyncio.sleep(self.deaf_until - asyncio.get_running_loop().time())
                async with asyncio.timeout(wire.SILENCE):
                    frame = json.loads(await socket.recv())
                if frame["type"] == "ping":
                    await socket.send('{"type": "pong"}')
                self._take(frame)
        finally:
            for place in self._places.values():
                place.fetch(None)
                place.covered = 0
            socket.transport.abort()

    def _path(self) -> str:
        if len(self._places) > 1:
            return "/ws/"
        ((channel, place),) = self._places.items()
        name = wire.part(channel.partition(".")[2])
        return f"/ws/circles/{name}?since={place.cursor}&epoch={place.epoch}"

    def _take(self, frame: Frame) -> None:
        if "seq" in frame:
            place = self._places[frame["channel"]]
            if place.fetching is None:
                self._apply(place, frame)
            else:
                place.early.append(frame)
        elif frame["type"] == "reset":
            self._reset(frame["channel"], frame["data"])
        elif frame["type"] == "error":
            if not frame["data"]["retryable"]:
                self._journal.note("refused", frame.get("channel"), frame["data"]["code"])
            raise OutOfStep

    def _apply(self, place: Place, frame: Frame) -> None:
        if frame["seq"] > place.covered:
            self._journal.note("event", frame["channel"], frame["seq"], wire.ref_of(frame["data"]))
            place.cursor = max(place.cursor, frame["seq"])

    def _reset(self, channel: str, data: Frame) -> None:
        self._journal.note("reset", channel, data["reason"])
        place = self._places[channel]
        place.fetch(asyncio.create_task(self._fetch(channel, place)))

    async def _fetch(self, channel: str, place: Place) -> None:
        """Take the snapshot, the messages before it that were missed, and then what came meanwhile."""
        circle = f"/api/circles/{wire.part(channel.partition('.')[2])}/"
        snapshot = await self._ask(circle)
        recent, page, older = snapshot["messages"], snapshot, []
        while page["has_more"] and len(older) < snapshot["seq"] - place.cursor:
            page = await self._ask(f"{circle}messages/?before={page['messages'][0]['id']}")
            older += page["messages"]
        refs = [[wire.ref_of(each) for each in some] for some in (recent, older)]
        self._journal.note("snapshot", channel, snapshot["seq"], *refs)
        for frame in place.fetched(snapshot["epoch"], snapshot["seq"]):
            self._apply(place, frame)

    async def _ask(self, path: str) -> Frame:
        while True:
            try:
                return await wire.ask(self._address, path, self._token)
            except AWAY:
                await wire.breath()


class Clients:
    """All clients of one program."""

    def __init__(self, configuration: dict[str, Any]) -> None:
        self._addresses: list[str] = configuration["addresses"]
        self._clients = [
            Client(each["name"], each["token"], each["circles"], Path(each["journal"]))
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
