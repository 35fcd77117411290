"""The events of one stream, as ``async for`` takes them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import TracebackType

from . import frames
from .backoff import Backoff
from .connection import Connection
from .cursor import Position, Snapshot
from .errors import Busy, GatheringError
from .frames import Event
from .stores import CursorStore
from .subscription import Item, Subscription


class Events:
    """Each event of a stream once and in order, for ever; what is ephemeral in between.

    An event counts as handled when the next one is asked for, and only then is its cursor stored.  So an
    event in whose handling the loop was left (by an exception, by ``break``, by kill -9) comes again when
    somebody follows from the same store; :meth:`handled` says that it need not.

    A ``reset`` is an event like the others: its ``snapshot`` replaces what was known, and what comes
    after it is after the snapshot.

    As ``async with circle.events() as events:`` it has begun once inside: whatever is said from then on,
    it will see.  Otherwise it begins with the first event that is asked for.
    """

    def __init__(
        self,
        subscription: Subscription,
        connection: Connection,
        store: CursorStore | None,
        snapshot: Callable[[], Awaitable[Snapshot]],
        since: Position | None,
    ) -> None:
        self._subscription, self._connection = subscription, connection
        self._store, self._snapshot, self._since = store, snapshot, since
        self._begun = self._over = False
        self._given: Position | None = None  # of the event that is being handled
        self._floor: Position | None = None  # of the last snapshot

    @property
    def position(self) -> Position | None:
        """Where the last event that has come is; it need not be handled yet."""
        return self._subscription.position

    def __aiter__(self) -> Events:
        return self

    async def __anext__(self) -> Event:
        if self._over:
            raise StopAsyncIteration
        await self._begin()
        await self.handled()
        while True:
            event, at = await self._subscription.next()
            if event.type == frames.RESET:
                found = await self._resolve(event)
                if found is None:
                    continue
                event, at = found
            elif at is not None and self._is_old(at):
                continue
            self._given = at
            return event

    async def __aenter__(self) -> Events:
        await self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def handled(self) -> None:
        """Say that the event that was given last has been handled: store its cursor now."""
        given, self._given = self._given, None
        if given is not None:
            await self._save(given)

    async def aclose(self) -> None:
        """Follow no more."""
        self._leave()

    def __del__(self) -> None:
        with contextlib.suppress(RuntimeError):  # no loop runs here any more
            asyncio.get_running_loop()
            self._leave()

    async def _begin(self) -> None:
        if self._begun:
            return
        if self._subscription.reading:
            raise Busy(f"'{self._subscription.channel}' is followed by this client already.")
        self._begun = self._subscription.reading = True
        try:
            stored = await self._store.load(self._subscription.channel) if self._store else None
            self._subscription.read_from(stored or self._since)
            await self._connection.live()
            await self._subscription.welcomed()
            if stored is None and self.position is not None:  # "from now on" must not become a later now
                await self._save(self._since or self.position)
        except BaseException:
            self._leave()
            raise

    async def _resolve(self, event: Event) -> Item | None:
        """The reset with its snapshot; None if that is of yet another history, of which we shall hear."""
        snapshot = await self._fetch()
        if snapshot.position.epoch != event.get("epoch"):
            return None
        self._floor = snapshot.position
        return replace(event, snapshot=snapshot), snapshot.position

    async def _fetch(self) -> Snapshot:
        backoff = Backoff()
        while True:
            try:
                return await self._snapshot()
            except GatheringError as error:
                if not error.retryable:
                    raise
                await asyncio.sleep(backoff.next())

    def _is_old(self, at: Position) -> bool:
        floor = self._floor
        return floor is not None and at.epoch == floor.epoch and at.seq <= floor.seq

    async def _save(self, position: Position) -> None:
        if self._store is not None:
            await self._store.save(self._subscription.channel, position)

    def _leave(self) -> None:
        if self._begun and not self._over:
            self._over = True
            self._subscription.stop_reading()
