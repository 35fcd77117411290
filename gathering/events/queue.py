"""The Redis Stream of the bus, worked by one consumer group.

Programs in any language publish with one command::

    XADD gathering.bus * type agent.message data '{"circle_name": "dev-team", ...}' [id mine-1]

An entry stays until it is acknowledged, and is then deleted: the length of the stream is the lag.
It is as durable as Redis is; where events must outlive its machine, Redis needs its append-only file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import redis
from django.conf import settings

from gathering.protocol.errors import Unavailable

STREAM = "gathering.bus"
GROUP = "gathering"
TIMEOUT = 5.0  # seconds that Redis has to answer
SILENT = 3600.0  # seconds after which a consumer that holds nothing is forgotten


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: ``key`` is Redis' id of it, ``tries`` how often a worker was given it, now included."""

    key: str
    fields: dict[bytes, bytes]
    tries: int


class Queue:
    """The bus in Redis.  All but :meth:`add` raise redis.RedisError while Redis is away."""

    def __init__(self, url: str) -> None:
        self._redis: Any = redis.Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=2)

    def add(self, type: str, data: str, id: str | None = None) -> str:
        """Append an event; returns its id.  Raises Unavailable while Redis is away."""
        fields = {"type": type, "data": data} | ({"id": id} if id is not None else {})
        try:
            key: bytes = self._redis.xadd(STREAM, fields)
        except redis.RedisError as error:
            raise Unavailable("The event bus is away for the moment; try again.") from error
        return id or key.decode()

    def take(self, consumer: str, seconds: float) -> Entry | None:
        """The next entry that nobody has had; waits for one for a while."""
        asked = self._grouped(
            "xreadgroup", GROUP, consumer, {STREAM: ">"}, count=1, block=max(1, int(seconds * 1000))
        )
        for _, entries in asked or ():
            for key, fields in entries:
                return Entry(key.decode(), fields, 1)
        return None

    def reclaim(self, consumer: str, idle: float) -> Entry | None:
        """An entry that somebody else has had for ``idle`` seconds without a sign of life, or that failed."""
        answer = self._grouped("xautoclaim", STREAM, GROUP, consumer, int(idle * 1000), count=1)
        for key, fields in answer[1]:
            if not fields:  # it was deleted by hand while it was pending
                self._redis.xack(STREAM, GROUP, key)
                continue
            pending = self._redis.xpending_range(STREAM, GROUP, key, key, 1)
            return Entry(key.decode(), fields, pending[0]["times_delivered"] if pending else 1)
        return None

    def keep(self, consumer: str, entry: Entry) -> None:
        """A sign of life: nobody reclaims it for a while."""
        self._redis.xclaim(STREAM, GROUP, consumer, 0, [entry.key], justid=True)

    def done(self, entry: Entry) -> None:
        """Acknowledge and delete."""
        with self._redis.pipeline(transaction=True) as both:
            both.xack(STREAM, GROUP, entry.key)
            both.xdel(STREAM, entry.key)
            both.execute()

    def lag(self) -> dict[str, int]:
        """``{"waiting", "in_work", "workers"}``: entries that nobody had; those in work or to be retried."""
        length = self._redis.xlen(STREAM)
        in_work = self._grouped("xpending", STREAM, GROUP)["pending"]
        workers = len(self._redis.xinfo_consumers(STREAM, GROUP))
        return {"waiting": max(0, length - in_work), "in_work": in_work, "workers": workers}

    def tidy(self, consumer: str | None = None) -> None:
        """Forget ``consumer``, or those that have long been silent, unless they hold something."""
        for each in self._grouped("xinfo_consumers", STREAM, GROUP):
            name = each["name"].decode()
            over = name == consumer if consumer else each["idle"] > SILENT * 1000
            if over and not each["pending"]:
                self._redis.xgroup_delconsumer(STREAM, GROUP, name)

    def _grouped(self, command: str, *arguments: Any, **options: Any) -> Any:
        """A command on the group, which is made if it is not there (yet, or after a flush of Redis)."""
        try:
            return getattr(self._redis, command)(*arguments, **options)
        except redis.ResponseError as error:
            if not ("NOGROUP" in str(error) or "no such key" in str(error)):
                raise
        self._make_group()
        return getattr(self._redis, command)(*arguments, **options)

    def _make_group(self) -> None:
        try:
            self._redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):  # another worker was quicker
                raise


@cache
def _connected(url: str) -> Queue:
    return Queue(url)


def connect() -> Queue:
    """The queue at ``REDIS_URL``, one for the process."""
    return cast(Queue, _connected(settings.REDIS_URL))
