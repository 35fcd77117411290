"""One HTTP request that may wait for minutes: for events of a stream, or of something told on a stream.

An ASGI application beside Django's views, not one of them: a synchronous middleware would hold a thread
for each that waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.conf import settings

from gathering.protocol import frames
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

from . import kinds, process
from .socket import Identity

logger = logging.getLogger(__name__)
T = TypeVar("T")

KEEPALIVE = 15  # seconds between comments on a silent stream of Server-Sent Events
JSON = b"application/json"
SSE = b"text/event-stream"


class WaitingFace:
    """A request about the stream ``channel``; a subclass says what is answered (:meth:`respond`).

    To the process it is a socket while it waits: it hears of rights that go, and of the server's end.
    """

    methods: ClassVar = ("GET", "HEAD")

    def __init__(self, scope: Any, receive: Any, send: Any, channel: str) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._process = process.current()
        self._channel = channel
        self._started = False
        self._end: GatheringError | None = None
        self._check: asyncio.Task[None] | None = None
        self.actor_id: int | None = None

    # For subclasses

    async def respond(self) -> None:
        """Answer; a GatheringError that it raises becomes the answer, or the end of one that has begun."""
        raise NotImplementedError

    def find(self) -> Any:
        """In the database thread, and again whenever a right may have gone: what the request is about, as
        its user may see it; raises NotFound."""
        return kinds.find(self._identity.user, self._channel)

    async def say_end(self, error: GatheringError) -> None:
        """A stream of events that has begun must end for ``error``: say so."""
        await self._sse("error", frames.error(error, channel=self._channel), None)

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
            if self._scope["method"] not in self.methods:
                raise BadField(f"Only {self.methods[0]} is taken here.")
            self._refuse_nobody()
            await self.respond()
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

    async def _admit(self, look: Callable[[], T], *, waits: bool) -> T:
        """In one hop: who asks, may it see what this is about, and what ``look`` finds of that."""

        def find() -> T:
            self._identity: Identity = self._scope["authenticate"](self._scope["credential"])
            self.find()
            return look()

        await self._process.started()
        heard = self._process.access_cursor
        found = await self._process.database.read(find)
        if waits:
            self._enter()
            if heard != self._process.access_cursor:  # a right went while we asked
                self.check_access(kick=False)
        return found

    def _enter(self) -> None:
        if self._process.draining:
            raise Unavailable("The server is restarting.")
        self._process.enter(self)
        count = self._process.identify(self, self._identity.user.pk)
        if settings.GATHERING_MAX_SOCKETS and count > settings.GATHERING_MAX_SOCKETS:
            raise TooManySockets

    def _look_again(self) -> None:
        """In the database thread: raises what ends the right to what this is about, if anything has."""
        self._identity = self._scope["recheck"](self._identity)
        self.find()

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

    async def _start_sse(self) -> None:
        await self._start(200, SSE)
        await self._send_more(b": here\n\n")  # Daphne sends no header before there is a body

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
                await self.say_end(error)
                await self._send({"type": "http.response.body", "body": b""})
            return
        extra = [(b"www-authenticate", b"Bearer")] if error.status == TokenExpired.status else []
        await self._start(error.status, JSON, *extra)
        data = {"code": error.code, "detail": error.detail, "retryable": error.retryable}
        fields = {"fields": {error.field: [error.detail]}} if error.field else {}
        await self._body(frames.dumps({**data, **fields}))

    def _header(self, name: bytes) -> str | None:
        for key, value in self._scope["headers"]:
            if key.lower() == name:
                return str(value.decode("latin-1"))
        return None
