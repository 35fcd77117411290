"""One socket's place in one stream: *catching up* or *live*, and no third state.

Catching up, it reads the log from its own cursor, as fast as the socket can be written.  Once it has
reached the feed's cursor it goes live in the same tick of the loop, with no ``await`` between the last
comparison and the switch, so nothing can fall between.  A live one whose socket cannot be written goes
back to catching up: what waits for a slow client waits in the log, not in memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from gathering.protocol import frames
from gathering.protocol.cursor import Position, ResetReason
from gathering.protocol.errors import Unavailable

from .feed import Feed
from .frame import Frame
from .writer import Writer

logger = logging.getLogger(__name__)

RETRY = 0.5  # seconds between readings while the database is away


class Subscription:
    """Delivers ``feed`` to ``writer`` from ``cursor`` on, gap-free and in order."""

    def __init__(self, feed: Feed, writer: Writer, cursor: int) -> None:
        self.feed = feed
        self.cursor = cursor
        self._history = feed.history
        self._writer = writer
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Deliver from now on."""
        self.feed.followers += 1
        if self._caught_up():
            self.feed.live.add(self)
        else:
            self._task = asyncio.create_task(self._catch_up())

    def stop(self) -> None:
        """Deliver no more.  Call it once."""
        self.feed.followers -= 1
        self.feed.live.discard(self)
        if self._task is not None:
            self._task.cancel()

    def take(self, frames_: Sequence[Frame]) -> bool:
        first = frames_[0].seq
        if first is None:
            return self._whisper(frames_)
        if first <= self.cursor:
            frames_ = frames_[self.cursor + 1 - first :]
        if self._write(frames_):
            return True
        self._task = asyncio.create_task(self._catch_up())
        return False

    def restart(self, position: Position, reason: ResetReason) -> None:
        self._history, self.cursor = self.feed.history, position.head
        self._writer.control(frames.reset(self.feed.channel, position, reason))

    def _whisper(self, frames_: Sequence[Frame]) -> bool:
        self._writer.write(frames_)  # no room: it is lost, which is what ephemeral means
        return True

    def _write(self, frames_: Sequence[Frame]) -> bool:
        taken = self._writer.write(frames_)
        if taken:
            self.cursor = frames_[taken - 1].seq or self.cursor
        return taken == len(frames_)

    def _caught_up(self) -> bool:
        return self._history == self.feed.history and self.cursor >= self.feed.cursor

    async def _catch_up(self) -> None:
        page: Sequence[Frame] = ()
        while not self._caught_up():
            await self._writer.ready()
            if self._history != self.feed.history:
                self.restart(self.feed.position, self.feed.began or ResetReason.EPOCH)
                page = ()
                continue
            try:
                page = page or await self.feed.after(self.cursor)
            except Unavailable:
                await asyncio.sleep(RETRY)
                continue
            except Exception:
                logger.exception("%s cannot be read; trying again", self.feed.channel)
                await asyncio.sleep(RETRY)
                continue
            if self._history == self.feed.history:
                page = await self._deliver(page)
        self.feed.live.add(self)

    async def _deliver(self, page: Sequence[Frame]) -> Sequence[Frame]:
        """Write what there is room for; returns the rest, so that it need not be read again."""
        first = page[0].seq if page else self.feed.floor + 1
        if first is not None and self.cursor and first > self.cursor + 1:
            self.restart(self.feed.position, ResetReason.PRUNED)
        elif page:
            self._write(page)
            await asyncio.sleep(0)  # one slow reader must not hold the loop
            return [frame for frame in page if (frame.seq or 0) > self.cursor]
        else:  # all of it is pruned, and the feed may not have learned how far
            self.cursor = max(self.cursor, self.feed.floor)
            await asyncio.sleep(RETRY)
        return ()
