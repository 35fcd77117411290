"""Daphne as the hub wants it: close codes that arrive, clients that read, and an end in order."""

from __future__ import annotations

import asyncio
from typing import Any

from daphne.server import Server, reactor
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings
from twisted.internet.defer import Deferred

from gathering.protocol import codes, frames
from gathering.protocol.errors import FrameTooLarge

from . import process

# Autobahn applies the limit of a message to what is sent, too, and an event repeats what it tells of.  What
# comes in fragments beyond a frame's limit is measured once it is whole.
MAX_MESSAGE = 4 * 1024 * 1024
# What may wait to be written, in units of GATHERING_MAX_UNREAD: a character is up to four bytes, and answers
# may take as much again.
MOST_UNSENT = 8


class PoliteProtocol(WebSocketProtocol):
    """Daphne's protocol; over a frame that is too large it says why, and closes with 1009.

    It hangs up on who does not read and says it does: a ``pong`` is believed only so far.
    """

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:
        super().serverSend(content, binary)
        most = MOST_UNSENT * settings.GATHERING_MAX_UNREAD
        if most and _unsent(self.transport) > most:
            self.transport.abortConnection()

    def serverClose(self, code: int | None = None) -> None:
        """Close with any code of ours; Autobahn's ``sendClose`` refuses an application 1001 and 1012."""
        if code in (codes.GOING_AWAY, codes.TOO_LARGE, codes.RESTARTING):
            self.sendCloseFrame(code=code)
        else:
            super().serverClose(code)

    def _max_message_size_exceeded(self, msg_size: int, max_msg_size: int, reason: str) -> None:
        self.sendMessage(frames.error(FrameTooLarge()).encode())
        super()._max_message_size_exceeded(msg_size, max_msg_size, reason)


def civilise() -> None:
    """Make every Daphne of this process polite, whoever starts it: ``serve``, or ``daphne`` by itself."""
    WebSocketFactory.protocol = PoliteProtocol
    # Daphne's own trigger cancels its applications, unless it stumbles over a connection that is less than a
    # second old and has none.
    reactor.addSystemEventTrigger("before", "shutdown", _drain)


def make_server(application: Any, endpoints: list[str], max_frame: int) -> Any:
    """A Daphne server, to be ``run``."""

    def be_polite() -> None:
        # Dropped, the client would see 1006.  Each call sets allowNullOrigin; origins are the door's.
        server.ws_factory.setProtocolOptions(failByDrop=False, allowNullOrigin=True)

    server = Server(
        application=application,
        endpoints=endpoints,
        websocket_timeout=-1,
        ping_interval=0,  # the heartbeat is ours, and carries the head
        websocket_max_message_size=MAX_MESSAGE,
        websocket_max_frame_size=max_frame,
        ready_callable=be_polite,
        server_name="gathering",
    )
    return server


def _unsent(transport: Any) -> int:
    """Bytes that the kernel has not taken yet: Twisted counts them, and has no public name for it."""
    return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)


def _drain() -> Any:
    return Deferred.fromFuture(asyncio.ensure_future(process.current().drain()))
