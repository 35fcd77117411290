"""WebSocket close codes, and what a client does about each.

1000-1015 are those of RFC 6455, section 7.4.1 (1012 is from the IANA registry); 4000-4999 are ours
to define, and the last two digits follow HTTP where HTTP has a word for it.
"""

from __future__ import annotations

from enum import StrEnum

DONE = 1000
GOING_AWAY = 1001
TOO_LARGE = 1009
RESTARTING = 1012
NOT_AUTHENTICATED = 4001
ACCESS_WITHDRAWN = 4003
NO_SUCH_CHANNEL = 4004
TOO_SLOW = 4008
TOKEN_EXPIRED = 4010
TOO_MANY = 4029


class Advice(StrEnum):
    """What a client does after a close."""

    RESUME = "resume"  # come back with jitter and resume from the cursor
    RENEW = "renew"  # get a new credential, then come back
    BACK_OFF = "back_off"  # come back, but wait longer than usual
    STAY_AWAY = "stay_away"  # trying again with the same request cannot help


ADVICE: dict[int, Advice] = {
    DONE: Advice.RESUME,
    GOING_AWAY: Advice.RESUME,
    TOO_LARGE: Advice.STAY_AWAY,
    RESTARTING: Advice.RESUME,
    NOT_AUTHENTICATED: Advice.STAY_AWAY,
    ACCESS_WITHDRAWN: Advice.STAY_AWAY,
    NO_SUCH_CHANNEL: Advice.STAY_AWAY,
    TOO_SLOW: Advice.RESUME,
    TOKEN_EXPIRED: Advice.RENEW,
    TOO_MANY: Advice.BACK_OFF,
}


def advice(code: int) -> Advice:
    """What to do after a close with ``code``; any code not listed (1006, say) means resume."""
    return ADVICE.get(code, Advice.RESUME)
