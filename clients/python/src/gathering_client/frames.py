"""Frames of a server as events, and frames to it as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .cursor import Snapshot
from .errors import NotGathering

PING = "ping"
PONG = "pong"
WELCOME = "welcome"
RESET = "reset"
ACK = "ack"
ERROR = "error"
CONTROL = frozenset((PING, PONG, ACK, ERROR))

_NAMED = frozenset(("type", "data", "timestamp", "channel", "seq"))


@dataclass(frozen=True)
class Event:
    """One frame of the server.

    ``seq`` is its place in the log of ``channel``, and None for what is ephemeral; ``timestamp`` is when
    it was recorded (ISO 8601, UTC).  ``beside`` holds the members of the envelope that this version does
    not name.  ``snapshot`` is there in a ``reset`` only: what to go on from.
    """

    type: str
    data: Any = None
    channel: str | None = None
    seq: int | None = None
    timestamp: str | None = None
    beside: Mapping[str, Any] = field(default_factory=dict)
    snapshot: Snapshot | None = None

    def get(self, name: str, default: Any = None) -> Any:
        """The member ``name`` of ``data``; ``default`` if it has none, or is no object."""
        return self.data.get(name, default) if isinstance(self.data, dict) else default


def parse(text: str | bytes) -> Event:
    """The event in one message of the socket.

    A type or a member that this version does not know is no error.  Raises :class:`NotGathering` for
    what no GatheRing server sends: not one JSON object with a ``type``, or an envelope of wrong kinds.
    """
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise NotGathering("What came is not JSON.") from None
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise NotGathering("What came is no object with a 'type'.")
    seq, channel, timestamp = body.get("seq"), body.get("channel"), body.get("timestamp")
    if not (_whole(seq) and _text(channel) and _text(timestamp)):
        raise NotGathering("What came has a 'seq' that is no number, or a 'channel' that is no text.")
    beside = {name: value for name, value in body.items() if name not in _NAMED}
    return Event(body["type"], body.get("data"), channel, seq, timestamp, beside)


def dumps(frame: Mapping[str, Any]) -> str:
    """``frame`` as the text of one message.  Raises TypeError or ValueError for what JSON cannot hold."""
    return json.dumps(frame, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _whole(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _text(value: object) -> bool:
    return value is None or isinstance(value, str)
