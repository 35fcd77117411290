"""Uvicorn as the hub wants it: sockets that take prebuilt frames, and an end in order.

A worker imports this before Django is set up, so nothing here imports a model when it is loaded.
"""

from __future__ import annotations

import asyncio
import gc
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.supervisors import multiprocess

from gathering.protocol import codes, frames
from gathering.protocol.errors import FrameTooLarge

from .fastwriter import EXTENSION
from .frame import websocket_frame

LINGER = 2.0  # seconds that a client has to send the rest of what we will not take
SILENCE = 0.2  # and after so much silence it has


class FastProtocol(WebSocketsSansIOProtocol):
    """A WebSocket protocol that also takes frames which are bytes already.

    It is in the scope as ``extensions["gathering.write"]``; all else is uvicorn's.  An ASGI ``send`` is a
    coroutine that awaits, checks, builds a frame and joins its parts: most of the 16 us of a delivery.
    """

    transport: Any
    writable: asyncio.Event
    scope: Any
    flowing = False
    _close_sent = False
    _hanging_up: asyncio.TimerHandle | None = None
    _hang_up_by = 0.0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.flowing = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.flowing = False
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        self.flowing = False
        super().pause_writing()

    def resume_writing(self) -> None:
        self.flowing = not (self._close_sent or self.transport.is_closing())
        super().resume_writing()

    @property
    def close_sent(self) -> bool:
        return self._close_sent

    @close_sent.setter
    def close_sent(self, sent: bool) -> None:
        self._close_sent = sent
        if sent:
            self.flowing = False

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if not self.handshake_complete:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    @property
    def paused(self) -> bool:
        """Whether the transport holds more than its high-water mark (64 KiB): the client does not read."""
        return not self.writable.is_set()

    def write_wire(self, wire: bytes) -> None:
        """Write whole WebSocket frames; silently nothing once the socket is closing."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(wire)

    async def wait_writable(self) -> None:
        """Wait until the transport has drained (or is lost)."""
        await self.writable.wait()

    def abort(self) -> None:
        """End the connection now, with whatever waits in it."""
        self.transport.abort()

    def handle_parser_exception(self) -> None:
        """Close, but go on reading for a moment, and discard.

        Uvicorn hangs up at once.  Where the kernel holds unread bytes, and of a frame that is too large
        it does, that is a TCP reset, which destroys the close frame on its way: the client sees 1006.
        """
        if not self.close_sent:
            self._say_goodbye()
            self._hang_up_by = self.loop.time() + LINGER
        if self._hanging_up is not None:
            self._hanging_up.cancel()
        silence = min(self.loop.time() + SILENCE, self._hang_up_by)
        self._hanging_up = self.loop.call_at(silence, self.transport.close)

    def _say_goodbye(self) -> None:
        close = self.conn.close_sent
        code, reason = (close.code, close.reason) if close is not None else (1006, "")
        if code == codes.TOO_LARGE:
            self.write_wire(websocket_frame(frames.error(FrameTooLarge())))
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})


class DrainingServer(uvicorn.Server):
    """A uvicorn server that closes its sockets with 1012 in batches before it stops.

    Uvicorn would close all of them in one moment, and all clients would come back in one.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What was loaded stays: looking through it for garbage again and again is the longest pause there is.
        gc.collect()
        gc.freeze()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        from . import process

        for server in self.servers:
            server.close()
        await process.current().drain()
        await super().shutdown(sockets)


class DrainingProcess(multiprocess.Process):
    """One of several workers: uvicorn's, with a server that drains."""

    @property
    def server(self) -> uvicorn.Server:
        if self._server is None:
            self._server = DrainingServer(config=self.config)
        return self._server


def run(config: uvicorn.Config) -> bool:
    """Serve until told to stop, with ``config.workers`` processes; False if it could not start."""
    if config.workers > 1:
        multiprocess.Process = DrainingProcess  # type: ignore[misc]  # the supervisor makes no other
        multiprocess.Multiprocess(config, sockets=[config.bind_socket()]).run()
        return True
    server = DrainingServer(config)
    server.run()
    return server.started
