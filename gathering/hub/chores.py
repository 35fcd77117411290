"""What each server process does every few seconds, in its database thread.

A chore must be right however many processes do it, and at whatever moment one of them dies.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from gathering.protocol.errors import Unavailable

from .database import DatabaseThread

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """``do`` is called every ``every`` seconds, and once more ``at_the_end`` of the process if it says so."""

    do: Callable[[], None]
    every: float
    at_the_end: bool = False


_chores: list[Chore] = []


def register(chore: Chore) -> None:
    """Have each process do ``chore``; for applications, when they are ready."""
    _chores.append(chore)


async def run(database: DatabaseThread) -> None:
    """Do all chores, each at its own pace, until this is cancelled."""
    async with asyncio.TaskGroup() as group:
        for chore in _chores:
            group.create_task(_repeat(database, chore))


async def finish(database: DatabaseThread) -> None:
    """Do the last of what must not be left undone."""
    for chore in _chores:
        if chore.at_the_end:
            await _do(database, chore)


async def _repeat(database: DatabaseThread, chore: Chore) -> None:
    while True:
        await asyncio.sleep(chore.every)
        await _do(database, chore)


async def _do(database: DatabaseThread, chore: Chore) -> None:
    try:
        await database.run(chore.do)
    except Unavailable:
        logger.warning("%s waits for the database", chore.do.__qualname__)
    except Exception:  # the next time it may do
        logger.exception("%s failed", chore.do.__qualname__)
