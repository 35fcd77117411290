"""Where a client is in a stream, and the way through a ``reset``."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from .wire import Frame


@dataclass
class Place:
    """Where a client is in one stream.

    ``early`` are events that came while it is ``fetching`` a snapshot; those up to ``covered`` were under
    way on this connection when the snapshot was taken, and are in it.
    """

    epoch: str
    cursor: int
    covered: int = 0
    early: list[Frame] = field(default_factory=list)
    fetching: asyncio.Task[None] | None = None

    @property
    def query(self) -> str:
        """What asks for all after it."""
        return f"since={self.cursor}&epoch={self.epoch}"

    def fetch(self, fetching: asyncio.Task[None] | None) -> None:
        """Fetch anew, or no more: a snapshot from before the latest reset would leave a gap."""
        if self.fetching is not None:
            self.fetching.cancel()
        self.fetching, self.early = fetching, []

    def fetched(self, epoch: str, seq: int) -> list[Frame]:
        """The snapshot of ``seq`` has been taken in; returns what came meanwhile."""
        early, self.early, self.fetching = self.early, [], None
        self.epoch, self.covered, self.cursor = epoch, seq, max(self.cursor, seq)
        return early
