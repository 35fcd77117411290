"""A feed: one stream as one process hears it.

However many sockets of a process follow a stream, its events are heard once, judged once and encoded
once, here.  The feed passes on what is exactly next, keeps an early frame until its predecessors have
come (two processes ring in either order), and reads the log when they do not.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import Protocol

from gathering.protocol.cursor import Judgement, Position, ResetReason, judge
from gathering.protocol.errors import Unavailable

from .frame import Batch, Frame

logger = logging.getLogger(__name__)

RING_FRAMES = 2048  # recent frames that are kept for those who resume
RING_SIZE = 1024 * 1024  # and how much they may weigh together
PAGE_SIZE = 256 * 1024  # about what is read at once for one subscriber, who may hold it for long
PATIENCE = 0.02  # seconds to wait for the predecessors of an early frame
MAX_EARLY = 1000

Read = Callable[[str, int, int], Awaitable[list[Frame]]]


class Subscriber(Protocol):
    """Whoever is live on a feed."""

    def take(self, frames: Sequence[Frame]) -> bool:
        """Take the next frames; False to be left out from now on (it will catch up by itself)."""

    def restart(self, position: Position, reason: ResetReason) -> None:
        """The stream's history has changed; what follows is after ``position.head``."""


class Feed:
    """One stream in one process.

    ``cursor`` is the last seq that was passed on, ``known`` the highest that is known to exist; they
    differ while something is missing.  At the end of a tick every live subscriber has been given all up to
    ``cursor``; one that goes live within the tick may be given what it has, and skips it.
    ``read(channel, since, until)`` reads a page of the log and may raise Unavailable.
    """

    def __init__(self, channel: str, position: Position, read: Read) -> None:
        self.channel = channel
        self.epoch = position.epoch
        self.floor = position.floor
        self.cursor = self.known = position.head
        self.history = 0  # how often it began anew
        self.began: ResetReason | None = None  # and why, the last time
        self.live: set[Subscriber] = set()
        self.followers = 0  # whoever needs the feed kept, live or not
        self.idle_since: float | None = None
        self._read = read
        self._recent: deque[Frame] = deque()
        self._recent_size = 0
        self._page_length = MAX_EARLY  # how many frames weigh about PAGE_SIZE, as last seen
        self._early: dict[int, Frame] = {}
        self._waiting = Batch()  # admitted in this tick of the loop, and not yet passed on
        self._repair: asyncio.Task[None] | None = None
        self._news: asyncio.Future[None] | None = None

    @property
    def position(self) -> Position:
        return Position(self.epoch, self.cursor, min(self.floor, self.cursor))

    def hear(self, frames: Iterable[Frame]) -> None:
        """Take frames from the doorbell or the log, in any order, repeated or not."""
        for frame in frames:
            if frame.seq is None:
                self._flush()
                self._pass_on(Batch([frame]))
            else:
                self._admit(frame, frame.seq)
        if self._early:
            self._mend_soon(PATIENCE)

    def learn(self, position: Position, asked_at: int) -> None:
        """Take what the poll read; ``asked_at`` is what was ``known`` when it asked.

        Finds what the doorbell did not tell, and a changed history: another epoch, or a head that went
        back (somebody restored a backup and did not renew the epoch).
        """
        self.floor = position.floor
        if position.epoch != self.epoch:
            self._restart(position, ResetReason.EPOCH)
        elif position.head < asked_at:
            self._restart(position, ResetReason.AHEAD)
        elif position.head > self.cursor:
            self.known = max(self.known, position.head)
            self._mend_soon(0)

    async def after(self, cursor: int) -> list[Frame]:
        """Some frames that follow ``cursor``, up to the feed's own cursor; from memory if they are
        there.  Empty at the end.  A first ``seq`` that is not next says that those before are pruned.
        """
        if cursor >= self.cursor:
            return []
        if self._recent and (first := self._recent[0].seq) is not None and first <= cursor + 1:
            skip = cursor + 1 - first
            return list(islice(self._recent, skip, None))
        until = self.cursor if cursor < self.floor else min(self.cursor, cursor + self._page_length)
        page = await self._read(self.channel, cursor, until)
        if page:
            weight = sum(frame.size for frame in page) // len(page)
            self._page_length = max(1, PAGE_SIZE // max(1, weight))
        return page

    async def news(self) -> None:
        """Wait until the cursor has moved or the history has changed."""
        if self._news is None:
            self._news = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._news)

    def _admit(self, frame: Frame, seq: int) -> None:
        self.known = max(self.known, seq)
        verdict = judge(self.cursor, seq)
        if verdict is Judgement.GAP and len(self._early) < MAX_EARLY:
            self._early[seq] = frame
        while verdict is Judgement.NEXT:
            self.cursor = seq
            self._remember(frame)
            self._pass_on_soon(frame)
            if self.cursor + 1 not in self._early:
                break
            frame = self._early.pop(self.cursor + 1)
            seq = self.cursor + 1

    def _pass_on_soon(self, frame: Frame) -> None:
        """Pass on at the end of this tick, so that what is heard in one tick is one write to a socket."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(frame)

    def _flush(self) -> None:
        if self._waiting:
            frames, self._waiting = self._waiting, Batch()
            self._pass_on(frames)

    def _pass_on(self, frames: Batch) -> None:
        left_out = []
        for subscriber in self.live:
            try:
                if not subscriber.take(frames):
                    left_out.append(subscriber)
            except Exception:  # one that fails must not cost the others this batch; its heartbeat tells it
                logger.exception("a subscriber of %s failed and is left out", self.channel)
                left_out.append(subscriber)
        self.live.difference_update(left_out)
        self._tell_followers()

    def _remember(self, frame: Frame) -> None:
        self._recent.append(frame)
        self._recent_size += frame.size
        while len(self._recent) > RING_FRAMES or self._recent_size > RING_SIZE:
            self._recent_size -= self._recent.popleft().size

    def _tell_followers(self) -> None:
        if self._news is not None:
            self._news.set_result(None)
            self._news = None

    def _mend_soon(self, delay: float) -> None:
        if self._repair is None or self._repair.done():
            self._repair = asyncio.create_task(self._mend(delay))

    async def _mend(self, delay: float) -> None:
        await asyncio.sleep(delay)
        try:
            while self.cursor < self.known:
                history = self.history
                page = await self._read(self.channel, self.cursor, self.known)
                if history != self.history:  # the page is of another one
                    continue
                if page:
                    self._mend_with(page)
                elif self.floor >= self.known:
                    self._restart(self._at(self.known), ResetReason.PRUNED)
                else:  # the poll will bring the floor
                    break
        except Unavailable as error:
            logger.warning("%s cannot be mended yet: %s", self.channel, error)
        self._early = {seq: frame for seq, frame in self._early.items() if seq > self.cursor}

    def _mend_with(self, page: list[Frame]) -> None:
        first = page[0].seq or 0
        if first > self.cursor + 1:  # pruned before this process had heard of it
            known = self.known
            self._restart(self._at(first - 1), ResetReason.PRUNED)
            self.known = known  # there may be more than this page
        self.hear(page)

    def _at(self, floor: int) -> Position:
        return Position(self.epoch, floor, floor)

    def _restart(self, position: Position, reason: ResetReason) -> None:
        self._flush()
        self.epoch, self.floor = position.epoch, position.floor
        self.cursor = self.known = position.head
        self.history += 1
        self.began = reason
        self._recent.clear()
        self._recent_size = 0
        self._early.clear()
        for subscriber in tuple(self.live):
            subscriber.restart(position, reason)
        self._tell_followers()
