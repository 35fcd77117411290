"""ASGI lifespan, which uvicorn sends and Django refuses: the hub begins and ends with the server.

Daphne knows none.  There the hub begins with the first socket, and the end reaches each socket as a
cancellation (``socket.py``).
"""

from __future__ import annotations

from typing import Any

from . import process


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application of the ``lifespan`` scope."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            process.current()
            await send({"type": "lifespan.startup.complete"})
        else:
            await process.current().stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
