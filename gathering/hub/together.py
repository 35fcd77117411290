"""What waits for the database in one process at the same moment goes to it together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from gathering.protocol.errors import Unavailable

from .database import DatabaseThread

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Together(Generic[Asked, Answer]):
    """Has ``do`` answer all that waits, up to ``most`` at once, in the order of asking.

    ``do(asked)`` runs in the database thread and returns an answer or an exception for each.  What it
    raises is everybody's error; but where it only ``reads``, it is called again for each alone, so
    that one bad asking costs no other.
    """

    def __init__(
        self,
        database: DatabaseThread,
        do: Callable[[Sequence[Asked]], Sequence[Answer | Exception]],
        *,
        most: int,
        reads: bool = False,
    ) -> None:
        self._run = database.read if reads else database.run
        self._do = do
        self._most = most
        self._reads = reads
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._work: asyncio.Task[None] | None = None

    def put(self, asked: Asked) -> asyncio.Future[Answer]:
        """The answer to ``asked``, some time; it fails with Unavailable while the database is away."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, future))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._answer_all())
        return future

    async def _answer_all(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            answers = await self._answers([asked for asked, _ in some])
            for (_, future), answer in zip(some, answers, strict=True):
                if future.done():  # whoever asked has gone
                    continue
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)

    async def _answers(self, asked: Sequence[Asked]) -> Sequence[Answer | Exception]:
        try:
            return await self._run(self._do, asked)
        except Unavailable as error:
            return [error] * len(asked)
        except Exception as error:
            if not self._reads or len(asked) == 1:
                return [error] * len(asked)
            return [answer for each in asked for answer in await self._answers([each])]
