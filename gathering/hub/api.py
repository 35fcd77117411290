"""The log over HTTP: ``GET /api/streams/<name>/events``.

JSON pages; with ``wait`` a long poll; with ``Accept: text/event-stream`` Server-Sent Events whose ``id``
is the ``seq``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from gathering.protocol import frames
from gathering.protocol.cursor import Position, ResetReason, Since, parse_since, why_refused
from gathering.protocol.errors import BadField

from . import kinds, log
from .feed import Feed
from .frame import Frame
from .kinds import Presence
from .presence import Visitor, look_of
from .socket import query
from .waiting import JSON, KEEPALIVE, SSE, WaitingFace

MAX_LIMIT = 1000
MAX_WAIT = 25  # seconds: under the 30 after which many proxies give up
RETRY = 0.5  # seconds until one who is behind what was pruned looks again how far that was


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks: events after ``since``, at most ``limit``, waiting up to ``wait`` seconds."""

    since: Since | None
    limit: int
    wait: float


class EventsFace(WaitingFace):
    """One GET of a stream's events, in one of the three forms."""

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        super().__init__(scope, receive, send, scope["url_route"]["kwargs"]["name"])

    async def respond(self) -> None:
        asked = self._asked()
        waits = self._wants_sse() or asked.wait > 0
        position = await self._admit(lambda: log.position(self._channel), waits=waits)
        feed = await self._process.feed(self._channel, position)
        await (self._stream if self._wants_sse() else self._page)(feed, position, asked)

    def _asked(self) -> Asked:
        asked = query(self._scope)
        since = parse_since(self._header(b"last-event-id") or asked.get("since"), asked.get("epoch"))
        limit = _whole(asked, "limit", log.PAGE, MAX_LIMIT, least=1)
        return Asked(since, limit, _whole(asked, "wait", 0, MAX_WAIT))

    async def _page(self, feed: Feed, position: Position, asked: Asked) -> None:
        """``{"channel", "epoch", "head", "floor", "events", "reset"}``; ``reset`` says why ``since``
        cannot be honoured, and is null if it can."""
        since = asked.since or Since(0)
        reason = why_refused(since, position)
        page: list[Frame] = []
        floor = feed.floor
        if reason is None:
            if asked.wait and since.seq >= position.head:
                await self._wait(feed, since.seq, asked.wait)
            page, floor = await self._process.database.read(self._read, since.seq, asked)
            reason = ResetReason.PRUNED if 0 < since.seq < floor else None
        head = max(position.head, feed.known, *(frame.seq or 0 for frame in page[-1:]), 0)
        about = {"channel": self._channel, "epoch": feed.epoch, "head": head, "floor": floor}
        body = frames.dumps({**about, "reset": reason})[:-1]
        events = ",".join(frame.text for frame in page)
        await self._start(200, JSON)
        await self._body(f'{body},"events":[{events}]}}')

    def _read(self, since: int, asked: Asked) -> tuple[list[Frame], int]:
        """A page, and how far the stream is pruned; none of the page if that is beyond ``since``."""
        if asked.wait:  # long enough for a right to have gone
            self._look_again()
        page = log.read(self._channel, since, limit=asked.limit)
        floor = log.position(self._channel).floor  # after the page, so that a gap in it is explained
        return [] if 0 < since < floor else page, floor

    async def _wait(self, feed: Feed, cursor: int, seconds: float) -> None:
        feed.followers += 1
        try:
            async with asyncio.timeout(seconds):
                while feed.cursor <= cursor:
                    await feed.news()
        except TimeoutError:
            pass
        finally:
            feed.followers -= 1

    async def _stream(self, feed: Feed, position: Position, asked: Asked) -> None:
        """``id``, ``event`` and ``data`` for each event; a ``reset`` event where that is due; a comment
        when nothing happens.  It ends when the right to it ends."""
        reason = why_refused(asked.since, position) if asked.since else None
        start, history = feed.position, feed.history
        cursor = asked.since.seq if asked.since and reason is None else start.head
        await self._start_sse()
        if reason is not None:
            await self._reset(start, reason)
        visitor = self._enter_presence()
        feed.followers += 1
        try:
            async for item in follow(feed, cursor, history, KEEPALIVE):
                if isinstance(item, tuple):
                    await self._reset(*item)
                else:
                    await self._sse_page(item)
        finally:
            feed.followers -= 1
            if visitor is not None:
                self._process.presence.leave(visitor)

    def _enter_presence(self) -> Visitor | None:
        """Who follows the events as they come is here, too."""
        if kinds.presence_of(self._channel) is Presence.NONE:
            return None
        return self._process.presence.enter(self._channel, look_of(self._identity.user), None)

    async def _reset(self, position: Position, reason: ResetReason) -> None:
        await self._sse("reset", frames.reset(self._channel, position, reason), position.head)

    async def _sse_page(self, page: list[Frame]) -> None:
        if not page:
            await self._send_more(b": still here\n\n")
        for frame in page:
            await self._sse("message", frame.text, frame.seq)

    def _wants_sse(self) -> bool:
        return SSE in (self._header(b"accept") or "").encode()


async def events(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application of the HTTP face; mounted by ``routing.py``."""
    await EventsFace(scope, receive, send).answer()


async def follow(
    feed: Feed, cursor: int, history: int, keepalive: float
) -> AsyncIterator[list[Frame] | tuple[Position, ResetReason]]:
    """Pages of ``feed`` after ``cursor``, for ever; an empty one after ``keepalive`` silent seconds.

    A position and a reason say that the history is not the ``history`` it was, or has a gap; what
    follows is after that position.  It pulls at the reader's own speed, so however slow that is,
    nothing waits in memory for it.
    """
    while True:
        page = await feed.after(cursor)
        reason = _break(feed, history, cursor, page)
        if reason is not None:
            position, history = feed.position, feed.history
            cursor = position.head
            yield position, reason
        elif page:
            cursor = page[-1].seq or cursor
            yield page
        else:
            behind = cursor < feed.cursor  # the poll has not yet told that this is pruned
            try:
                async with asyncio.timeout(RETRY if behind else keepalive):
                    await feed.news()
            except TimeoutError:
                yield []


def _break(feed: Feed, history: int, cursor: int, page: list[Frame]) -> ResetReason | None:
    """Why ``page`` cannot simply follow ``cursor``, if it cannot."""
    if history != feed.history:
        return feed.began or ResetReason.EPOCH
    if not cursor or cursor >= feed.cursor:  # all that is kept was asked for; or nothing is missing
        return None
    first = page[0].seq or 0 if page else feed.floor + 1
    return ResetReason.PRUNED if first > cursor + 1 else None


def _whole(asked: dict[str, str], name: str, default: int, most: int, least: int = 0) -> int:
    text = asked.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise BadField(f"'{name}' is a whole number from {least} to {most}.", field=name)
    return int(text)
