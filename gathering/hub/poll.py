"""The poll: the net under the doorbell.

Once in a while a process asks, in one query, where all the streams stand that it follows, and each feed
compares.  This is what makes a lost ring, a dead Redis and a second process without any Redis harmless.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from gathering.protocol.cursor import Position
from gathering.protocol.errors import Unavailable

from .feed import Feed

logger = logging.getLogger(__name__)

CHUNK = 500  # names in one query: SQLite takes 999 variables at the least

Heads = Callable[[Sequence[str]], Awaitable[dict[str, Position]]]


class Poll:
    """Asks ``heads`` for every feed in ``feeds`` each ``interval`` seconds, until it is cancelled."""

    def __init__(self, feeds: Mapping[str, Feed], heads: Heads, interval: float) -> None:
        self._feeds = feeds
        self._heads = heads
        self._interval = interval
        self._away = False

    async def run(self) -> None:
        """Poll for ever.  A database that is away is logged once, and again when it is back."""
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.once(list(self._feeds))
                self._note(away=False)
            except Unavailable:
                self._note(away=True)
            except Exception:  # without the poll, a lost ring would stay lost
                logger.exception("the poll failed, and goes on")

    async def once(self, channels: Sequence[str]) -> None:
        """Ask for ``channels`` now and let their feeds learn."""
        for start in range(0, len(channels), CHUNK):
            chunk = channels[start : start + CHUNK]
            asked_at = {name: self._feeds[name].known for name in chunk if name in self._feeds}
            for name, position in (await self._heads(chunk)).items():
                if name in asked_at and name in self._feeds:
                    self._feeds[name].learn(position, asked_at[name])

    def _note(self, *, away: bool) -> None:
        if away != self._away:
            logger.warning("the database is %s", "away" if away else "back")
            self._away = away
