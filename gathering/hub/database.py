"""The hub's own database thread: one for each process, with one connection that is kept open.

However many sockets a process has, their database work queues here, so it holds one connection for
all of them.  Channels' ``database_sync_to_async`` would check and close the connection for every call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

from gathering.protocol.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")


class DatabaseThread:
    """Runs functions that use the ORM, one at a time, off the event loop."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="hub-database")

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of ``function``; what it raises is raised here.

        A database that is away raises Unavailable.  What was written then may or may not have
        committed: only a caller that can tell (by the ``id`` of a frame) may simply try again.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: _call(function, *args, **kwargs))

    async def read(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Like :meth:`run` for what only reads: tried once more, on a new connection."""
        try:
            return await self.run(function, *args, **kwargs)
        except Unavailable:
            return await self.run(function, *args, **kwargs)

    def stop(self) -> None:
        """Close the connection and end the thread, once what is under way is done."""
        self._executor.submit(connection.close)
        self._executor.shutdown(wait=False)


def _call(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    try:
        return function(*args, **kwargs)
    except (OperationalError, InterfaceError) as error:
        connection.close()
        raise Unavailable from error
