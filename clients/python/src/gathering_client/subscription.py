"""A stream's place on the shared socket: from frames to a bounded row of events, in order.

*Joining*: the server was asked, and what still comes belongs to before.  *Live*: what comes is judged and
put in the row.  *Parked*: the row is full or nobody reads, so what comes is let go, and whoever reads on
joins again from the last event in the row.  So a slow handler costs no memory, loses nothing, and keeps no
other stream and no answer waiting.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from . import frames
from .asks import Asks, new_id
from .backoff import Backoff
from .connection import Connection
from .cursor import Position
from .errors import GatheringError, Refused, Unreachable, refusal
from .follower import Follower, Verdict
from .frames import Event

FULL = 1024  # events in the row
PATIENCE = 0.25  # seconds that the whole socket waits for a reader, before its stream is parked

# An event, and where it is; None for what is ephemeral.
Item = tuple[Event, Position | None]


class Place(Enum):
    """How a subscription stands."""

    AWAY = auto()  # not on this socket
    JOINING = auto()
    LIVE = auto()
    PARKED = auto()
    LEAVING = auto()


class Subscription:
    """One stream on a connection, for at most one reader and any number of posts."""

    def __init__(self, channel: str, connection: Connection, asks: Asks) -> None:
        self.channel = channel
        self.reading = False
        self.overheard: Callable[[Event], None] | None = None  # told of each event, as it comes
        self._error: GatheringError | None = None
        self._kept = False  # stays when nobody reads, since something was posted
        self._connection, self._asks = connection, asks
        self._follower = Follower(channel)
        self._place = Place.AWAY
        self._row: deque[Item] = deque()
        self._changed, self._room = asyncio.Event(), asyncio.Event()
        self._known = False  # the server has us here, on this socket
        self._wanted = self._asked = 0  # numbers of what was wanted, and of what the server is asked now
        self._asking: asyncio.Task[None] | None = None

    # For who reads

    @property
    def position(self) -> Position | None:
        """Where the last event in the row is; before the first, where reading began."""
        return self._follower.position

    def read_from(self, since: Position | None) -> None:
        """Begin to read: after ``since``, or from now on."""
        self._follower = Follower(self.channel, *((since.seq, since.epoch) if since else ()))
        self._row.clear()
        self._error, self.reading = None, True
        self._want(Place.JOINING)

    async def welcomed(self) -> None:
        """Wait until there is a position; raises what ended the stream."""
        while self._place is not Place.LIVE and not self._row:
            await self._change()

    async def next(self) -> Item:
        """The next event and where it is; raises what ended the stream, after all that came before."""
        while not self._row:
            if self._place is Place.PARKED:
                self._want(Place.JOINING)
            await self._change()
        item = self._row.popleft()
        if len(self._row) < FULL // 2:
            self._room.set()
        return item

    def stop_reading(self) -> None:
        """Nobody reads any more."""
        self.reading = False
        self._row.clear()
        self._room.set()
        if self._place is not Place.AWAY:
            self._want(Place.PARKED if self._kept else Place.LEAVING)

    # For who posts

    def keep(self) -> None:
        """Somebody will post: be here from now on.  An earlier refusal no longer counts."""
        self._kept = True
        if not self.reading:
            self._error = None

    async def ready(self) -> None:
        """Wait until the server has us here; raises why it will not have us."""
        if self._error is not None:
            raise self._error
        while not self._known:
            await self._connection.live()
            if self._place in (Place.AWAY, Place.LEAVING):
                self._want(Place.PARKED)
            await self._change()

    # For the client

    def opened(self) -> None:
        """There is a new socket."""
        if self._error is None and (self.reading or self._kept):
            self._want(Place.JOINING if self.reading else Place.PARKED)

    def lost(self) -> None:
        """The socket has gone."""
        self._place, self._known = Place.AWAY, False
        self._room.set()
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    def end(self, error: GatheringError) -> None:
        """It goes no further."""
        self.lost()
        self._error = error
        self._changed.set()

    async def heard(self, event: Event) -> None:
        """Take a frame of this channel, or a ping."""
        if event.type == frames.PING:
            if self._follower.beat(event.data) and self._place is Place.LIVE:
                self._want(Place.JOINING)
            return
        if self.overheard is not None:
            self.overheard(event)
        if event.type == frames.ERROR:
            self.end(refusal(event.data))
        elif self._place is Place.JOINING:
            if event.type == frames.WELCOME and self._asked == self._wanted:
                self._follower.take(event)
                self._place = Place.LIVE
                self._changed.set()
        elif self._place is Place.LIVE:
            await self._take(event)

    # Inside

    async def _take(self, event: Event) -> None:
        verdict = self._follower.take(event)
        if verdict in (Verdict.APPLY, Verdict.RESET):
            await self._put(event, self._follower.position)
        elif verdict is Verdict.PASS:
            await self._put(event, None)
        elif verdict is Verdict.REPAIR:
            self._want(Place.JOINING)

    async def _put(self, event: Event, position: Position | None) -> None:
        self._row.append((event, position))
        self._changed.set()
        if len(self._row) < FULL:
            return
        self._room.clear()
        try:
            await asyncio.wait_for(self._room.wait(), PATIENCE)
        except asyncio.TimeoutError:
            self._want(Place.PARKED)

    def _want(self, place: Place) -> None:
        """Have the server put us in ``place``; if it is being asked for another, after that."""
        self._place = place
        self._wanted += 1
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        backoff = Backoff(first=1.0)
        while self._asked != self._wanted:
            self._asked, place = self._wanted, self._place
            try:
                await self._asks.once(self._frame(place), new_id())
            except Unreachable:
                return  # lost() comes, and then opened()
            except Refused as error:
                if not error.retryable:
                    return self._refused(error)
                self._asked = 0
                await asyncio.sleep(backoff.next())
            else:
                self._arrived(place)

    def _arrived(self, place: Place) -> None:
        self._known = place is not Place.LEAVING
        if self._place is Place.LEAVING and place is Place.LEAVING:
            self._place = Place.AWAY
        self._changed.set()

    def _refused(self, error: Refused) -> None:
        self._asking = None
        self.end(error)

    def _frame(self, place: Place) -> dict[str, Any]:
        if place is Place.LEAVING:
            return {"type": "unsubscribe", "channel": self.channel}
        frame: dict[str, Any] = {"type": "subscribe", "channel": self.channel}
        at = self._follower.position
        if at is not None and place is Place.JOINING:
            self._follower.rejoin()
            frame["since"] = at.seq
            if at.epoch is not None:
                frame["epoch"] = at.epoch
        return frame

    async def _change(self) -> None:
        """Wait until something is different; raises what ended the stream."""
        if self._error is not None:
            raise self._error
        self._changed.clear()
        await self._changed.wait()
        if self._error is not None and not self._row:
            raise self._error
