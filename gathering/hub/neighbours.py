"""A channel layer for the processes of one machine that share a database, with nothing else installed.

Without it they would hear of each other by the poll alone, and of what is not logged (the words of an
agent as it writes, who is typing) not at all.  Each process that listens has a Unix datagram socket in
the data directory; whoever rings writes to all of them.  Like every layer it may lose what it carries:
a neighbour that does not read is waited for briefly, and a message larger than the kernel takes is left to
the poll.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import socket
from pathlib import Path
from typing import Any

import orjson
from channels.layers import BaseChannelLayer
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

BUFFER = 1024 * 1024
PATIENCE = (0.001, 0.005, 0.02)  # seconds to wait for a neighbour whose queue is full, in a row
CAPACITY = 1000  # messages that may wait to be received; more are dropped


class NeighbourLayer(BaseChannelLayer):
    """The part of Channels' interface that the doorbell uses: groups, and one channel for each ear."""

    extensions = ("groups",)

    def __init__(self, **_: Any) -> None:
        super().__init__()
        self._ears: dict[str, _Ear] = {}

    async def new_channel(self, prefix: str = "") -> str:
        """Begin to listen; what is said to this process's groups from now on can be received."""
        name = secrets.token_hex(4)
        self._ears[name] = _Ear(directory(make=True) / name)
        return name

    async def receive(self, channel: str) -> dict[str, Any]:
        """The next message; whoever is cancelled here listens no more."""
        ear = self._ears[channel]
        try:
            return await ear.inbox.get()
        except asyncio.CancelledError:
            del self._ears[channel]
            ear.close()
            raise

    async def group_add(self, group: str, channel: str) -> None:
        self._ears[channel].groups.add(group)

    async def group_discard(self, group: str, channel: str) -> None:
        self._ears[channel].groups.discard(group)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Write to every neighbour; each looks whether it is in the group."""
        if others := self._others():
            data = orjson.dumps([group, message])
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
                mouth.setblocking(False)
                mouth.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
                for path in others:
                    await _write(mouth, data, path)

    def _others(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return [entry.path for entry in os.scandir(directory()) if entry.name not in self._ears]
        return []


class _Ear:
    """A socket that is read on the loop that made it, and ends with it."""

    def __init__(self, path: Path) -> None:
        self.groups: set[str] = set()
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue(CAPACITY)
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(path))
        self._loop.add_reader(self._socket, self._read)

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError, asyncio.QueueFull):
            while True:
                group, message = orjson.loads(self._socket.recv(BUFFER))
                if group in self.groups:
                    self.inbox.put_nowait(message)


def directory(*, make: bool = False) -> Path:
    """Where those listen who share this process's database: tests have another than a server beside them."""
    # Not of a connection, which Django would make, and keep, for each loop of a thread that rings.
    database = str(connections.settings[DEFAULT_DB_ALIAS]["NAME"])
    name = hashlib.sha256(database.encode()).hexdigest()[:6]
    path = Path(settings.GATHERING_DATA_DIR) / "bells" / name
    if make:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


async def _write(mouth: socket.socket, data: bytes, path: str) -> None:
    for pause in (*PATIENCE, None):
        try:
            mouth.sendto(data, path)
        except BlockingIOError:
            if pause is not None:
                await asyncio.sleep(pause)
                continue
        except (ConnectionRefusedError, FileNotFoundError):  # whoever listened there has died
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        except OSError:  # too large: the poll will tell of it
            pass
        return
