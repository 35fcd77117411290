"""A small client for tests: frames in and out, each wait with a deadline."""

import asyncio
import contextlib
import itertools
import json
import random
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlencode

import websockets
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

Frame = dict[str, Any]

PATIENCE = 10.0  # seconds, far more than anything takes that works
ABNORMAL = 1006


class Closed(Exception):
    """The server has closed the socket with ``code`` (1006 if it just hung up)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Client:
    """One socket, which is read all the time unless it is ``deaf``.

    The server's pings are kept apart, and answered unless it is ``mute``; so is the news of who is here.
    """

    def __init__(self, connection: ClientConnection, *, mute: bool, deaf: bool) -> None:
        self.connection = connection
        self.mute = mute
        self.cursor = 0
        self.pings: list[Frame] = []
        self._inbox: asyncio.Queue[Frame | Closed] = asyncio.Queue()
        self._presence: asyncio.Queue[Frame] = asyncio.Queue()
        self._refs = (f"{random.getrandbits(48):x}-{n}" for n in itertools.count(1))
        self._kept: list[Frame] = []  # read while something else was looked for
        self._reader: asyncio.Task[None] | None = None
        if not deaf:
            self.listen()

    @classmethod
    async def connect(
        cls,
        url: str,
        token: str | None = None,
        *,
        headers: dict[str, str] | None = None,
        subprotocols: tuple[str, ...] = (),
        mute: bool = False,
        deaf: bool = False,
        **options: Any,
    ) -> Self:
        """Open a socket; ``token`` goes into the Authorization header."""
        bearer = {"Authorization": f"Bearer {token}"} if token is not None else {}
        connection = await websockets.connect(
            url,
            additional_headers=bearer | (headers or {}),
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            compression=None,
            ping_interval=None,
            close_timeout=1,
            max_size=None,
            open_timeout=PATIENCE,
            proxy=None,
            **options,
        )
        return cls(connection, mute=mute, deaf=deaf)

    async def close(self) -> None:
        self.listen()
        await self.connection.close()
        if self._reader is not None:
            await self._reader

    # Out

    async def send(self, text: str | bytes) -> None:
        await self.connection.send(text)

    async def tell(self, kind: str, **fields: Any) -> None:
        await self.send(json.dumps({"type": kind, **fields}))

    async def post(self, content: str, **fields: Any) -> Frame:
        """Post as a person with an id; returns the data of the ack."""
        return await self.ask("user_message", content=content, **fields)

    async def ask(self, kind: str, **fields: Any) -> Frame:
        """Send with an id and return the data of its ``ack``, which must come."""
        answer = await self.answer(kind, **fields)
        assert answer["type"] == "ack", answer
        return answer["data"]

    async def answer(self, kind: str, **fields: Any) -> Frame:
        """Send with an id and return the one frame that answers it; others are kept for later."""
        ref = fields.setdefault("id", next(self._refs))
        await self.tell(kind, **fields)
        return await self.find(lambda frame: (frame.get("data") or {}).get("ref") == ref)

    # In

    async def receive(self, seconds: float = PATIENCE) -> Frame:
        """The next frame of any kind."""
        if self._kept:
            return self._kept.pop(0)
        return await self._next(seconds)

    def pending(self) -> list[Frame]:
        """What was read and not asked for, now taken."""
        kept, self._kept = self._kept, []
        return kept

    async def find(self, wanted: Callable[[Frame], bool], seconds: float = PATIENCE) -> Frame:
        """The next frame that is ``wanted``; those before it are kept for later."""
        for index, frame in enumerate(self._kept):
            if wanted(frame):
                return self._kept.pop(index)
        async with asyncio.timeout(seconds):
            while not wanted(frame := await self._next(seconds)):
                self._kept.append(frame)
        return frame

    async def of_type(self, kind: str, seconds: float = PATIENCE) -> Frame:
        return await self.find(lambda frame: frame["type"] == kind, seconds)

    async def event(self, seconds: float = PATIENCE) -> Frame:
        """The next event of the log."""
        frame = await self.find(lambda frame: "seq" in frame, seconds)
        self.cursor = frame["seq"]
        return frame

    async def presence(self, seconds: float = PATIENCE) -> Frame:
        """The ``data`` of the next news of who is here."""
        async with asyncio.timeout(seconds):
            return (await self._presence.get())["data"]

    async def events(self, count: int) -> list[Frame]:
        return [await self.event() for _ in range(count)]

    async def until(self, seq: int) -> list[Frame]:
        """The events up to ``seq``."""
        found = []
        while self.cursor < seq:
            found.append(await self.event())
        return found

    async def answers_ping(self) -> bool:
        """Whether the socket is open and served: everything sent before has been handled."""
        await self.tell("ping")
        return (await self.of_type("pong"))["type"] == "pong"

    async def closed(self, seconds: float = PATIENCE) -> int:
        """The code that the server closes with; what came before is kept."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._kept.append(await self._next(seconds))
        except Closed as end:
            return end.code

    async def refused(self, seconds: float = PATIENCE) -> tuple[str, int]:
        """The code of the one ``error`` frame, and the close code after it; nothing else comes."""
        code = await self.closed(seconds)
        (error,) = self._kept
        assert error["type"] == "error", error
        return error["data"]["code"], code

    def listen(self) -> None:
        """Begin to read."""
        if self._reader is None:
            self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                frame: Frame = json.loads(await self.connection.recv())
                if frame["type"] == "ping":
                    await self._take_ping(frame)
                elif frame["type"] == "presence":
                    self._presence.put_nowait(frame)
                else:
                    self._inbox.put_nowait(frame)
        except websockets.ConnectionClosed as end:
            self._inbox.put_nowait(Closed(end.rcvd.code if end.rcvd else ABNORMAL))

    async def _take_ping(self, frame: Frame) -> None:
        self.pings.append(frame)
        with contextlib.suppress(websockets.ConnectionClosed):  # there may be more to read
            if not self.mute:
                await self.tell("pong")

    async def _next(self, seconds: float) -> Frame:
        async with asyncio.timeout(seconds):
            item = await self._inbox.get()
        if isinstance(item, Closed):
            self._inbox.put_nowait(item)
            raise item
        return item


async def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def address(base: str, path: str, **query: object) -> str:
    """A URL with a query of what is not None."""
    asked = {name: value for name, value in query.items() if value is not None}
    return f"{base}{path}?{urlencode(asked)}" if asked else f"{base}{path}"


def seqs(frames: list[Frame]) -> list[int]:
    return [frame["seq"] for frame in frames]


def contents(frames: list[Frame]) -> list[str]:
    return [frame["data"]["content"] for frame in frames]
