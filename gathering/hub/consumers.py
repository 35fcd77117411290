"""Sockets and streams: one that follows a single stream by its address, one that follows many.

An application's consumer is a :class:`StreamConsumer` with a :class:`~gathering.hub.kinds.Kind`; it adds
no code of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser

from gathering.protocol import frames, names
from gathering.protocol.cursor import Position, ResetReason, parse_since, why_refused
from gathering.protocol.errors import (
    AccessWithdrawn,
    BadCursor,
    BadField,
    Conflict,
    GatheringError,
    NotFound,
)
from gathering.protocol.frames import Command

from . import kinds
from .arrivals import Arrival, Found, Wish
from .commands import Job
from .kinds import Kind, Presence
from .presence import Visitor, look_of
from .receipts import Outcome
from .socket import SocketConsumer, query
from .subscription import Subscription

MOST_ASKED = 32  # frames of one socket that may wait for their commit; then it is not read


class FollowingConsumer(SocketConsumer):
    """A socket that follows streams: joins them, does what frames ask of them, loses them again."""

    def __init__(self) -> None:
        super().__init__()
        self._followed: dict[str, Subscription] = {}
        self._present: dict[str, Visitor] = {}
        self._asked: set[asyncio.Future[Outcome]] = set()

    async def prepare(self, wish: Wish, found: Found) -> Callable[[], None]:
        """Open the feed of what the client wishes to follow; returns what begins that.

        Raises NotFound if it is not the client's to see.
        """
        channel, position = wish.channel, found.position
        if isinstance(position, GatheringError):
            raise position
        feed = await self.process.feed(channel, position)
        told = wish.welcome and kinds.presence_of(channel) is Presence.TOLD
        if told:
            await self.process.presence.know(channel)
        position = position or feed.position
        reason = ResetReason.INVALID if wish.bad else wish.since and why_refused(wish.since, position)
        cursor = wish.since.seq if wish.since and not reason else feed.cursor
        subscription = Subscription(feed, self.writer, cursor)

        def follow() -> None:
            self.unfollow(channel)
            self._followed[channel] = subscription
            if wish.bad:
                self.refuse(wish.bad)
            if wish.welcome:
                resumed = wish.since is not None and reason is None
                self.say(frames.welcome(channel, position, self._me(), resumed=resumed))
            if reason:
                self.say(frames.reset(channel, Position(feed.epoch, cursor, feed.floor), reason))
            self._enter_presence(channel, told=told)
            subscription.start()

        return follow

    def unfollow(self, channel: str) -> None:
        """Follow ``channel`` no more, if it is followed."""
        subscription = self._followed.pop(channel, None)
        if subscription is not None:
            subscription.stop()
        visitor = self._present.pop(channel, None)
        if visitor is not None:
            self.process.presence.leave(visitor)

    async def perform(self, channel: str, command: Command) -> None:
        """Have ``command`` done, once; it is acknowledged when that has committed, if it carried an ``id``.

        Does not wait for that, so that what a client sends in a row can share a transaction.
        """
        job = Job.of(self.user, channel, command)
        if command.ref is None and not self._asked and job.lightly():
            return
        while len(self._asked) >= MOST_ASKED:
            await asyncio.wait(self._asked, return_when=asyncio.FIRST_COMPLETED)
        done = self.process.commands.put(job)
        self._asked.add(done)
        done.add_done_callback(partial(self._answer, channel, command.ref))

    def comes_often(self, command: Command) -> bool:
        return self.identity is not None and kinds.comes_often(self.addressee(command), command)

    def addressee(self, command: Command) -> str:
        """The channel that a frame is for; any text, if it names none."""
        return command.channel or str(command.fields.get("channel"))

    async def settled(self) -> None:
        if self._asked:
            await asyncio.wait(self._asked)

    async def check_rights(self) -> None:
        for channel in tuple(self._followed):
            try:
                await self.process.database.read(kinds.find, self.user, channel)
            except NotFound:
                self.withdrawn(channel)

    def withdrawn(self, channel: str) -> None:
        """The client may follow ``channel`` no more."""
        raise NotImplementedError

    @property
    def user(self) -> AbstractBaseUser:
        user: AbstractBaseUser = self.scope["user"]
        return user

    def follows(self, channel: str) -> bool:
        return channel in self._followed

    def left(self) -> None:
        for channel in tuple(self._followed):
            self.unfollow(channel)

    def _answer(self, channel: str, ref: str | None, done: asyncio.Future[Outcome]) -> None:
        self._asked.discard(done)
        if (error := done.exception()) is not None:
            self.fail(error, ref)
        elif ref is not None:
            self.say(frames.ack(ref, done.result().seq, channel))

    def _enter_presence(self, channel: str, *, told: bool) -> None:
        if kinds.presence_of(channel) is not Presence.NONE:
            writer = self.writer if told else None
            self._present[channel] = self.process.presence.enter(channel, look_of(self.user), writer)

    def _me(self) -> dict[str, object]:
        kind = getattr(self.user, "kind", "person")
        return {"id": self.user.pk, "name": self.user.get_username(), "kind": kind}


class StreamConsumer(FollowingConsumer):
    """A socket at a stream's own address; ``kind`` says what it is a stream of."""

    kind: ClassVar[Kind]
    channel = ""

    def wish(self) -> Wish:
        self.channel = names.join(self.kind.name, self.scope["url_route"]["kwargs"]["key"])
        asked = query(self.scope)
        welcome = self.wants_welcome or self.scope["subprotocol"] is not None or "since" in asked
        try:
            return Wish(self.channel, parse_since(asked.get("since"), asked.get("epoch")), welcome=welcome)
        except BadCursor as error:
            return Wish(self.channel, bad=error, welcome=True)

    async def join(self, wish: Wish | None, found: Found) -> Callable[[], None]:
        return await self.prepare(wish, found) if wish is not None else await super().join(wish, found)

    async def act(self, command: Command) -> None:
        if command.channel not in (None, self.channel):
            raise BadField(f"This socket is about '{self.channel}' alone.", field="channel")
        await self.perform(self.channel, command)

    def addressee(self, command: Command) -> str:
        return self.channel

    def withdrawn(self, channel: str) -> None:
        self.close_for(AccessWithdrawn())

    def ping_data(self) -> dict[str, object]:
        followed = self._followed.get(self.channel)
        return {"head": followed.feed.known} if followed is not None else {}

    def ping_channel(self) -> str | None:
        return self.channel or None

    def refuse(self, error: GatheringError, ref: str | None = None, channel: str | None = None) -> None:
        super().refuse(error, ref, channel or self.ping_channel())


