"""How a connection stands, and how patient it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(str, Enum):
    """How a client stands with its server."""

    CONNECTING = "connecting"
    LIVE = "live"
    WAITING = "waiting"  # before the next try
    ENDED = "ended"  # refused for good, or closed


@dataclass(frozen=True)
class Timing:
    """Seconds: ``quiet`` without a frame, and the server is asked whether it is there; ``answer`` is the
    patience for what answers that, a handshake or a post; ``longer`` is waited on top of the backoff
    when the server says that there are too many; a connection is ``steady`` that lasted so long."""

    quiet: float = 20.0
    answer: float = 10.0
    longer: float = 5.0
    steady: float = 10.0
