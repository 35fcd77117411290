"""Stand-ins for what the hub's machinery touches: a clock that jumps, a log, sockets and clients."""

from __future__ import annotations

import asyncio
import json
import selectors
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from gathering.hub.feed import Feed
from gathering.hub.frame import Frame
from gathering.protocol import frames
from gathering.protocol.cursor import Position, ResetReason
from gathering.protocol.errors import Unavailable

CHANNEL = "circles.dev"
P = ParamSpec("P")
R = TypeVar("R")


class JumpingLoop(asyncio.SelectorEventLoop):
    """Where nothing is ready its clock jumps to the next timer; where there is none, the test hangs
    and is told so."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self.now


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("This test waits for what will never come.")
        self._loop.now += max(0, timeout)
        return super().select(0)


def runner() -> asyncio.Runner:
    """A runner of coroutines for which time costs nothing."""
    return asyncio.Runner(loop_factory=JumpingLoop)


def in_no_time(test: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
    """Run an asynchronous test on a clock that jumps."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with runner() as fresh:
            return fresh.run(test(*args, **kwargs))

    return run


def now() -> float:
    """Seconds on the clock that jumps."""
    return asyncio.get_running_loop().time()


async def turn(times: int = 1) -> None:
    """Let the loop go round."""
    for _ in range(times):
        await asyncio.sleep(0)


class Log:
    """One stream's log in memory.  A read takes ``latency`` seconds before it looks and after."""

    def __init__(self, head: int = 0, *, epoch: str = "a", floor: int = 0) -> None:
        self.epoch, self.head, self.floor = epoch, 0, 0
        self.floors = {epoch: 0}  # how far each history was ever pruned
        self.away = False
        self.latency = 0.0
        self.page = 200
        self.reads: list[tuple[int, int]] = []
        self._frames: dict[int, Frame] = {}
        self.append(head)
        self.prune(floor)

    @property
    def position(self) -> Position:
        return Position(self.epoch, self.head, self.floor)

    @property
    def holds_anything(self) -> bool:
        return self.floor < self.head

    def append(self, count: int = 1) -> list[Frame]:
        """Log some events; returns their frames."""
        new = [self.frame(self.head + offset) for offset in range(1, count + 1)]
        self.head += count
        self._frames.update((frame.seq or 0, frame) for frame in new)
        return new

    def frame(self, seq: int) -> Frame:
        """The frame that an event with ``seq`` has in this history."""
        body = {"type": "said", "data": {"epoch": self.epoch}, "channel": CHANNEL, "seq": seq}
        return Frame(CHANNEL, seq, frames.dumps(body))

    def prune(self, floor: int) -> None:
        self.floor = self.floors[self.epoch] = max(self.floor, min(floor, self.head))
        self._frames = {seq: frame for seq, frame in self._frames.items() if seq > self.floor}

    def lose(self, head: int) -> None:
        """Go back to ``head`` and do not say so, as after a crash without fsync."""
        self.head = min(max(head, self.floor), self.head)
        self._frames = {seq: frame for seq, frame in self._frames.items() if seq <= self.head}

    def renew(self, epoch: str, head: int = 0) -> None:
        """Begin another history."""
        self.epoch, self.head, self.floor, self._frames = epoch, 0, 0, {}
        self.floors[epoch] = 0
        self.append(head)

    async def read(self, channel: str, since: int, until: int) -> list[Frame]:
        await asyncio.sleep(self.latency)
        self.reads.append((since, until))
        if self.away:
            raise Unavailable
        found = [self._frames[seq] for seq in sorted(self._frames) if since < seq <= until]
        await asyncio.sleep(self.latency)
        return found[: self.page]

    async def heads(self, channels: Sequence[str]) -> dict[str, Position]:
        if self.away:
            raise Unavailable
        return dict.fromkeys(channels, self.position)

    def feed(self) -> Feed:
        """A feed of this log that starts at its head."""
        return Feed(CHANNEL, self.position, self.read)


def whisper(text: str = "psst") -> Frame:
    """An ephemeral event."""
    return Frame(CHANNEL, None, frames.dumps({"type": text, "data": {}, "channel": CHANNEL}))


class Listener:
    """A subscriber that keeps what it is given; it goes deaf after ``most`` frames."""

    def __init__(self, most: int = 10**9) -> None:
        self.most = most
        self.seqs: list[int | None] = []
        self.taken: list[Frame] = []
        self.restarts: list[tuple[Position, ResetReason]] = []

    def take(self, frames_: Sequence[Frame]) -> bool:
        self.seqs += [frame.seq for frame in frames_]
        self.taken += frames_
        return len(self.seqs) < self.most

    def restart(self, position: Position, reason: ResetReason) -> None:
        self.restarts.append((position, reason))


class Client:
    """A client that believes nothing: it fails on what is lost, repeated or out of order."""

    def __init__(self, log: Log, cursor: int) -> None:
        self.log = log
        self.cursor, self.epoch = cursor, log.epoch
        self.applied: list[int] = []
        self.whispers: list[str] = []
        self.resets: list[str] = []

    def read(self, text: str) -> str:
        """Take one frame; returns its type."""
        frame = json.loads(text)
        if frame["type"] == "reset":
            data = frame["data"]
            assert data["floor"] <= data["head"]
            self.cursor, self.epoch = data["head"], data["epoch"]
            self.resets.append(data["reason"])
        elif "seq" in frame:
            self._apply(frame["seq"], frame["data"]["epoch"])
        else:
            self.whispers.append(frame["type"])
        return str(frame["type"])

    def _apply(self, seq: int, epoch: str) -> None:
        assert epoch == self.epoch, "an event of another history"
        missing = range(self.cursor + 1, seq)
        pruned = self.cursor == 0 and seq - 1 <= self.log.floors[epoch]
        assert seq > self.cursor, f"{seq} again, after {self.cursor}"
        assert not missing or pruned, f"{seq} after {self.cursor}: lost {missing}"
        self.cursor = seq
        self.applied.append(seq)


class RoomyWriter:
    """A writer with room for ``room`` frames; what it takes, its client reads at once."""

    stalled_since: float | None = None
    awaits_pong = False

    def __init__(self, read: Callable[[str], object], room: int = 10**9) -> None:
        self.room = room
        self._read = read
        self._more = asyncio.Event()

    def write(self, frames_: Sequence[Frame]) -> int:
        taken = frames_[: self.room]
        self.room -= len(taken)
        for frame in taken:
            self._read(frame.text)
        return len(taken)

    def control(self, text: str) -> None:
        self._read(text)

    async def ready(self) -> None:
        while not self.room:
            self._more.clear()
            await self._more.wait()

    def make_room(self, room: int) -> None:
        self.room += room
        self._more.set()

    def ping(self) -> None: ...

    def pong(self) -> None: ...

    async def close(self, code: int, timeout: float) -> None: ...

    def abandon(self) -> None: ...


class Wire:
    """The far end of an ASGI ``send``: a blocked one does not return until it is unblocked."""

    def __init__(self) -> None:
        self.sent: deque[dict[str, Any]] = deque()
        self.gone = False
        self._open = asyncio.Event()
        self._open.set()

    async def send(self, message: dict[str, Any]) -> None:
        await self._open.wait()
        if self.gone:
            raise RuntimeError("the client has gone")
        self.sent.append(message)

    def block(self) -> None:
        self._open.clear()

    def unblock(self) -> None:
        self._open.set()

    def hang_up(self) -> None:
        self.gone = True
        self.unblock()

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.sent if "text" in message]

    @property
    def closed_with(self) -> list[int]:
        return [message["code"] for message in self.sent if "code" in message]
