"""Frames that want an answer: each carries an id, and gets exactly one ``ack`` or ``error``."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import frames
from .connection import Connection
from .errors import GatheringError, Refused, Unreachable, refusal
from .frames import Event

AT_ONCE = 16  # under way together; a server takes 32 of one socket, and more than its pace only refuses


@dataclass
class _Ask:
    answer: asyncio.Future[Mapping[str, Any]]
    size: int


class Asks:
    """What was asked on a connection and is not yet answered."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pending: dict[str, _Ask] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def once(self, frame: Mapping[str, Any], ref: str) -> Mapping[str, Any]:
        """Send ``frame`` with the id ``ref``; returns the ``data`` of its ``ack``.

        Raises :class:`Refused`, or :class:`Unreachable` if the connection broke before there was an
        answer: then the same ``ref`` may be sent again.
        """
        async with self._turn:
            answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
            body = {**frame, "id": ref}
            self._pending[ref] = _Ask(answer, len(frames.dumps(body)))
            try:
                await self._connection.send(body)
                return await asyncio.wait_for(answer, self._connection.timing.answer)
            except asyncio.TimeoutError:
                self._connection.suspect()
                raise Unreachable("There was no answer in time.") from None
            finally:
                self._pending.pop(ref, None)

    def answered(self, event: Event) -> bool:
        """Whether ``event`` is the answer to something; then it has been given."""
        ask = self._pending.pop(event.get("ref") or "", None)
        if ask is None:
            return False
        if not ask.answer.done():
            if event.type == frames.ACK:
                ask.answer.set_result(event.data)
            else:
                ask.answer.set_exception(refusal(event.data))
        return True

    def fail(self, error: GatheringError) -> None:
        """Nothing that is under way will be answered."""
        for ask in self._pending.values():
            if not ask.answer.done():
                ask.answer.set_exception(error)
        self._pending.clear()

    def fail_largest(self, error: Refused, least: int = 4096) -> bool:
        """One frame was too large: it must have been the largest; whether there is one."""
        waiting = [ask for ask in self._pending.values() if not ask.answer.done() and ask.size >= least]
        largest = max(waiting, key=lambda ask: ask.size, default=None)
        if largest is not None:
            largest.answer.set_exception(error)
        return largest is not None


def new_id() -> str:
    """An id that nobody has used."""
    return uuid.uuid4().hex
