"""What one server process holds: its feeds, its sockets, one ear, one poll and one timer.

There is one :class:`Process` for each event loop, made when the first socket or request needs it, for
Daphne knows no ASGI lifespan.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Protocol

import orjson
from django.conf import settings

from gathering.protocol import codes
from gathering.protocol.cursor import Position, ResetReason
from gathering.protocol.errors import Unavailable

from . import access, arrivals, chores, commands, log
from .arrivals import Arrival, Found
from .database import DatabaseThread
from .doorbell import Doorbell
from .feed import Feed
from .frame import Frame
from .poll import Poll
from .presence import Presence
from .together import Together

logger = logging.getLogger(__name__)

LINGER = 30.0  # seconds that a feed without subscribers is kept for whoever comes next
DRAIN_BATCH = 100  # sockets that are closed at once when the server stops
DRAIN_PAUSE = 0.05  # seconds between batches, so that not all come back in one moment


class Socket(Protocol):
    """A live socket, as the process sees it."""

    actor_id: int | None

    def tick(self, now: float) -> None:
        """Once in a while: heartbeat, silence, deadlines."""

    def check_access(self, *, kick: bool) -> None:
        """A right of its actor may have gone: look again."""

    def follows(self, channel: str) -> bool:
        """Whether it follows ``channel``."""

    async def shut(self, code: int) -> None:
        """Close it."""


_processes: dict[asyncio.AbstractEventLoop, Process] = {}


def current() -> Process:
    """The process of the running loop, started if it is not yet."""
    loop = asyncio.get_running_loop()
    if loop not in _processes:
        for ended in [other for other in _processes if other.is_closed()]:
            del _processes[ended]
        _processes[loop] = Process()
    return _processes[loop]


def any_draining() -> bool:
    """Whether a hub of this process is ending; from any thread."""
    return any(process.draining for process in tuple(_processes.values()))


class Process:
    """The hub of one event loop.  Everything here runs on that loop, and nothing here awaits a client."""

    def __init__(self) -> None:
        self.database = DatabaseThread()
        self.commands = Together(self.database, commands.perform, most=commands.MOST)
        self.arrivals = Together(self.database, self._look_at, most=arrivals.MOST, reads=True)
        self.draining = False
        self._feeds: dict[str, Feed] = {}
        self._sockets: set[Socket] = set()
        self._by_actor: defaultdict[int, set[Socket]] = defaultdict(set)
        self._doorbell = Doorbell(self._heard, self._joined)
        self._doorbell.start()
        self._poll = Poll(self._feeds, self._heads, settings.GATHERING_POLL)
        self._access: asyncio.Task[None] | None = None
        self._looks: set[asyncio.Task[None]] = set()
        self.presence = Presence(self.database)
        work = (self._poll.run(), self._beat(), chores.run(self.database), self.presence.run())
        self._tasks = [asyncio.create_task(each) for each in work]

    async def feed(self, channel: str, position: Position | None = None) -> Feed:
        """The feed of ``channel``, opened if need be; ``position`` saves a query if it is at hand."""
        await self.started()
        return await self._open(channel, position)

    async def started(self) -> None:
        """Wait until withdrawals of access are followed; no socket may be let in before that.

        Raises Unavailable while the database is away.
        """
        if self._access is None or (self._access.done() and self._access.exception()):
            self._access = asyncio.create_task(self._follow_access())
        await asyncio.shield(self._access)

    @property
    def access_cursor(self) -> int:
        """How far the withdrawals have been heard."""
        return self._feeds[access.CHANNEL].cursor

    def enter(self, socket: Socket) -> None:
        """Take a socket in, for ticks and for the drain."""
        self._sockets.add(socket)

    def identify(self, socket: Socket, actor_id: int) -> int:
        """Say whose socket it is; returns how many that actor now has in this process."""
        socket.actor_id = actor_id
        self._by_actor[actor_id].add(socket)
        return len(self._by_actor[actor_id])

    def leave(self, socket: Socket) -> None:
        """Forget a socket."""
        self._sockets.discard(socket)
        if socket.actor_id is not None:
            self._by_actor[socket.actor_id].discard(socket)
            if not self._by_actor[socket.actor_id]:
                del self._by_actor[socket.actor_id]

    async def drain(self) -> None:
        """Close every socket with 1012, in batches; new ones are refused from now on."""
        self.draining = True
        sockets = list(self._sockets)
        for start in range(0, len(sockets), DRAIN_BATCH):
            batch = sockets[start : start + DRAIN_BATCH]
            await asyncio.gather(*(socket.shut(codes.RESTARTING) for socket in batch))
            await asyncio.sleep(DRAIN_PAUSE)

    async def stop(self) -> None:
        """Drain, and end the process's tasks."""
        await self.drain()
        await self._doorbell.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await chores.finish(self.database)
        await self.presence.finish()
        self.database.stop()
        _processes.pop(asyncio.get_running_loop(), None)

    async def read(self, channel: str, since: int, until: int) -> list[Frame]:
        """A page of the log."""
        return await self.database.read(log.read, channel, since, until=until)

    async def _heads(self, channels: Sequence[str]) -> dict[str, Position]:
        return await self.database.read(log.heads, channels)

    async def _open(self, channel: str, position: Position | None) -> Feed:
        if channel not in self._feeds:
            position = position or await self.database.read(log.position, channel)
        if channel in self._feeds and position is not None:
            self._feeds[channel].learn(position, 0)
        elif position is not None:
            self._feeds[channel] = Feed(channel, position, self.read)
            self._doorbell.want(channel)
        self._feeds[channel].idle_since = None  # whoever asks has a while to begin
        return self._feeds[channel]

    def _look_at(self, asked: Sequence[Arrival]) -> list[Found | Exception]:
        return arrivals.look(asked, self._feeds)

    def _joined(self, channel: str) -> None:
        """Look once: what was said between the reading of the position and the joining is found."""
        task = asyncio.create_task(self._look(channel))
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)

    async def _look(self, channel: str) -> None:
        with contextlib.suppress(Unavailable):  # the poll will come by
            await self._poll.once([channel])

    async def _follow_access(self) -> None:
        feed = await self._open(access.CHANNEL, None)
        feed.followers += 1
        feed.live.add(_AccessListener(self))

    def _heard(self, channel: str, frames: Sequence[Frame]) -> None:
        if (feed := self._feeds.get(channel)) is not None:
            feed.hear(frames)

    def check_access(self, data: dict[str, Any]) -> None:
        """Have the sockets looked at that a withdrawal names."""
        user_id, channel = data["user"], data["channel"]
        sockets = self._sockets if user_id is None else self._by_actor.get(user_id, set())
        for socket in tuple(sockets):
            if channel is None or socket.follows(channel):
                socket.check_access(kick=data["kick"])

    async def _beat(self) -> None:
        """The one timer: every socket is looked at, and feeds that nobody needs are closed."""
        interval = min(0.5, settings.GATHERING_HEARTBEAT / 4 or 0.5)
        while True:
            await asyncio.sleep(interval)
            now = time.monotonic()
            for socket in tuple(self._sockets):
                socket.tick(now)
            self._tidy(now)

    def _tidy(self, now: float) -> None:
        for channel, feed in list(self._feeds.items()):
            if feed.followers:
                feed.idle_since = None
            elif feed.idle_since is None:
                feed.idle_since = now
            elif now - feed.idle_since > LINGER:
                del self._feeds[channel]
                self._doorbell.unwant(channel)


class _AccessListener:
    """The process's own subscriber to the stream of withdrawals."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def take(self, frames: Sequence[Frame]) -> bool:
        for frame in frames:
            self._process.check_access(orjson.loads(frame.text)["data"])
        return True

    def restart(self, position: Position, reason: ResetReason) -> None:
        self._process.check_access({"user": None, "channel": None, "kick": False})
