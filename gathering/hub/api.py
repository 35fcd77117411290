"""The log over HTTP: ``GET /api/streams/<name>/events``.

JSON pages; with ``wait`` a long poll; with ``Accept: text/event-stream`` Server-Sent Events whose ``id``
is the ``seq``.  An ASGI application beside Django's views, not one of them: it may wait for minutes, and
a synchronous middleware would hold a thread for each that does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from gathering.protocol import frames
from gathering.protocol.cursor import Position, Since, parse_since, why_refused
from gathering.protocol.errors import (
    BadField,
    GatheringError,
    InternalError,
    NotAuthenticated,
    TokenExpired,
)

from . import kinds, log, process
from .feed import Feed
from .frame import Frame
from .socket import Identity, query

logger = logging.getLogger(__name__)

MAX_LIMIT = 1000
MAX_WAIT = 25  # seconds: under the 30 after which many proxies give up
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
    """One GET of a stream's events, in one of the three forms."""

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._process = process.current()
        self._channel: str = scope["url_route"]["kwargs"]["name"]

    async def answer(self) -> None:
        """Answer the request, whatever it is."""
        gone = asyncio.create_task(self._gone())
        work = asyncio.create_task(self._answer())
        try:
            await asyncio.wait({gone, work}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (gone, work):
                task.cancel()
            await asyncio.gather(gone, work, return_exceptions=True)

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _answer(self) -> None:
        try:
            if self._scope["method"] not in ("GET", "HEAD"):
                raise BadField("Only GET is taken here.")
            identity, position = await self._admit()
            feed = await self._process.feed(self._channel, position)
            if self._wants_sse():
                await self._stream(feed, position, identity)
            else:
                await self._page(feed, position)
        except GatheringError as error:
            await self._fail(error)
        except Exception:
            logger.exception("a request for events failed")
            await self._fail(InternalError())

    async def _admit(self) -> tuple[Identity, Position]:
        """In one hop: who asks, may it see the stream, and where does that stand."""
        scope = self._scope
        if scope["origin_error"] is not None:
            raise scope["origin_error"]
        if scope["credential"] is None:
            raise NotAuthenticated
        await self._process.started()
        return await self._process.database.read(self._look)

    def _look(self) -> tuple[Identity, Position]:
        identity: Identity = self._scope["authenticate"](self._scope["credential"])
        kinds.find(identity.user, self._channel)
        return identity, log.position(self._channel)

    def _asked(self) -> Asked:
        asked = query(self._scope)
        since = parse_since(self._header(b"last-event-id") or asked.get("since"), asked.get("epoch"))
        limit = _whole(asked, "limit", log.PAGE, MAX_LIMIT, least=1)
        return Asked(since, limit, _whole(asked, "wait", 0, MAX_WAIT))

    async def _page(self, feed: Feed, position: Position) -> None:
        """``{"channel", "epoch", "head", "floor", "events", "reset"}``; ``reset`` says why ``since``
        cannot be honoured, and is null if it can."""
        asked = self._asked()
        since = asked.since or Since(0)
        reason = why_refused(since, position)
        page: list[Frame] = []
        if reason is None:
            if asked.wait and since.seq >= position.head:
                await self._wait(feed, since.seq, asked.wait)
            page = await self._process.database.read(log.read, self._channel, since.seq, limit=asked.limit)
        head = max(position.head, feed.known, *(frame.seq or 0 for frame in page[-1:]), 0)
        about = {"channel": self._channel, "epoch": feed.epoch, "head": head, "floor": feed.floor}
        body = frames.dumps({**about, "reset": reason})[:-1]
        events = ",".join(frame.text for frame in page)
        await self._start(200, JSON)
        await self._body(f'{body},"events":[{events}]}}')

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

    async def _stream(self, feed: Feed, position: Position, identity: Identity) -> None:
        """``id``, ``event`` and ``data`` for each event; a ``reset`` event where that is due; a comment
        when nothing happens.  It ends when the right to it ends."""
        asked = self._asked()
        cursor = asked.since.seq if asked.since else feed.cursor
        reason = why_refused(asked.since, position) if asked.since else None
        await self._start(200, SSE)
        if reason is not None:
            cursor = feed.cursor
            await self._sse("reset", frames.reset(self._channel, feed.position, reason), cursor)
        feed.followers += 1
        try:
            async for page in follow(feed, cursor, KEEPALIVE):
                await self._still_allowed(identity)
                await self._sse_page(feed, page)
        finally:
            feed.followers -= 1

    async def _still_allowed(self, identity: Identity) -> None:
        def look() -> None:
            kinds.find(self._scope["recheck"](identity).user, self._channel)

        await self._process.database.read(look)

    async def _sse_page(self, feed: Feed, page: list[Frame]) -> None:
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
        if getattr(self, "_started", False):  # an SSE stream that must end
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


async def follow(feed: Feed, cursor: int, keepalive: float) -> AsyncIterator[list[Frame]]:
    """Pages of ``feed`` after ``cursor``, for ever; an empty one after ``keepalive`` silent seconds.

    It pulls at the reader's own speed, so however slow that is, nothing waits in memory for it.
    """
    while True:
        page = await feed.after(cursor)
        if page:
            cursor = page[-1].seq or cursor
            yield page
            continue
        try:
            async with asyncio.timeout(keepalive):
                await feed.news()
        except TimeoutError:
            yield []


def _whole(asked: dict[str, str], name: str, default: int, most: int, least: int = 0) -> int:
    text = asked.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise BadField(f"'{name}' is a whole number from {least} to {most}.", field=name)
    return int(text)
