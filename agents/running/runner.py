"""The process that gives life to agents: it takes errands, keeps their leases, and hears of stops.

Several may run on one database.  What each knows of the others is in the rows: an errand is one process's
by its lease, and one whose lease is over is ended by whoever sees it first.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from django.conf import settings

from agents import triggers
from agents.models import Agent, Errand
from gathering.hub import process
from gathering.hub.database import DatabaseThread
from gathering.protocol.errors import Unavailable

from . import leases, records, words
from .going import Going
from .records import Hold

logger = logging.getLogger(__name__)

GRACE = 3.0  # seconds that errands have to end by themselves when the process is asked to end
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class News:
    """What one look at the database brought."""

    held: dict[int, bool] = field(default_factory=dict)  # whether a person stops it, by errand
    decided: dict[int, str] = field(default_factory=dict)  # by approval
    claimed: Collection[int] = ()
    shown: Collection[tuple[Agent, str, str]] = ()  # drafts of processes that died


class Runner:
    """Runs errands until :meth:`stop`, on the loop that made it."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(3)}"
        self._hub = process.current()  # its database thread, and its doorbell for what is whispered
        self._tools = DatabaseThread()
        self._stopping = asyncio.Event()
        self._going: dict[int, tuple[Going, asyncio.Task[None]]] = {}
        self._asked: dict[int, asyncio.Future[str]] = {}
        self._renewed = self._now()
        self._away = False

    def stop(self) -> None:
        """Take nothing more, and end in order."""
        self._stopping.set()

    async def run(self) -> None:
        """Run until stopped; then every errand is finished or handed over, and no run is left open."""
        while not self._stopping.is_set():
            await self._look()
            try:
                async with asyncio.timeout(settings.GATHERING_POLL):
                    await self._stopping.wait()
            except TimeoutError:
                continue
        await self._end()

    async def store(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._hub.database.run(function, *args, **kwargs)

    async def use(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._tools.run(function, *args, **kwargs)

    async def decision(self, approval: int, seconds: float) -> str:
        future = self._asked[approval] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            return ""
        finally:
            del self._asked[approval]

    async def _look(self) -> None:
        """See what is new, and act on it.  While the database is away, leases may run out."""
        lease = settings.GATHERING_AGENT_LEASE
        due = self._now() - self._renewed > lease / 4
        room = settings.GATHERING_AGENT_RUNS - sum(not going.waits for going, _ in self._going.values())
        if self._stopping.is_set():
            room = 0
        try:
            news = await self.store(_news, self.name, list(self._going), list(self._asked), room, renew=due)
        except Unavailable:
            self._note(away=True)
            if self._now() - self._renewed > lease:
                self._lose(self._going)
            return
        except Exception:  # the next look may bring more
            logger.exception("the errands could not be looked at")
            return
        self._note(away=False)
        if due:
            self._renewed = self._now()
        self._act(news)

    def _act(self, news: News) -> None:
        self._lose(set(self._going) - set(news.held) - set(news.claimed))
        for pk, is_stopped in news.held.items():
            if is_stopped and pk in self._going and not self._going[pk][0].stopped:
                self._going[pk][0].stopped = True
                self._going[pk][1].cancel()
        for approval, decision in news.decided.items():
            future = self._asked.get(approval)
            if decision and future is not None and not future.done():
                future.set_result(decision)
        for draft in news.shown:
            words.end(*draft)
        for pk in news.claimed:
            self._begin(pk)

    def _begin(self, pk: int) -> None:
        going = Going(Hold(pk, self.name), self)
        task = asyncio.create_task(going.go(), name=f"errand {pk}")
        self._going[pk] = going, task
        task.add_done_callback(lambda _: self._going.pop(pk, None))

    def _lose(self, ids: Collection[int]) -> None:
        for pk in list(ids):
            going, task = self._going[pk]
            going.lost = True
            task.cancel()

    async def _end(self) -> None:
        deadline = self._now() + GRACE
        while self._going and self._now() < deadline:  # their leases are kept, and stops are heard
            await asyncio.wait([task for _, task in self._going.values()], timeout=settings.GATHERING_POLL)
            await self._look()
        tasks = [task for _, task in self._going.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self.store(leave)
        except Unavailable:
            logger.warning("the agents could not be shown as offline: the database is away")
        self._tools.stop()
        await self._hub.stop()

    def _note(self, *, away: bool) -> None:
        if away != self._away:
            logger.warning("the database is %s", "away" if away else "back")
            self._away = away

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _news(worker: str, mine: list[int], asked: list[int], room: int, *, renew: bool) -> News:
    """One look: a few short queries if nothing is new."""
    held = leases.renew(worker, mine) if renew else leases.held(worker, mine)
    decided = records.decisions(asked)
    if renew:
        arrive()
    triggers.follow()
    others = Errand.objects.filter(state__in=(Errand.State.QUEUED, Errand.State.RUNNING))
    if not others.exclude(pk__in=mine).exists():
        return News(held, decided)
    shown = records.take_over()
    return News(held, decided, leases.claim(worker, room) if room > 0 else (), shown)


def arrive() -> None:
    """Those that run here are here: none of them is offline."""
    offline = Agent.objects.exclude(provider="").filter(status=Agent.Status.OFFLINE)
    if offline.exists():  # else no lock for writing, which SQLite has but one of
        offline.update(status=Agent.Status.IDLE)


def leave() -> None:
    """Nobody runs them for the moment; another process that does says so again."""
    resting = Agent.objects.exclude(provider="").exclude(errands__state=Errand.State.RUNNING)
    resting.exclude(status=Agent.Status.OFFLINE).update(status=Agent.Status.OFFLINE)
