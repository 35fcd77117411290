"""Opening a WebSocket to a server, and telling what answers there if that is none."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

from . import __version__
from .errors import NotGathering, Unreachable

MOST_BYTES = 16 * 2**20  # of one frame of the server
PASSING = frozenset((408, 425, 429))  # HTTP statuses that pass; those from 500 on do, too
BROKEN = (OSError, EOFError, asyncio.TimeoutError, websockets.InvalidMessage)
NOT_OURS = (websockets.InvalidHandshake, websockets.InvalidURI, websockets.InvalidProxy)


async def shake_hands(url: str, token: str, patience: float, options: Mapping[str, Any]) -> ClientConnection:
    """A socket at ``url``; the server has not said yet what it thinks of ``token``.

    Raises :class:`Unreachable` for what may pass, and :class:`NotGathering` if somebody else answers.
    """
    try:
        return await websockets.connect(url, **{**_settings(token, patience), **options})
    except BROKEN as error:
        raise Unreachable(f"No server answers at {url}: {error!r}") from None
    except NOT_OURS as error:
        raise _refusal(url, error) from None


async def hang_up(socket: ClientConnection) -> None:
    """Close, whatever state it is in."""
    with contextlib.suppress(*BROKEN):
        await socket.close()


def _refusal(url: str, error: Exception) -> Unreachable:
    """Somebody answered, but not with a socket.  Behind a proxy that may pass."""
    status = error.response.status_code if isinstance(error, websockets.InvalidStatus) else 0
    said = f"status {status}" if status else str(error)
    if status >= 500 or status in PASSING:
        return Unreachable(f"No GatheRing server answers at {url}: {said}")
    return NotGathering(f"What answers at {url} is no GatheRing server: {said}")


def _settings(token: str, patience: float) -> dict[str, Any]:
    return {
        "additional_headers": {"Authorization": f"Bearer {token}"},
        "user_agent_header": f"gathering-client/{__version__}",
        "compression": None,  # twice the work for each frame, and more memory
        "ping_interval": None,  # the server's own ping says more
        "open_timeout": patience,
        "close_timeout": 1,
        "max_size": MOST_BYTES,
    }
