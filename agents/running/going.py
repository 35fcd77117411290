"""One errand, from beginning to end.  However it ends, its run is not left open."""

from __future__ import annotations

import asyncio
import logging

from agents.guards import Tripped
from agents.providers.interface import ProviderError
from gathering.protocol.errors import GatheringError, Unavailable

from . import context, records, turns
from .records import FREE, Hold, Lost
from .words import Words
from .work import Office, Work

logger = logging.getLogger(__name__)


class Going:
    """An errand that this process holds; ``stopped`` or ``lost`` say why its task is cancelled."""

    def __init__(self, hold: Hold, office: Office) -> None:
        self.stopped = False
        self.lost = False
        self._hold = hold
        self._office = office
        self._work: Work | None = None

    @property
    def waits(self) -> bool:
        """Whether it waits for a person."""
        return self._work is not None and self._work.waiting

    async def go(self) -> None:
        """Go, to the end.  Nothing is raised: what went wrong is recorded, or logged if even that did."""
        try:
            await self._to_the_end()
        except (Lost, asyncio.CancelledError):  # cancelled also while its end was being recorded
            logger.warning("errand %s is not ours any more", self._hold.errand)
        except Unavailable:  # the lease will be over, and whoever then has the database ends the run
            logger.warning("errand %s is left: the database is away", self._hold.errand)
        except Exception:
            logger.exception("errand %s failed", self._hold.errand)

    async def _to_the_end(self) -> None:
        try:
            await self._answer()
        except asyncio.CancelledError:
            await self._interrupted()
        except Unavailable:
            raise
        except (Tripped, ProviderError, GatheringError) as problem:
            await self._fail(problem.code, problem.detail)
        except Lost:
            raise
        except Exception:
            logger.exception("errand %s failed", self._hold.errand)
            await self._fail("internal_error", "The server failed, and has logged it.")

    async def _answer(self) -> None:
        errand = await self._office.store(records.begin, self._hold)
        budget = await self._office.store(records.budget, errand)
        words = Words(errand.agent, errand.message.circle, errand.run_id, errand.reply_to)
        conversation = await self._office.store(context.conversation, errand)
        try:
            async with asyncio.timeout(errand.agent.guard_of("seconds")) as limit:
                work = self._work = Work(self._hold, errand, self._office, budget, words, limit)
                await turns.take(work, conversation)
        except TimeoutError:
            raise Tripped("time", "The run took longer than it may.") from None
        await self._office.store(records.finish, self._hold, words.text, work.closing, work.bill())

    async def _interrupted(self) -> None:
        self._give_up()
        if self.lost:
            raise Lost
        end = records.stop if self.stopped else records.hand_over
        await self._office.store(end, self._hold, self._bill())

    async def _fail(self, code: str, detail: str) -> None:
        self._give_up()
        await self._office.store(records.fail, self._hold, code, detail, self._bill())

    def _give_up(self) -> None:
        if self._work is not None:
            self._work.words.give_up()

    def _bill(self) -> records.Bill:
        return self._work.bill() if self._work is not None else FREE