class StreamsConsumer(FollowingConsumer):
    """The socket at ``/ws/``: any streams, by ``subscribe`` and ``unsubscribe``."""

    async def act(self, command: Command) -> None:
        channel = self._channel(command)
        if command.type == frames.SUBSCRIBE:
            await self.settled()
            await self._subscribe(channel, command)
        elif command.type == frames.UNSUBSCRIBE:
            await self.settled()
            self.unfollow(channel)
            self._acknowledge(command, channel)
        elif channel not in self._followed:
            raise NotFound(f"Subscribe to '{channel}' first.")
        else:
            await self.perform(channel, command)

    def withdrawn(self, channel: str) -> None:
        self.unfollow(channel)
        self.refuse(AccessWithdrawn(), channel=channel)

    def ping_data(self) -> dict[str, object]:
        return {"heads": {channel: s.feed.known for channel, s in self._followed.items()}}

    async def _subscribe(self, channel: str, command: Command) -> None:
        most = settings.GATHERING_MAX_SUBSCRIPTIONS
        if most and channel not in self._followed and len(self._followed) >= most:
            raise Conflict(f"A socket follows at most {most} streams.")
        since = parse_since(command.fields.get("since"), command.fields.get("epoch"))
        wish = Wish(channel, since, welcome=True)
        found = await self.process.arrivals.put(Arrival(wish, self.identity))
        (await self.prepare(wish, found))()
        self._acknowledge(command, channel)

    def _acknowledge(self, command: Command, channel: str) -> None:
        if command.ref is not None:
            self.say(frames.ack(command.ref, None, channel))

    @staticmethod
    def _channel(command: Command) -> str:
        channel: Any = command.channel or command.fields.get("channel")
        return str(names.parse(channel))


class NowhereConsumer(SocketConsumer):
    """Any other address: it says so, in a way that a browser can read."""

    async def _look_who_comes(self) -> Callable[[], None]:
        return partial(self.close_for, NotFound())
