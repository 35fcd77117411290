"""The log over HTTP: ``GET /api/streams/<name>/events``.

JSON pages; with ``wait`` a long poll; with ``Accept: text/event-stream`` Server-Sent Events whose ``id``
is the ``seq``.  An ASGI application beside Django's views, not one of them: it may wait for minutes, and
a synchronous middleware would hold a thread for each that does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from gathering.protocol import frames
from gathering.protocol.cursor import Position, ResetReason, Since, parse_since, why_refused
from gathering.protocol.errors import (
    AccessWithdrawn,
    BadField,
    GatheringError,
    InternalError,
    NotAuthenticated,
    NotFound,
    TokenExpired,
    TooManySockets,
    Unavailable,
)

from . import kinds, log, process
from .feed import Feed
from .frame import Frame
from .socket import Identity, query

logger = logging.getLogger(__name__)

MAX_LIMIT = 1000
MAX_WAIT = 25  # seconds: under the 30 after which many proxies give up
RETRY = 0.5  # seconds until one who is behind what was pruned looks again how far that was
KEEPALIVE = 15  # seconds between comments on a silent SSE stream
JSON = b"application/json"
SSE = b"text/event-stream"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks: events after ``since``, at most ``limit``, waiting up to ``wait`` seconds."""

    since: Since | None
    limit: int
    wait: float


class EventsFace:
    """One GET of a stream's events, in one of the three forms.

    To the process it is a socket while it waits: it hears of rights that go, and of the server's end.
    """

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._process = process.current()
        self._channel: str = scope["url_route"]["kwargs"]["name"]
        self._started = False
        self._end: GatheringError | None = None
        self._check: asyncio.Task[None] | None = None
        self.actor_id: int | None = None

    async def answer(self) -> None:
        """Answer the request, whatever it is."""
        gone = asyncio.create_task(self._gone())
        self._work = asyncio.create_task(self._answer())
        try:
            await asyncio.wait({gone, self._work}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._process.leave(self)
            tasks = [task for task in (gone, self._work, self._check) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # The process's view

    def tick(self, now: float) -> None:
        """Look again whether a credential that ends by itself has ended."""
        ends = self._identity.expires_at
        if ends is not None and ends.timestamp() <= time.time():
            self.check_access(kick=False)

    def check_access(self, *, kick: bool) -> None:
        """A right may have gone: look again (a kick is for sockets, and no reason to end)."""
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(self._check_again())

    def follows(self, channel: str) -> bool:
        """Whether it is about ``channel``."""
        return channel == self._channel

    async def shut(self, code: int) -> None:
        """End, and say that the server does."""
        self._end_for(Unavailable("The server is restarting."))
        await asyncio.wait([self._work])

    # Inside

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _answer(self) -> None:
        try:
            if self._scope["method"] not in ("GET", "HEAD"):
                raise BadField("Only GET is taken here.")
            self._refuse_nobody()
            asked = self._asked()
            position = await self._admit(waits=self._wants_sse() or asked.wait > 0)
            feed = await self._process.feed(self._channel, position)
            await (self._stream if self._wants_sse() else self._page)(feed, position, asked)
        except GatheringError as error:
            await self._fail(error)
        except asyncio.CancelledError:
            if self._end is None:  # the client has gone
                raise
            await self._fail(self._end)
        except Exception:
            logger.exception("a request for events failed")
            await self._fail(InternalError())

    def _refuse_nobody(self) -> None:
        if self._scope["origin_error"] is not None:
            raise self._scope["origin_error"]
        if self._scope["credential"] is None:
            raise NotAuthenticated

    async def _admit(self, *, waits: bool) -> Position:
        """In one hop: who asks, may it see the stream, and where does that stand."""
        await self._process.started()
        heard = self._process.access_cursor
        position = await self._process.database.read(self._look)
        if waits:
            self._enter()
            if heard != self._process.access_cursor:  # a right went while we asked
                self.check_access(kick=False)
        return position

    def _look(self) -> Position:
        self._identity: Identity = self._scope["authenticate"](self._scope["credential"])
        kinds.find(self._identity.user, self._channel)
        return log.position(self._channel)

    def _enter(self) -> None:
        if self._process.draining:
            raise Unavailable("The server is restarting.")
        self._process.enter(self)
        count = self._process.identify(self, self._identity.user.pk)
        if settings.GATHERING_MAX_SOCKETS and count > settings.GATHERING_MAX_SOCKETS:
            raise TooManySockets

    def _look_again(self) -> None:
        """In the database thread: raises what ends the right to the stream, if anything has."""
        self._identity = self._scope["recheck"](self._identity)
        kinds.find(self._identity.user, self._channel)

    async def _check_again(self) -> None:
        try:
            await self._process.database.read(self._look_again)
        except NotFound:
            self._end_for(AccessWithdrawn())
        except GatheringError as error:
            self._end_for(error)

    def _end_for(self, error: GatheringError) -> None:
        if self._end is None:
            self._end = error
            self._work.cancel()

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
        await self._start(200, SSE)
        await self._send_more(b": here\n\n")  # Daphne sends no header before there is a body
        if reason is not None:
            await self._reset(start, reason)
        feed.followers += 1
        try:
            async for item in follow(feed, cursor, history, KEEPALIVE):
                if isinstance(item, tuple):
                    await self._reset(*item)
                else:
                    await self._sse_page(item)
        finally:
            feed.followers -= 1

    async def _reset(self, position: Position, reason: ResetReason) -> None:
        await self._sse("reset", frames.reset(self._channel, position, reason), position.head)

    async def _sse_page(self, page: list[Frame]) -> None:
        if not page:
            await self._send_more(b": still here\n\n")
        for frame in page:
            await self._sse("message", frame.text, frame.seq)

    async def _sse(self, event: str, data: str, seq: int | None) -> None:
        lines = [f"id: {seq}"] if seq is not None else []
        lines += [f"event: {event}"] if event != "message" else []
        await self._send_more("\n".join([*lines, f"data: {data}", "", ""]).encode())

    async def _send_more(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def _start(self, status: int, kind: bytes, *extra: tuple[bytes, bytes]) -> None:
        headers = [(b"content-type", kind), (b"cache-control", b"no-store"), *extra]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        self._started = True

    async def _body(self, text: str) -> None:
        await self._send({"type": "http.response.body", "body": text.encode()})

    async def _fail(self, error: GatheringError) -> None:
        if self._started:  # an SSE stream that must end
            with contextlib.suppress(Exception):
                await self._sse("error", frames.error(error, channel=self._channel), None)
                await self._send({"type": "http.response.body", "body": b""})
            return
        extra = [(b"www-authenticate", b"Bearer")] if error.status == TokenExpired.status else []
        await self._start(error.status, JSON, *extra)
        data = {"code": error.code, "detail": error.detail, "retryable": error.retryable}
        fields = {"fields": {error.field: [error.detail]}} if error.field else {}
        await self._body(frames.dumps({**data, **fields}))

    def _wants_sse(self) -> bool:
        return SSE in (self._header(b"accept") or "").encode()

    def _header(self, name: bytes) -> str | None:
        for key, value in self._scope["headers"]:
            if key.lower() == name:
                return str(value.decode("latin-1"))
        return None


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
