"""The life of one WebSocket: accepted, known, heard, kept alive, closed.

What it follows and what its frames do is the business of ``consumers.py``.  Nothing that a client sends
raises past this module: a frame is answered, and only abuse closes the socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol
from urllib.parse import parse_qs

from channels.consumer import AsyncConsumer
from django.conf import settings
from django.core.exceptions import ValidationError

from gathering.protocol import codes, frames
from gathering.protocol.errors import (
    AuthTimeout,
    BadField,
    BadFrame,
    FrameTooLarge,
    GatheringError,
    InternalError,
    NotAuthenticated,
    RateLimited,
    TooManySockets,
    Unavailable,
)
from gathering.protocol.frames import Command

from . import process
from .arrivals import Arrival, Found, Wish
from .fastwriter import EXTENSION, FastWriter
from .pace import Pace, Verdict
from .process import Process
from .writer import PortableWriter, Send, Writer

logger = logging.getLogger(__name__)

CLOSE_TIMEOUT = 2.0  # seconds that a client has to take the last frames and the close


class Identity(Protocol):
    """Who a client is, as the door says: a user, and when that ends (an aware datetime, or None)."""

    @property
    def user(self) -> Any: ...

    @property
    def expires_at(self) -> Any: ...


class SocketConsumer(AsyncConsumer):
    """One WebSocket.  Subclasses say what is joined (:meth:`join`) and what a frame does (:meth:`act`).

    The door must have put into the scope: ``credential`` (None if the client brought none),
    ``authenticate(credential or text) -> Identity``, ``authenticate_all`` of many, which returns an
    identity or an error for each, ``recheck(identity) -> Identity``,
    ``origin_error`` and ``subprotocol``.
    """

    def __init__(self) -> None:
        self.identity: Identity | None = None
        self.actor_id: int | None = None
        self.wants_welcome = False
        self._accepted = False
        self._pace = Pace(settings.GATHERING_FRAME_RATE, settings.GATHERING_FRAME_BURST)
        self._quick_pace = Pace(settings.GATHERING_DELTA_RATE, settings.GATHERING_DELTA_BURST)
        self._heard_at = self._pinged_at = self._opened_at = time.monotonic()
        self._task: asyncio.Task[Any] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._check: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket to its end.

        Not Channels' own dispatch: that gives each consumer a place on the layer and hops to a thread
        for each message, and a feed needs neither (95 against 196 us for each delivery).
        """
        self.scope = scope
        self._task = asyncio.current_task()
        self.process: Process = process.current()
        self.writer = self._writer(send)
        await receive()
        try:
            arrive = await self._look_who_comes()
            await send({"type": "websocket.accept", "subprotocol": scope["subprotocol"]})
            self._accepted = True
            self.process.enter(self)
            (self._turn_away if self.process.draining else arrive)()
            await self._live(receive)
        except asyncio.CancelledError:
            # The server is ending (Daphne cancels its applications and waits for them), or the client
            # did not answer our close.
            await self.shut(codes.RESTARTING)
            await self._goodbye(receive)
        finally:
            self.gone()

    # For subclasses

    def wish(self) -> Wish | None:
        """What it came for, to be looked at in the same hop to the database as who it is."""
        return None

    async def join(self, wish: Wish | None, found: Found) -> Callable[[], None]:
        """The client is known (``identity``), and what it came for was looked at.

        Returns what lets it follow that, from the moment of the look; it may not be accepted yet.
        """
        return _nothing

    async def act(self, command: Command) -> None:
        """Do what a frame asks; raise a GatheringError to refuse it."""
        raise NotImplementedError

    def comes_often(self, command: Command) -> bool:
        """Whether a frame is one of those that come in quick succession."""
        return False

    async def settled(self) -> None:
        """Wait until all that was asked before has been answered."""

    async def check_rights(self) -> None:
        """Look again whether all that is followed still may be."""

    def follows(self, channel: str) -> bool:
        return False

    def ping_data(self) -> dict[str, object]:
        """What the heartbeat says of the streams that are followed."""
        return {}

    def left(self) -> None:
        """The socket has gone."""

    # Sending

    def say(self, text: str) -> None:
        """Send a control frame."""
        self.writer.control(text)

    def refuse(self, error: GatheringError, ref: str | None = None, channel: str | None = None) -> None:
        """Send an ``error``; the socket stays."""
        self.say(frames.error(error, ref, channel))

    def close_for(self, error: GatheringError, code: int | None = None) -> None:
        """Send an ``error`` and close."""
        if self._closing is None:
            self.refuse(error)
            self.close(error.close if code is None else code)

    def fail(self, error: BaseException, ref: str | None) -> None:
        """Say what came of a frame that could not be obeyed."""
        if isinstance(error, FrameTooLarge):
            self.close_for(error)
        elif isinstance(error, GatheringError):
            self.refuse(error, ref)
        elif isinstance(error, ValidationError):
            self.refuse(BadField(" ".join(error.messages)), ref)
        else:
            self.refuse(self._unexpected(error), ref)

    def close(self, code: int) -> None:
        """Close, once what is queued has gone out."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._end(code))

    async def shut(self, code: int) -> None:
        self.close(code)
        if self._closing is not None:
            await asyncio.wait([self._closing])

    def ping_text(self) -> str:
        return frames.control(frames.PING, self.ping_data(), self.ping_channel())

    def ping_channel(self) -> str | None:
        """The channel that a ping names."""
        return None

    # The process's view

    def tick(self, now: float) -> None:
        """Heartbeat, silence and deadlines."""
        if self._closing is not None:
            return
        beat, stall = settings.GATHERING_HEARTBEAT, settings.GATHERING_STALL_TIMEOUT
        stalled = self.writer.stalled_since
        if self.identity is None:
            if settings.GATHERING_AUTH_TIMEOUT and now - self._opened_at > settings.GATHERING_AUTH_TIMEOUT:
                self.close_for(AuthTimeout())
        elif self.identity.expires_at is not None and self.identity.expires_at.timestamp() <= time.time():
            self.check_access(kick=False)  # use may have prolonged it: only looking again can tell
        elif (beat and now - self._heard_at > 2 * beat) or (stall and stalled and now - stalled > stall):
            self.close(codes.TOO_SLOW)
        elif beat and now - self._pinged_at >= beat:
            self._pinged_at = now
            self.writer.ping()

    def check_access(self, *, kick: bool) -> None:
        if not self._accepted:  # it will look again when it begins
            return
        if kick:
            self.close(codes.GOING_AWAY)
        elif self.identity is not None and (self._check is None or self._check.done()):
            self._check = asyncio.create_task(self._check_again())

    # Inside

    def _writer(self, send: Send) -> Writer:
        wire = (self.scope.get("extensions") or {}).get(EXTENSION)
        if wire is not None:
            return FastWriter(wire, send, self.ping_text)
        return PortableWriter(send, settings.GATHERING_MAX_UNREAD, self.ping_text)

    async def _live(self, receive: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            if self._closing is None:
                self._heard_at = time.monotonic()
                await self._hear(message.get("text"))

    async def _look_who_comes(self) -> Callable[[], None]:
        """Do all that takes time before the socket is accepted; returns what is left to do then.

        So whoever is connected is told all that is said from then on, as the document's own test has it.
        """
        if self.process.draining:
            return self._turn_away
        if self.scope["origin_error"] is not None:
            return partial(self.close_for, self.scope["origin_error"])
        if self.scope["credential"] is not None:
            return await self._enter(self.scope["credential"])
        return _nothing

    async def _enter(self, credential: Any) -> Callable[[], None]:
        """Find out who it is; returns what lets it in, or closes."""
        try:
            await self.process.started()
            heard = self.process.access_cursor
            wish, door = self.wish(), self.scope["authenticate_all"]
            found = await self.process.arrivals.put(Arrival(wish, credential=credential, authenticate=door))
            self._admit(found.identity)
            return partial(self._begin, await self.join(wish, found), heard)
        except GatheringError as error:
            return partial(self.close_for, error)
        except Exception as error:
            return partial(self.close_for, self._unexpected(error))

    def _turn_away(self) -> None:
        self.close_for(Unavailable("The server is restarting."))

    def _begin(self, follow: Callable[[], None], heard: int) -> None:
        follow()
        if heard != self.process.access_cursor:  # a right went while we asked
            self.check_access(kick=False)

    def _admit(self, identity: Identity) -> None:
        self.identity = identity
        self.scope["user"] = identity.user
        count = self.process.identify(self, identity.user.pk)
        if settings.GATHERING_MAX_SOCKETS and count > settings.GATHERING_MAX_SOCKETS:
            raise TooManySockets

    async def _hear(self, text: str | None) -> None:
        ref = None
        try:
            if text is None:
                raise BadFrame("Frames are text, not bytes.")
            command = frames.parse(text, max_frame=settings.GATHERING_MAX_FRAME)
            ref = command.ref
            if self._in_time(command):
                await self._obey(command)
        except Exception as error:
            if isinstance(error, GatheringError) and ref is None:
                ref = frames.reference(text or "")
            self.fail(error, ref)

    def _in_time(self, command: Command) -> bool:
        """Whether the frame is within the client's pace; an expected ``pong`` always is."""
        if command.type == frames.PONG and self.writer.awaits_pong:
            return True
        verdict = (self._quick_pace if self.comes_often(command) else self._pace).admit()
        if verdict is Verdict.ABUSE:
            self.close_for(RateLimited())
        elif verdict is Verdict.TOO_FAST:
            raise RateLimited
        return verdict is Verdict.FINE

    async def _obey(self, command: Command) -> None:
        if self.identity is None:
            await self._first(command)
        elif command.type == frames.PING:
            await self.settled()
            self.say(frames.pong(self.ping_channel()))
        elif command.type == frames.PONG:
            self.writer.pong()
        elif command.type == frames.AUTH:
            raise BadFrame("You are authenticated already; 'refresh' brings a new token.")
        elif command.type == frames.REFRESH:
            await self.settled()
            await self._refresh(command)
        else:
            await self.act(command)

    async def _first(self, command: Command) -> None:
        token = command.fields.get("token")
        if command.type != frames.AUTH or not isinstance(token, str):
            self.close_for(NotAuthenticated("The first frame must be 'auth', with a 'token'."))
        else:
            self.wants_welcome = True
            (await self._enter(token))()

    async def _refresh(self, command: Command) -> None:
        identity = await self.process.database.read(self.scope["authenticate"], _token(command))
        if identity.user.pk != self.actor_id:
            raise NotAuthenticated("The new token is somebody else's.")
        self.identity = identity
        if command.ref is not None:
            self.say(frames.ack(command.ref, None))

    async def _check_again(self) -> None:
        try:
            self.identity = await self.process.database.read(self.scope["recheck"], self.identity)
            await self.check_rights()
        except GatheringError as error:
            self.close_for(error)
        except Exception as error:
            self.close_for(self._unexpected(error))

    async def _goodbye(self, receive: Any) -> None:
        """Wait for the client's answer to the close: Daphne drops what it has not yet written."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                while (await receive())["type"] != "websocket.disconnect":
                    pass

    async def _end(self, code: int) -> None:
        """Close, and if the client does not answer that, go without it."""
        await self.writer.close(code, CLOSE_TIMEOUT)
        if self._task is not None:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(CLOSE_TIMEOUT, self._task.cancel)

    def _unexpected(self, error: BaseException) -> InternalError:
        logger.error("a frame failed", exc_info=error)
        return InternalError()

    def gone(self) -> None:
        self.process.leave(self)
        self.left()
        self.writer.abandon()
        for pending in (self._check, self._patience):
            if pending is not None:
                pending.cancel()


def _nothing() -> None:
    """Nothing is left to do."""


def _token(command: Command) -> str:
    token = command.fields.get("token")
    if not isinstance(token, str):
        raise NotAuthenticated("'token' is a text.")
    return token


def query(scope: Any) -> dict[str, str]:
    """The query of a request; of a name that stands there twice, the first."""
    pairs = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    return {name: values[0] for name, values in pairs.items()}
