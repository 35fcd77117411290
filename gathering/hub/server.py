"""Uvicorn as the hub wants it: sockets that take prebuilt frames, and an end in order."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from . import process
from .fastwriter import EXTENSION


class FastProtocol(WebSocketsSansIOProtocol):
    """A WebSocket protocol that also takes frames which are bytes already.

    It is in the scope as ``extensions["gathering.write"]``; all else is uvicorn's.  An ASGI ``send`` is a
    coroutine that awaits, checks, builds a frame and joins its parts: most of the 16 us of a delivery.
    """

    transport: Any
    writable: asyncio.Event
    scope: Any

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


class DrainingServer(uvicorn.Server):
    """A uvicorn server that closes its sockets with 1012 in batches before it stops.

    Uvicorn would close all of them in one moment, and all clients would come back in one.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await process.current().drain()
        await super().shutdown(sockets)
