"""What a frame means to somebody who follows one stream: the part of the client that has no socket.

It is the loop of docs/protocol.md, and the vectors of the protocol run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

from .cursor import Judgement, Position, judge
from .frames import CONTROL, RESET, WELCOME, Event


class Verdict(Enum):
    """What to do with a frame."""

    APPLY = auto()  # the next event of the log
    PASS = auto()  # ephemeral: may be handled, and moves nothing
    DROP = auto()  # handled before
    REPAIR = auto()  # one is missing before it: join again from the cursor
    RESET = auto()  # the position cannot be honoured: a snapshot is needed
    NOTHING = auto()  # it was about the connection, or another stream


class Follower:
    """Keeps the position in the stream ``channel``.

    ``cursor`` None is a reader that has no position yet: it follows from now on, and ``welcome`` says
    where that is.
    """

    def __init__(self, channel: str, cursor: int | None = None, epoch: str | None = None) -> None:
        self.channel, self.cursor, self.epoch = channel, cursor, epoch
        self._told = 0
        self._overdue = 0

    @property
    def position(self) -> Position | None:
        """Where it is; None before it is anywhere."""
        return None if self.cursor is None else Position(self.cursor, self.epoch)

    @property
    def behind(self) -> bool:
        """Whether the last ping named a head that is not reached yet; the events may be under way."""
        return self.cursor is not None and self._told > self.cursor

    def take(self, frame: Event) -> Verdict:
        """Judge ``frame``; whatever it moves has moved when this returns."""
        if frame.type in CONTROL or frame.channel != self.channel:
            return Verdict.NOTHING
        if frame.type == WELCOME:
            return self._be_welcome(frame.data)
        if frame.type == RESET:
            self.rebase(Position(frame.data["head"], frame.data["epoch"]))
            return Verdict.RESET
        return Verdict.PASS if frame.seq is None else self._follow(frame.seq)

    def beat(self, data: Mapping[str, Any]) -> bool:
        """Hear the heads of a ping; True if events were lost for certain.

        That is so if what the ping *before* named has still not come: no connection takes longer for
        what it has not lost.
        """
        head = data.get("heads", {}).get(self.channel, data.get("head", 0))
        lost = self.cursor is not None and self._overdue > self.cursor
        self._told = self._overdue = max(self._told, head)
        return lost

    def rebase(self, position: Position) -> None:
        """Go on from ``position``, where a snapshot is true."""
        self.cursor, self.epoch = position.seq, position.epoch
        self._told = self._overdue = 0

    def rejoin(self) -> None:
        """Forget what pings said: what is joined now is told anew."""
        self._told = self._overdue = 0

    def _follow(self, seq: int) -> Verdict:
        verdict = Judgement.NEXT if self.cursor is None else judge(self.cursor, seq)
        if verdict is Judgement.GAP:
            return Verdict.REPAIR
        if verdict is Judgement.OLD:
            return Verdict.DROP
        self.cursor = seq
        return Verdict.APPLY

    def _be_welcome(self, data: Mapping[str, Any]) -> Verdict:
        if self.cursor is None:
            self.cursor, self.epoch = data["head"], data["epoch"]
        elif data["resumed"]:  # "everything" begins at the floor
            self.cursor, self.epoch = max(self.cursor, data["floor"]), data["epoch"]
        return Verdict.NOTHING
