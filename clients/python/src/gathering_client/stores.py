"""Where cursors are kept between two lives of a client.

The cursor of a stream is stored *after* its event was handled.  So a process that is killed between the
two handles that one event again when it comes back, and no other: at most one for each stream, never
none.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from pathlib import Path
from typing import Protocol

from .cursor import Position


class CursorStore(Protocol):
    """What a client needs of a store; write your own to keep cursors beside your data.

    ``save`` returns once the cursor is safe.  A store is for one client at a time.
    """

    async def load(self, channel: str) -> Position | None:
        """The position that was saved for ``channel``; None if there is none."""
        ...

    async def save(self, channel: str, position: Position) -> None:
        """Keep ``position`` for ``channel``."""
        ...


class MemoryStore:
    """Keeps cursors for as long as the process lives."""

    def __init__(self) -> None:
        self._positions: dict[str, Position] = {}

    async def load(self, channel: str) -> Position | None:
        return self._positions.get(channel)

    async def save(self, channel: str, position: Position) -> None:
        self._positions[channel] = position


class FileStore:
    """Keeps cursors in a file, which is replaced as a whole: ``{channel: [seq, epoch]}``.

    Each save writes a temporary file beside it, flushes that to the disk and renames it, so whenever the
    process or the machine stops, the file holds one saved state, whole.  A file that cannot be
    read as one raises ValueError: to begin again from nowhere is for you to decide, by removing it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._positions: dict[str, Position] | None = None
        self._saving = asyncio.Lock()

    async def load(self, channel: str) -> Position | None:
        return (await self._all()).get(channel)

    async def save(self, channel: str, position: Position) -> None:
        async with self._saving:
            positions = await self._all()
            positions[channel] = position
            await asyncio.to_thread(_write, self.path, dict(positions))

    async def _all(self) -> dict[str, Position]:
        if self._positions is None:
            self._positions = await asyncio.to_thread(_read, self.path)
        return self._positions


def _read(path: Path) -> dict[str, Position]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    try:
        return {channel: Position(int(seq), epoch) for channel, (seq, epoch) in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        raise ValueError(f"{path} holds no cursors; remove it to begin anew") from None


def _write(path: Path, positions: dict[str, Position]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({channel: [at.seq, at.epoch] for channel, at in positions.items()})
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    _flush_directory(path.parent)


def _flush_directory(path: Path) -> None:
    """Make the rename itself last, where the system can do that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
