"""One WebSocket that is kept open: it comes back, with jitter, for as long as that can help.

It knows nothing of streams.  What it hears goes to its :class:`Listener`, and close codes are obeyed as
docs/protocol.md says.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import websockets
from websockets.asyncio.client import ClientConnection

from . import frames
from .backoff import Backoff
from .codes import MEANING, Advice, advice
from .credential import Credential
from .errors import (
    Closed,
    GatheringError,
    NotAuthenticated,
    NotGathering,
    Refused,
    TokenExpired,
    Unreachable,
    refusal,
)
from .frames import Event
from .handshake import hang_up, shake_hands
from .timing import State, Timing

logger = logging.getLogger("gathering_client")

TOO_LARGE = 1009
BREATH = 64  # frames after which the readers get their turn, however many more have come


class Listener(Protocol):
    """Who is told what happens on a connection, in order."""

    async def opened(self) -> None:
        """The server knows us."""

    async def heard(self, event: Event) -> None:
        """A frame came."""

    def lost(self) -> None:
        """The connection broke; it will come back by itself."""

    def too_large(self, error: Refused) -> bool:
        """The server closed since a frame was too large; whether that was a frame of ours that is known."""

    def ended(self, error: GatheringError) -> None:
        """It will not come back by itself."""


class Connection:
    """Keeps a WebSocket to ``url`` open from the first :meth:`live` on, until it is closed or refused."""

    def __init__(
        self,
        url: str,
        credential: Credential,
        listener: Listener,
        *,
        timing: Timing,
        backoff: Backoff,
        on_state: Callable[[State], None] | None,
        options: Mapping[str, Any],
    ) -> None:
        self.url, self.timing, self.state = url, timing, State.ENDED
        self.problem: GatheringError | None = None  # of the last try, for whoever gives up waiting
        self._credential, self._listener, self._options = credential, listener, options
        self._backoff, self._on_state = backoff, on_state
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._live: asyncio.Future[None] | None = None
        self._left = asyncio.Event()
        self._closed = self._was_open = False
        self._heard_at = 0.0
        self._farewell: Refused | None = None  # the error frame that came before a close

    async def live(self) -> None:
        """Wait until the server can be spoken to.

        Raises what ended the connection, if something did while this waited; asked again, it tries again.
        """
        if self._closed:
            raise Closed("This client was closed.")
        if self._task is None or self._task.done():
            self._live = None
            self._task = asyncio.create_task(self._run())
        await asyncio.shield(self._future())

    async def send(self, frame: Mapping[str, Any]) -> None:
        """Send one frame now; raises :class:`Unreachable` if that cannot be."""
        if self._socket is None:
            raise Unreachable("There is no connection at the moment.")
        try:
            await self._socket.send(frames.dumps(frame))
        except websockets.ConnectionClosed:
            await self._left.wait()  # until all have been told, so that nobody tries again before
            raise Unreachable("The connection broke.") from None

    def suspect(self) -> None:
        """Drop a connection that is open only in name; it comes back by itself."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def close(self) -> None:
        """Close, and stay closed."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._end(Closed("This client was closed."))

    # The loop

    async def _run(self) -> None:
        while True:
            try:
                wait = await self._once()
            except GatheringError as error:
                self._end(error)
                return
            except Exception as error:  # a bug of ours; nobody may wait for ever because of it
                logger.exception("the connection failed")
                self._end(GatheringError(f"The connection failed: {error!r}"))
                return
            self._be(State.WAITING)
            await asyncio.sleep(wait)

    async def _once(self) -> float:
        """One connection, from its handshake to its end; returns the seconds to wait after it.

        Raises what makes a further try useless.
        """
        self._be(State.CONNECTING)
        token = await self._token()
        if token is None:
            return self._backoff.next()
        try:
            socket = await shake_hands(self.url, token, self.timing.answer, self._options)
        except NotGathering as error:
            if not self._was_open:
                raise
            return self._try_again(error)  # a proxy may say anything while a server restarts
        except Unreachable as error:
            return self._try_again(error)
        try:
            code = await self._serve(socket)
            end = self._farewell or refusal({"code": MEANING.get(code, "closed"), "detail": f"Code {code}."})
            known = code == TOO_LARGE and self._listener.too_large(end)
        finally:
            self._leave()
            await hang_up(socket)
        return self._after(code, end, token, stays=known)

    async def _serve(self, socket: ClientConnection) -> int:
        """Take frames until the end; returns the close code."""
        loop = asyncio.get_running_loop()
        self._farewell, self._socket, self._heard_at = None, socket, loop.time()
        self._left.clear()
        watch = asyncio.create_task(self._watch(socket))
        count, began = 0, loop.time()
        try:
            await socket.send(frames.dumps({"type": frames.PING}))
            while True:
                text = await socket.recv()
                self._heard_at = loop.time()
                await self._hear(socket, text)
                count += 1
                if count % BREATH == 0:
                    await asyncio.sleep(0)
        except websockets.ConnectionClosed as end:
            return end.rcvd.code if end.rcvd is not None else 1006
        finally:
            watch.cancel()
            if loop.time() - began > self.timing.steady:
                self._backoff.succeeded()

    async def _hear(self, socket: ClientConnection, text: str | bytes) -> None:
        try:
            event = frames.parse(text)
            if event.type == frames.PING:
                await socket.send(frames.dumps({"type": frames.PONG}))
            if event.type == frames.ERROR and event.get("ref") is None and event.channel is None:
                self._farewell = refusal(event.data)
                logger.info("the server said: %s", self._farewell)
            elif self.state is not State.LIVE:
                await self._open()
            await self._listener.heard(event)
        except (NotGathering, KeyError, TypeError, AttributeError) as error:
            logger.warning("a frame was not as documented (%r): %.200r", error, text)
            self.suspect()

    async def _open(self) -> None:
        self._was_open = True
        self._be(State.LIVE)
        self._future().set_result(None)
        await self._listener.opened()

    async def _watch(self, socket: ClientConnection) -> None:
        """Notice a server that has gone without a word."""
        loop = asyncio.get_running_loop()
        while True:
            silent = loop.time() - self._heard_at
            if silent < self.timing.quiet:
                await asyncio.sleep(self.timing.quiet - silent)
                continue
            asked_at = loop.time()
            with contextlib.suppress(asyncio.TimeoutError, websockets.ConnectionClosed):
                await asyncio.wait_for(socket.send(frames.dumps({"type": frames.PING})), self.timing.answer)
            await asyncio.sleep(self.timing.answer)
            if self._heard_at < asked_at:
                socket.transport.abort()
                return

    def _leave(self) -> None:
        if self.state is State.LIVE:
            self._live = None
        self._socket = None
        self._listener.lost()
        self._left.set()

    def _after(self, code: int, end: Refused, token: str, *, stays: bool) -> float:
        """What a close says to do; ``stays`` if the reason to stay away is known and gone."""
        advised = advice(code)
        if advised is Advice.RENEW or isinstance(end, NotAuthenticated):
            self._credential.forget(token)  # a provider is asked before the next try, whenever that is
        if advised is Advice.RENEW and not self._credential.can_renew:
            raise TokenExpired("token_expired", "The token has expired, and there is no provider of another.")
        if advised is Advice.STAY_AWAY and not stays:
            raise end
        return self._try_again(end, self.timing.longer if advised is Advice.BACK_OFF else 0.0)

    async def _token(self) -> str | None:
        """The present token; None if the provider failed, which may pass."""
        try:
            return await self._credential.get()
        except NotAuthenticated:
            raise
        except Exception as error:
            logger.exception("the provider of tokens failed")
            self.problem = Unreachable(f"The provider of tokens failed: {error!r}")
            return None

    def _try_again(self, problem: GatheringError, at_least: float = 0.0) -> float:
        self.problem = problem
        return self._backoff.next(at_least=at_least)

    def _end(self, error: GatheringError) -> None:
        self.problem = error
        self._be(State.ENDED)
        future = self._future()
        if not future.done():
            future.set_exception(error)
            future.exception()  # it is no news to whoever does not wait
        self._listener.ended(error)

    def _be(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            try:
                if self._on_state is not None:
                    self._on_state(state)
            except Exception:
                logger.exception("on_state failed at '%s'", state.value)

    def _future(self) -> asyncio.Future[None]:
        if self._live is None:
            self._live = asyncio.get_running_loop().create_future()
        return self._live
