"""A clock that can jump, for one process: wall time is shifted by what a small file says.

Only wall time jumps, as it does on a real machine; the monotonic clock, which timers and time-outs use,
never does.
"""

from __future__ import annotations

import mmap
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

SHIFT = struct.Struct("d")


def shift(clock: Path, seconds: float) -> None:
    """Have every process that follows ``clock`` see another time, from now on."""
    if not clock.exists():
        clock.write_bytes(SHIFT.pack(0.0))
    with clock.open("r+b") as file:
        file.write(SHIFT.pack(seconds))


def follow(clock: Path) -> None:
    """Have this process see the time of ``clock``: in ``time.time`` and Django's ``timezone.now``."""
    from django.utils import timezone

    with clock.open("rb") as file:
        shared = mmap.mmap(file.fileno(), SHIFT.size, access=mmap.ACCESS_READ)
    real = time.time

    def now() -> float:
        return real() + float(SHIFT.unpack_from(shared)[0])

    def aware() -> datetime:
        return datetime.fromtimestamp(real(), tz=UTC) + timedelta(seconds=SHIFT.unpack_from(shared)[0])

    time.time = now
    timezone.now = aware
