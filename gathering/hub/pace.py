"""How fast a client may send: a token bucket."""

from __future__ import annotations

import time
from enum import Enum, auto


class Verdict(Enum):
    """What a frame at this moment is."""

    FINE = auto()
    TOO_FAST = auto()  # refuse it
    ABUSE = auto()  # refused as many as a whole burst, one after another: close


class Pace:
    """``rate`` frames a second with bursts of ``burst``; a rate of 0 admits everything."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._left = float(burst)
        self._at = time.monotonic()
        self._refused = 0

    def admit(self) -> Verdict:
        """Count one frame and judge it."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if not self._rate or self._left >= 1:
            self._left -= 1
            self._refused = 0
            return Verdict.FINE
        self._refused += 1
        return Verdict.ABUSE if self._refused > self._burst else Verdict.TOO_FAST
