"""Daphne as the hub wants it: a client that sends too much is told so before it is cut off."""

from __future__ import annotations

from typing import Any

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol

from gathering.protocol import frames
from gathering.protocol.errors import FrameTooLarge


class PoliteProtocol(WebSocketProtocol):
    """Daphne's protocol; over a frame that is too large it says why, and closes with 1009."""

    def _max_message_size_exceeded(self, msg_size: int, max_msg_size: int, reason: str) -> None:
        self.sendMessage(frames.error(FrameTooLarge()).encode())
        super()._max_message_size_exceeded(msg_size, max_msg_size, reason)


def make_server(application: Any, endpoints: list[str], max_frame: int) -> Any:
    """A Daphne server, to be ``run``."""

    def be_polite() -> None:
        server.ws_factory.protocol = PoliteProtocol
        server.ws_factory.setProtocolOptions(failByDrop=False)  # or the client sees 1006

    server = Server(
        application=application,
        endpoints=endpoints,
        websocket_timeout=-1,
        ping_interval=0,  # the heartbeat is ours, and carries the head
        websocket_max_message_size=max_frame,
        websocket_max_frame_size=max_frame,
        ready_callable=be_polite,
        server_name="gathering",
    )
    return server
