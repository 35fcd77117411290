"""The fast writer: prebuilt frames straight into the transport, where the server lets us.

The kernel says what the client has not read: once its buffers are full, so is the transport's (64 KiB),
and the writer refuses.  So a client that never reads costs 64 KiB here, and no ``pong`` is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from .frame import Batch, Frame, websocket_frame
from .writer import Send

CHUNK = 32 * 1024
EXTENSION = "gathering.write"  # where the server's protocol offers it in the ASGI scope


class Wire(Protocol):
    """What a server's WebSocket protocol offers for this (``server.py``).

    ``flowing`` says that ``transport.write`` may be called: it is open, not closing and not paused.
    """

    transport: Any
    flowing: bool

    @property
    def paused(self) -> bool: ...

    def write_wire(self, wire: bytes) -> None: ...

    async def wait_writable(self) -> None: ...

    def abort(self) -> None: ...


def _batches(frames: Sequence[Frame]) -> Iterator[Batch]:
    """``frames`` in pieces of about ``CHUNK``, so that a paused transport is noticed between them."""
    batch, size = Batch(), 0
    for frame in frames:
        batch.append(frame)
        size += frame.size
        if size > CHUNK:
            yield batch
            batch, size = Batch(), 0
    if batch:
        yield batch


class FastWriter:
    """Writes at once, in the caller's tick, and refuses while the transport is paused."""

    def __init__(self, wire: Wire, send: Send, mark: Callable[[], str]) -> None:
        self._wire = wire
        self._send = send
        self._mark = mark
        self._stalled_since: float | None = None
        self._pings = 0
        self._closed = False

    @property
    def stalled_since(self) -> float | None:
        """When it first refused, unless the client reads again."""
        if not self._wire.paused:
            self._stalled_since = None
        return self._stalled_since

    @property
    def awaits_pong(self) -> bool:
        return self._pings > 0

    def write(self, frames: Sequence[Frame]) -> int:
        wire = self._wire
        if wire.flowing and frames.__class__ is Batch and not self._closed and frames.size <= CHUNK:
            wire.transport.write(frames.wire)  # nearly always: three calls from the feed to the kernel
            return len(frames)
        taken = 0
        for batch in _batches(frames):
            if not self._write(batch):
                break
            taken += len(batch)
        return taken

    def _write(self, batch: Batch) -> bool:
        if self._wire.paused:
            self._stalled_since = self._stalled_since or time.monotonic()
            return False
        if not self._closed:
            self._wire.write_wire(batch.wire)
        return True

    def control(self, text: str) -> None:
        if self._wire.paused:  # it asks, and does not read the answers
            self._stalled_since = self._stalled_since or time.monotonic()
        if not self._closed:
            self._wire.write_wire(websocket_frame(text))

    def ping(self) -> None:
        self._pings += 1
        self.control(self._mark())

    def pong(self) -> None:
        self._pings = max(0, self._pings - 1)

    async def ready(self) -> None:
        await self._wire.wait_writable()
        self._stalled_since = None

    async def close(self, code: int, timeout: float) -> None:
        """Send the close after what was written; if the client does not take it in time, hang up."""
        self._closed = True
        try:
            async with asyncio.timeout(timeout):
                await self._send({"type": "websocket.close", "code": code})
        except TimeoutError:
            self._wire.abort()
        except Exception:
            self.abandon()

    def abandon(self) -> None:
        self._closed = True
        with contextlib.suppress(Exception):
            if self._wire.paused:
                self._wire.abort()
