"""The server's own life: the hub ends before it does.

Uvicorn sends ASGI lifespan events, which Django refuses.  Daphne knows none; Twisted's reactor is asked
to wait for the drain instead, so that its clients too are told 1012 and not just cut off.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from . import process


class Lifespan:
    """Wraps the application: answers ``lifespan``, and on Daphne hooks into the reactor's shutdown."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._hooked = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if not self._hooked:
            self._hooked = True
            _hook_into_twisted()
        await self._inner(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                process.current()
                await send({"type": "lifespan.startup.complete"})
            else:
                await process.current().stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _hook_into_twisted() -> None:
    if "daphne.server" not in sys.modules:
        return
    from twisted.internet import reactor as installed
    from twisted.internet.defer import Deferred

    def drain() -> Any:
        return Deferred.fromFuture(asyncio.ensure_future(process.current().drain()))

    reactor: Any = installed
    if reactor.running:
        reactor.addSystemEventTrigger("before", "shutdown", drain)
