"""A network that fails, between a client and a server: a TCP proxy that cuts, stalls, delays, and loses
single frames of WebSockets.

It runs in the loop of the test, so that a fault falls between two steps of the test and not beside it.
"""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, Literal, Self

from tests.processes import HOST

Way = Literal["in", "out"]  # to the server; from it
Loses = Callable[[Way, dict[str, Any]], bool]

CHUNK = 65536
TEXT = 1
MASKED = 0x80


class Proxy:
    """Passes on what comes for a port of this machine; ``port`` is its own.

    ``delay`` is the seconds that each chunk is held back, ``loses`` says which frames disappear, and
    ``refuses`` whether new connections are turned away.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.delay = 0.0
        self.refuses = False
        self.loses: Loses = nothing
        self.connections = 0
        self._flows = asyncio.Event()
        self._flows.set()
        self._open: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, HOST, 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)
        self.cut()

    @property
    def http(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://{HOST}:{self.port}"

    def cut(self) -> None:
        """End every connection at once, with a TCP reset: what was under way is gone."""
        for writer in self._open:
            writer.transport.abort()

    def stall(self) -> None:
        """Pass nothing on, and say nothing of it: connections stay open, new ones are taken."""
        self._flows.clear()

    def flow(self) -> None:
        """End a stall; what waited is passed on."""
        self._flows.set()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._connect(reader, writer)
        writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            return
        self.connections += 1
        await self._flows.wait()
        there, to_there = await asyncio.open_connection(HOST, self.target)
        ends = {writer, to_there}
        self._open |= ends
        ways = [
            asyncio.create_task(self._pass("in", reader, to_there)),
            asyncio.create_task(self._pass("out", there, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._open -= ends
            to_there.transport.abort()

    async def _pass(self, way: Way, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        frames = Frames()
        while chunk := await source.read(CHUNK):
            if self.delay:
                await asyncio.sleep(self.delay)
            await self._flows.wait()
            sink.write(
                b"".join(raw for raw, whole in frames.feed(chunk) if not (whole and self._lost(way, raw)))
            )
            await sink.drain()

    def _lost(self, way: Way, frame: bytes) -> bool:
        if self.loses is nothing:  # not worth the reading
            return False
        said = _object(frame)
        return said is not None and self.loses(way, said)


class Frames:
    """Cuts the bytes of one direction into the frames of a WebSocket, after its handshake.

    What is no WebSocket (plain HTTP) is passed through as it comes.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._is_websocket: bool | None = None

    def feed(self, chunk: bytes) -> Iterator[tuple[bytes, bool]]:
        """Whole pieces of what has come so far, and whether each is a frame."""
        self._buffer += chunk
        if self._is_websocket is None:
            yield from self._handshake()
        if self._is_websocket is False:
            yield self._buffer, False
            self._buffer = b""
        elif self._is_websocket:
            while (size := self._size()) is not None:
                raw, self._buffer = self._buffer[:size], self._buffer[size:]
                yield raw, True

    def _handshake(self) -> Iterator[tuple[bytes, bool]]:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if end:
            self._is_websocket = b"\r\nupgrade: websocket" in head.lower()
            self._buffer = rest
            yield head + end, False

    def _size(self) -> int | None:
        """How long the first frame is; None if it is not all here."""
        if len(self._buffer) < 2:
            return None
        start, _, length = _layout(self._buffer)
        return start + length if len(self._buffer) >= start + length else None


def nothing(_way: Way, _frame: dict[str, Any]) -> bool:
    """Loses nothing."""
    return False


def pongs(way: Way, frame: dict[str, Any]) -> bool:
    """Loses a client's answers to the heartbeat: the server will think that it is dead."""
    return way == "in" and frame.get("type") == "pong"


def events(way: Way, frame: dict[str, Any]) -> bool:
    """Loses what is logged, and nothing else: only the head in the ping tells the client."""
    return way == "out" and "seq" in frame


def some(dice: random.Random, share: float) -> Loses:
    """Loses that share of what is logged."""
    return lambda way, frame: events(way, frame) and dice.random() < share


def _layout(frame: bytes) -> tuple[int, bytes, int]:
    """Where the payload of a frame begins, its mask, and its length (RFC 6455, section 5.2)."""
    short = frame[1] & 0x7F
    extra = {126: 2, 127: 8}.get(short, 0)
    length = int.from_bytes(frame[2 : 2 + extra], "big") if extra else short
    masked = 4 if frame[1] & MASKED else 0
    return 2 + extra + masked, frame[2 + extra : 2 + extra + masked], length


def _object(frame: bytes) -> dict[str, Any] | None:
    """The JSON object in a text frame that is not in parts."""
    start, mask, length = _layout(frame)
    if frame[0] != MASKED | TEXT:
        return None
    payload = frame[start : start + length]
    if mask:
        repeated = mask * (length // 4 + 1)
        whole = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[:length], "big")
        payload = whole.to_bytes(length, "big")
    try:
        said = json.loads(payload)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None
