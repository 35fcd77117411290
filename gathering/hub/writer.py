"""Writers: how frames get onto one socket, and how much may wait there.

A writer is asked to write and may refuse; it never blocks and never buffers without a bound.  This one
is the portable writer, for any ASGI server.  An ASGI ``send`` says nothing of what the client has read,
and Daphne's returns at once whatever the client does, so the client's ``pong`` is the credit: it proves
that all that was sent before the ``ping`` has arrived.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from .frame import Frame

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Writer(Protocol):
    """What a subscription needs of a socket."""

    @property
    def stalled_since(self) -> float | None:
        """When it first refused (monotonic seconds), unless it is ready again."""

    def write(self, frames: Sequence[Frame]) -> int:
        """Take frames in order until there is no room; returns how many were taken."""

    def control(self, text: str) -> None:
        """Take a control frame, whatever the room: they are small and answer the client's own."""

    async def ready(self) -> None:
        """Wait until there is room."""

    @property
    def awaits_pong(self) -> bool:
        """Whether a ping of the server is unanswered."""

    def ping(self) -> None:
        """Send a ``ping``."""

    def pong(self) -> None:
        """Take the client's answer to the oldest unanswered ping."""

    async def close(self, code: int, timeout: float) -> None:
        """Send what is queued and then the close, if the client takes it within ``timeout`` seconds."""

    def abandon(self) -> None:
        """Drop what is queued; the socket is gone."""


class PortableWriter:
    """A bounded queue and, while it is not empty, one task that awaits ``send``.

    ``limit`` is what may be unread by the client, in characters (0: no limit); ``mark`` makes the
    ``ping`` whose ``pong`` gives credit.
    """

    def __init__(self, send: Send, limit: int, mark: Callable[[], str]) -> None:
        self.stalled_since: float | None = None
        self._send = send
        self._limit = limit
        self._mark = mark
        self._queue: deque[str] = deque()
        self._taken = 0  # characters ever taken
        self._credited = 0  # and up to where the client is known to have read
        self._marks: deque[int] = deque()  # what had been taken at each ping not yet answered
        self._marked = 0  # and at the latest of all pings
        self._task: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._closed = False

    @property
    def unread(self) -> int:
        """Characters that the client is not known to have read."""
        return self._taken - self._credited

    @property
    def awaits_pong(self) -> bool:
        """Whether a ping of the server is unanswered."""
        return bool(self._marks)

    def write(self, frames: Sequence[Frame]) -> int:
        for index, frame in enumerate(frames):
            if self._limit and self.unread + frame.size > self._limit and self.unread:
                self._stall()
                return index
            self._put(frame.text)
        return len(frames)

    def control(self, text: str) -> None:
        self._put(text)
        if self._limit and self.unread > 2 * self._limit:  # it asks, and does not read the answers
            self._stall()

    def ping(self) -> None:
        """Send a ``ping``; its ``pong`` will give credit for all that was taken up to it."""
        if not self._closed:
            self._queue_up(self._mark())
            self._marked = self._taken
            self._marks.append(self._taken)

    def pong(self) -> None:
        """Take the client's answer to the oldest unanswered ping."""
        if self._marks:
            self._credited = self._marks.popleft()
            if not self._limit or self.unread <= self._limit // 2:
                self.stalled_since = None
                self._room.set()

    async def ready(self) -> None:
        if self.stalled_since is not None:
            await self._room.wait()

    async def close(self, code: int, timeout: float) -> None:
        """Send what is queued and then the close, if the client takes it within ``timeout`` seconds."""
        self._closed = True
        try:
            async with asyncio.timeout(timeout):
                if self._task is not None:
                    await asyncio.wait([self._task])
                await self._close(code)
        except Exception:
            self.abandon()

    async def _close(self, code: int) -> None:
        try:
            await self._send({"type": "websocket.close", "code": code})
        except Exception:  # a server that refuses codes below 3000, as Daphne does when it is not ours
            await self._send({"type": "websocket.close"})

    def abandon(self) -> None:
        """Drop what is queued; the socket is gone."""
        self._closed = True
        self._queue.clear()
        if self._task is not None:
            self._task.cancel()

    def _stall(self) -> None:
        self._room.clear()
        if not self._marks:  # only a pong will make room
            self.ping()
        if self.stalled_since is None:
            self.stalled_since = time.monotonic()

    def _put(self, text: str) -> None:
        if self._closed:
            return
        self._queue_up(text)
        if self._limit and self._taken - self._marked > self._limit // 4:
            self.ping()

    def _queue_up(self, text: str) -> None:
        self._queue.append(text)
        self._taken += len(text)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        try:
            while self._queue:
                await self._send({"type": "websocket.send", "text": self._queue.popleft()})
        except Exception:  # the server refuses to send once the client has gone
            self.abandon()
