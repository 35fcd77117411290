"""``python -m torture.publisher CONFIGURATION``: publishers that say everything until it is acknowledged.

Each notes what it is about to say before it says it, and each ``seq`` that was acknowledged; after a
``kill -9`` it says again what has no acknowledgement, with the same ``id``.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from websockets.asyncio.client import ClientConnection

from . import wire
from .journal import Journal
from .orders import obey
from .wire import AWAY, Frame

WINDOW = 4  # what one publisher says before it has the first acknowledgement
LOUD = 30_000  # characters of what is said loudly, and often
USUAL = (0, 200, 2000)


class Tempo:
    """What all publishers of a program have been told: to speak or to rest, and how loudly."""

    def __init__(self, pause: float) -> None:
        self.speaking = asyncio.Event()
        self._pause = pause
        self._loud_until = 0.0

    def order(self, word: str, number: float) -> None:
        if word == "go":
            self.speaking.set()
        elif word == "rest":
            self.speaking.clear()
        elif word == "loud":  # for so many seconds
            self._loud_until = asyncio.get_running_loop().time() + number

    @property
    def loud(self) -> bool:
        return asyncio.get_running_loop().time() < self._loud_until

    def content(self, ref: str) -> str:
        """What to say: its ref, and padding."""
        return padded(ref, LOUD if self.loud else len(ref) + 1 + random.choice(USUAL))

    async def breathe(self) -> None:
        await asyncio.sleep(random.uniform(0, self._pause / 4 if self.loud else 2 * self._pause))


class Publisher:
    """Speaks in one circle; a subclass says by which way."""

    def __init__(self, name: str, token: str, circle: str, journal: Path, tempo: Tempo) -> None:
        self.circle = wire.part(circle)
        self.token = token
        self.tempo = tempo
        self.open: dict[str, str] = {}  # what has no acknowledgement yet: its content by its ref
        self._journal = Journal(journal)
        self._repeat()
        said = sum(record[0] == "say" for record in self._journal.records)
        self._refs = (f"{name}-{number}" for number in itertools.count(said))

    async def run(self, addresses: list[str]) -> None:
        """Speak for ever."""
        while True:
            try:
                await self.speak(random.choice(addresses))
            except AWAY:
                await wire.breath()

    async def speak(self, address: str) -> None:
        """Say first what is open, and then more."""
        raise NotImplementedError

    def begin(self) -> str:
        """Note that something is about to be said; returns its ref."""
        ref = next(self._refs)
        self.open[ref] = self.tempo.content(ref)
        self._journal.note("say", ref, len(self.open[ref]))
        return ref

    def acknowledged(self, ref: str, seq: int) -> None:
        self._journal.note("ack", ref, seq)
        self.open.pop(ref, None)

    def refused(self, ref: str, code: str) -> None:
        """The hub will not have it, however often it is said."""
        self._journal.note("refused", ref, code)
        self.open.pop(ref, None)

    async def pause(self) -> None:
        """Take a breath; at the end of a round note that all has been said, and wait for the next."""
        await self.tempo.breathe()
        if not self.tempo.speaking.is_set() and not self.open:
            self._journal.note("rest")
            await self.tempo.speaking.wait()

    def _repeat(self) -> None:
        for kind, *rest in self._journal.records:
            if kind == "say":
                self.open[rest[0]] = padded(*rest)
            elif kind in ("ack", "refused"):
                self.open.pop(rest[0], None)


class BySocket(Publisher):
    """Says up to WINDOW things before it hears of the first."""

    async def speak(self, address: str) -> None:
        self._sent: dict[str, float] = {}
        socket = await wire.connect(address, f"/ws/circles/{self.circle}", self.token)
        hearing = asyncio.create_task(self._hear(socket))
        try:
            for ref in tuple(self.open):
                await self._say(socket, ref)
            while not hearing.done():
                if self.tempo.speaking.is_set() and len(self.open) < WINDOW:
                    await self._say(socket, self.begin())
                await self.pause()
                self._lose_patience()
            hearing.result()
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
            socket.transport.abort()

    async def _say(self, socket: ClientConnection, ref: str) -> None:
        self._sent[ref] = asyncio.get_running_loop().time()
        async with asyncio.timeout(wire.PATIENCE):
            await socket.send(json.dumps({"type": "message", "content": self.open[ref], "id": ref}))

    def _lose_patience(self) -> None:
        now = asyncio.get_running_loop().time()
        if any(now - self._sent.get(ref, now) > wire.PATIENCE for ref in self.open):
            raise TimeoutError

    async def _hear(self, socket: ClientConnection) -> None:
        while True:
            async with asyncio.timeout(wire.SILENCE):
                frame: Frame = json.loads(await socket.recv())
            data = frame["data"]
            if frame["type"] == "ping":
                await socket.send('{"type": "pong"}')
            elif frame["type"] == "ack":
                self.acknowledged(data["ref"], data["seq"])
            elif frame["type"] == "error" and data["ref"] in self.open:
                await self._told(socket, data)

    async def _told(self, socket: ClientConnection, error: Frame) -> None:
        if error["retryable"]:
            await wire.breath()
            await self._say(socket, error["ref"])
        else:
            self.refused(error["ref"], error["code"])


class ByRest(Publisher):
    """Says one thing at a time."""

    async def speak(self, address: str) -> None:
        if self.tempo.speaking.is_set() and not self.open:
            self.begin()
        for ref, content in tuple(self.open.items()):
            await self._post(address, ref, content)
        await self.pause()

    async def _post(self, address: str, ref: str, content: str) -> None:
        path = f"/api/circles/{self.circle}/messages/"
        try:
            answer = await wire.ask(address, path, self.token, {"content": content}, ref)
        except HTTPError as refusal:
            error = wire.error_of(refusal)
            if error["retryable"]:
                raise
            self.refused(ref, error["code"])
        else:
            self.acknowledged(ref, answer["seq"])


WAYS = {"socket": BySocket, "rest": ByRest}


def padded(ref: str, length: int) -> str:
    """What is said as ``ref``: the same, whenever it is said again."""
    return f"{ref} ".ljust(length, ".")


async def main(configuration: dict[str, Any]) -> None:
    tempo = Tempo(configuration["pause"])
    publishers = [
        WAYS[each["way"]](each["name"], each["token"], *each["circles"], Path(each["journal"]), tempo)
        for each in configuration["publishers"]
    ]
    await obey(tempo.order, asyncio.gather(*(one.run(configuration["addresses"]) for one in publishers)))


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))
