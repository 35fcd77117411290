"""How long to wait before the next try."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass
class Backoff:
    """Exponential, with full jitter: somewhere between 0 and a bound that doubles with each failure.

    ``first`` is the first bound and ``longest`` the last, in seconds.  Full jitter spreads those who
    were cut off in the same moment evenly, so that a server that comes back is not overrun.
    """

    first: float = 0.5
    longest: float = 30.0
    dice: random.Random = field(default_factory=random.SystemRandom, repr=False)
    failures: int = field(default=0, init=False)

    def next(self, *, at_least: float = 0.0) -> float:
        """Seconds to wait after one more failure."""
        bound = min(self.longest, self.first * 2 ** min(self.failures, 32))
        self.failures += 1
        return at_least + self.dice.uniform(0, bound)

    def succeeded(self) -> None:
        """Begin anew."""
        self.failures = 0
