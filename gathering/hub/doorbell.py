"""The doorbell: "something happened on this stream", told to every process.

It is rung after a commit and carries the encoded frames, so that whoever hears it need not ask the
database.  It is allowed to fail: the channel layer is at most once by design, and what it loses, the
gap check and the poll find (``feed.py``, ``poll.py``).  This is the only module that uses the layer.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer

from .frame import Frame

logger = logging.getLogger(__name__)

BELL = "hub.bell"  # the one type of message that this project puts on the layer
SEND_TIMEOUT = 2.0  # seconds that one ring may take before it is given up
RETRY = 1.0  # seconds
CANCEL_AGAIN = 0.5  # seconds
MAX_QUEUED = 10_000  # frames that may wait to be rung; beyond, the poll will tell of them

Heard = Callable[[str, Sequence[Frame]], None]
Joined = Callable[[str], None]

_running: list[Doorbell] = []
_sending: set[asyncio.Task[None]] = set()  # a loop does not hold on to its tasks


def ring(frames: Sequence[Frame]) -> None:
    """Tell every process of ``frames``, which are committed (or ephemeral).  Never raises.

    May be called from any thread.  Where this process has a hub, its own feeds hear at once and the
    others by a task of the hub, so no request waits for Redis; else it is sent from here.
    """
    if _running:
        for doorbell in tuple(_running):
            doorbell.ring_from_any_thread(frames)
    elif not isinstance(get_channel_layer(), InMemoryChannelLayer):
        _send_from_here(_messages(frames, origin=""))


def answers() -> bool:
    """Whether the channel layer takes a message, within a second.  Not from an event loop."""
    return async_to_sync(_answers)()


class Doorbell:
    """One process's end of the doorbell: an ear for what others ring, and a hand to ring for them.

    ``heard(channel, frames)`` is called for what is rung; ``joined(channel)`` each time that listening
    to a channel begins, for what was rung before was not heard.
    """

    def __init__(self, heard: Heard, joined: Joined) -> None:
        self._heard = heard
        self._report = joined
        self._origin = secrets.token_hex(8)
        self._layer: Any = get_channel_layer()
        self._loop = asyncio.get_running_loop()
        self._channel: str | None = None
        self._wanted: set[str] = set()
        self._joined: set[str] = set()
        self._queue: list[Frame] = []
        self._rung = asyncio.Event()
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to listen and to ring, on the running loop."""
        self._tasks = [asyncio.create_task(job()) for job in (self._listen, self._join, self._ring)]
        _running.append(self)

    async def stop(self) -> None:
        """Stop; what was not rung yet is left to the poll of the others."""
        _running.remove(self)
        left = set(self._tasks)
        while left:  # a cancellation in the middle of a send was swallowed below us, and we waited for ever
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN)

    def ring_from_any_thread(self, frames: Sequence[Frame]) -> None:
        """Ring on the hub's loop; silently nothing if that has ended."""
        try:
            self._loop.call_soon_threadsafe(self._take, frames)
        except RuntimeError:  # the loop is closed: the process is ending
            logger.debug("rung for %d frames after the loop had ended", len(frames))

    def want(self, channel: str) -> None:
        """Listen for ``channel`` from now on, as soon as the layer can be reached."""
        self._wanted.add(channel)
        self._changed.set()

    def unwant(self, channel: str) -> None:
        """Listen for ``channel`` no more."""
        self._wanted.discard(channel)
        self._changed.set()

    def _take(self, frames: Sequence[Frame]) -> None:
        for channel, some in _by_channel(frames).items():
            self._heard(channel, some)
        if len(self._queue) < MAX_QUEUED:
            self._queue += frames
        self._rung.set()

    async def _ring(self) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            frames, self._queue = self._queue, []
            if not isinstance(self._layer, InMemoryChannelLayer):
                await _send_all(_messages(frames, self._origin))

    async def _listen(self) -> None:
        while True:
            try:
                self._channel = await self._layer.new_channel()
                self._joined.clear()
                self._changed.set()
                while True:
                    self._hear(await self._layer.receive(self._channel))
            except Exception as error:
                logger.warning("the doorbell cannot listen, the poll goes on: %r", error)
                await asyncio.sleep(RETRY)

    async def _join(self) -> None:
        """Keep the layer's groups in line with what is wanted."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._settle()
            except Exception as error:
                logger.warning("the doorbell cannot join, the poll goes on: %r", error)
                await asyncio.sleep(RETRY)
                self._changed.set()

    async def _settle(self) -> None:
        ear = self._channel
        if ear is None:
            return
        for channel in self._wanted - self._joined:
            async with asyncio.timeout(SEND_TIMEOUT):
                await self._layer.group_add(channel, ear)
            if ear != self._channel:  # a new one meanwhile, which has joined nothing yet
                return
            self._joined.add(channel)
            self._report(channel)
        for channel in self._joined - self._wanted:
            async with asyncio.timeout(SEND_TIMEOUT):
                await self._layer.group_discard(channel, ear)
            self._joined.discard(channel)

    def _hear(self, message: dict[str, Any]) -> None:
        if message.get("type") != BELL or message["origin"] == self._origin:
            return
        channel = message["channel"]
        self._heard(channel, [Frame(channel, seq, text) for seq, text in message["events"]])


def _by_channel(frames: Iterable[Frame]) -> dict[str, list[Frame]]:
    grouped: dict[str, list[Frame]] = {}
    for frame in frames:
        grouped.setdefault(frame.channel, []).append(frame)
    return grouped


def _messages(frames: Iterable[Frame], origin: str) -> dict[str, dict[str, Any]]:
    return {
        channel: {
            "type": BELL,
            "origin": origin,
            "channel": channel,
            "events": [[frame.seq, frame.text] for frame in some],
        }
        for channel, some in _by_channel(frames).items()
    }


def _send_from_here(messages: dict[str, dict[str, Any]]) -> None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        async_to_sync(_send_all)(messages)
        return
    task = loop.create_task(_send_all(messages))
    _sending.add(task)
    task.add_done_callback(_sending.discard)


async def _send_all(messages: dict[str, dict[str, Any]]) -> None:
    layer: Any = get_channel_layer()
    try:
        async with asyncio.timeout(SEND_TIMEOUT):
            for channel, message in messages.items():
                await layer.group_send(channel, message)
    except Exception as error:
        logger.warning("the doorbell did not ring, the poll will tell: %r", error)


async def _answers() -> bool:
    layer: Any = get_channel_layer()
    try:
        async with asyncio.timeout(1):
            await layer.group_send("hub.nobody", {"type": BELL})
    except Exception as error:
        logger.warning("the doorbell does not answer: %r", error)
        return False
    return True
