"""WebSocket close codes, and what this client does about each (docs/protocol.md, "Close codes")."""

from __future__ import annotations

from enum import Enum


class Advice(str, Enum):
    """What a client does after a close."""

    RESUME = "resume"  # come back with jitter and resume from the cursor
    RENEW = "renew"  # get a new credential, then come back
    BACK_OFF = "back_off"  # come back, but wait longer than usual
    STAY_AWAY = "stay_away"  # trying again with the same request cannot help


ADVICE: dict[int, Advice] = {
    1009: Advice.STAY_AWAY,
    4001: Advice.STAY_AWAY,
    4003: Advice.STAY_AWAY,
    4004: Advice.STAY_AWAY,
    4010: Advice.RENEW,
    4029: Advice.BACK_OFF,
}

# What a close says where the server had no time for an error frame.
MEANING: dict[int, str] = {
    1009: "frame_too_large",
    4001: "not_authenticated",
    4003: "access_withdrawn",
    4004: "not_found",
    4010: "token_expired",
    4029: "rate_limited",
}


def advice(code: int) -> Advice:
    """What to do after a close with ``code``; any code not listed (1006, say) means resume."""
    return ADVICE.get(code, Advice.RESUME)
