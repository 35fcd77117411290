"""Who is here: the sockets of this process, and what the others say of theirs.

Nobody's coming or going costs a statement.  Once a second a process says in one beat what has changed
with it, and learns what has changed elsewhere; then it tells its sockets the difference from what they
were told before.  So the pictures of several processes agree within about two seconds, with or without
Redis, and who reconnects within :data:`~gathering.hub.leases.GRACE` has not been away.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gathering.protocol import frames
from gathering.protocol.errors import Unavailable

from . import leases
from .database import DatabaseThread
from .frame import Frame
from .leases import Beat, News, People, Place, Rows, Who
from .together import Together
from .writer import Writer

logger = logging.getLogger(__name__)

EVERY = 1.0  # seconds between beats
RENEW = 4.0  # seconds after which even who has nothing new to say says that it lives
MOST = 200  # who are named in one frame
PRESENCE = "presence"


@dataclass(eq=False)
class Visitor:
    """One socket on one channel: who it is and, if it is to be told of the others, how."""

    channel: str
    actor: int
    writer: Writer | None
    behind: bool = False  # it had no room for the last news, and needs the whole picture


class Presence:
    """Who is here, for one process and its loop."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database
        self._process = secrets.token_hex(8)
        self._looks = Together(database, self._look, most=leases.CHUNK, reads=True)
        self._visitors: defaultdict[str, set[Visitor]] = defaultdict(set)
        self._sockets: Counter[Place] = Counter()
        self._here: defaultdict[str, People] = defaultdict(dict)
        self._leaving: dict[Place, float] = {}
        self._others: dict[str, dict[str, People]] = {}  # by process and channel
        self._told: dict[str, People] = {}  # what the greeted of a channel believe
        self._changed: set[str] = set()  # channels whose picture may be another than was told
        self._news = News({}, {})
        self._renewed_at = 0.0
        self._was_away = False

    async def know(self, channel: str) -> None:
        """Have the picture of ``channel`` at hand; asks the database if this process has none yet."""
        if channel not in self._told:
            found = await self._looks.put(channel)
            if channel not in self._told:
                for process, people in found.items():
                    self._others.setdefault(process, {}).setdefault(channel, {}).update(people)
                self._told[channel] = self._picture(channel)

    def enter(self, channel: str, who: Who, writer: Writer | None) -> Visitor:
        """Somebody follows ``channel``.  With a ``writer`` it is told who is here, now and from now on;
        then :meth:`know` must have been awaited before."""
        actor = int(who["id"])
        visitor = Visitor(channel, actor, writer)
        self._visitors[channel].add(visitor)
        self._sockets[channel, actor] += 1
        self._here[channel][actor] = who
        self._leaving.pop((channel, actor), None)
        self._changed.add(channel)
        if writer is not None:
            if channel not in self._told:
                self._told[channel] = self._picture(channel)
            writer.control(_whole(channel, {**self._told[channel], actor: who}))
        return visitor

    def leave(self, visitor: Visitor) -> None:
        """It does so no more; it may be back in a moment."""
        place = (visitor.channel, visitor.actor)
        self._visitors[visitor.channel].discard(visitor)
        self._sockets[place] -= 1
        if not self._sockets[place]:
            del self._sockets[place]
            self._leaving[place] = time.monotonic() + leases.GRACE

    async def run(self) -> None:
        """Beat until this is cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self._beat()
                self._was_away = False
            except Unavailable:
                self._was_away = True
            except Exception:  # without beats this process would be believed dead
                logger.exception("a beat of presence failed, and the next may not")

    async def finish(self) -> None:
        """This process ends."""
        try:
            await self._database.run(leases.end, self._process)
        except Unavailable:
            logger.warning("the database is away, and a lease will have to run out by itself")

    async def _beat(self) -> None:
        now = time.monotonic()
        self._let_go(now)
        renew = now - self._renewed_at >= RENEW
        self._learn(await self._database.run(leases.beat, self._said(renew)))
        if renew:
            self._renewed_at = now
        changed, self._changed = self._changed, set()
        for channel in changed:
            self._tell(channel)

    def _said(self, renew: bool) -> Beat:
        here = {(channel, actor): who for channel, some in self._here.items() for actor, who in some.items()}
        # After the database was away nobody's lease was renewed: the others need a moment for theirs.
        return Beat(self._process, here, self._news, list(self._told), renew=renew, sweep=not self._was_away)

    def _let_go(self, now: float) -> None:
        for channel, actor in [place for place, until in self._leaving.items() if until <= now]:
            del self._leaving[channel, actor], self._here[channel][actor]
            if not self._here[channel]:
                del self._here[channel]
            self._changed.add(channel)

    def _learn(self, news: News) -> None:
        self._news = news
        for process in [process for process in self._others if process not in news.versions]:
            self._changed.update(self._others.pop(process))
        for process, some in news.changed.items():
            self._changed.update(self._others.get(process, ()), some)
            self._others[process] = some

    def _tell(self, channel: str) -> None:
        if channel not in self._told:  # nobody here was greeted
            return
        visitors = self._visitors.get(channel)
        if not visitors:
            self._visitors.pop(channel, None)
            del self._told[channel]
            return
        before, now = self._told[channel], self._picture(channel)
        self._told[channel] = now
        came = [who for actor, who in now.items() if before.get(actor) != who]
        left = [who for actor, who in before.items() if actor not in now]
        self._spread(visitors, [*_news(channel, "came", came), *_news(channel, "left", left)])
        self._mend(channel, [visitor for visitor in visitors if visitor.behind], now)

    def _spread(self, visitors: Iterable[Visitor], news: Sequence[Frame]) -> None:
        for visitor in visitors:
            if visitor.writer is not None and not visitor.behind:
                visitor.behind = visitor.writer.write(news) < len(news)

    def _mend(self, channel: str, visitors: Collection[Visitor], now: People) -> None:
        """Give the whole picture to those who had no room for the news, once they have."""
        if visitors:
            self._changed.add(channel)
            whole = [Frame(channel, None, _whole(channel, now))]
            for visitor in visitors:
                visitor.behind = visitor.writer is not None and not visitor.writer.write(whole)

    def _picture(self, channel: str) -> People:
        people: People = {}
        for some in self._others.values():
            people.update(some.get(channel, {}))
        return {**people, **self._here.get(channel, {})}

    def _look(self, channels: Sequence[str]) -> list[Rows | Exception]:
        found = leases.look(self._process, set(channels))
        return [
            {process: some[channel] for process, some in found.items() if channel in some}
            for channel in channels
        ]


def look_of(user: Any) -> Who:
    """How ``user`` looks in a picture."""
    kind, display_name = getattr(user, "kind", "person"), getattr(user, "display_name", "")
    return {"id": user.pk, "name": user.get_username(), "display_name": display_name, "kind": kind}


def _whole(channel: str, people: People) -> str:
    here = list(people.values())
    more = {"more": len(here) - MOST} if len(here) > MOST else {}
    return frames.control(PRESENCE, {"here": here[-MOST:], **more}, channel)


def _news(channel: str, what: str, people: Sequence[Who]) -> list[Frame]:
    return [
        Frame(channel, None, frames.control(PRESENCE, {what: people[start : start + MOST]}, channel))
        for start in range(0, len(people), MOST)
    ]
