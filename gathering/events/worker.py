"""Works the queue off: at least once, so that a handler's transaction makes it exactly once.

A worker takes one entry at a time, has the handlers do it, and only then acknowledges.  If it dies in
between, the entry shows no sign of life for a while and another worker takes it; receipts of the
handlers that had committed let nothing be done twice.  An entry that has been tried five times, or for
which trying again cannot help, becomes a dead letter.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator

import orjson
import redis
from django.db import InterfaceError, OperationalError, connection

from gathering.protocol.errors import BadField

from .bus import MAX_ID, MAX_TYPE, BusEvent, check_text
from .delivery import Undelivered, bury, deliver
from .queue import Entry, Queue

logger = logging.getLogger(__name__)

MAX_TRIES = 5
WAIT = 1.0  # seconds to wait for an entry before looking round
AWAY = 0.5  # seconds between two looks for Redis or the database


class Worker:
    """Works ``queue`` until :meth:`stop`; ``retry`` is for how many seconds an entry shows no sign of
    life before it is tried again."""

    def __init__(self, queue: Queue, retry: float) -> None:
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._queue = queue
        self._retry = retry
        self._stopping = threading.Event()
        self._looked_at = float("-inf")
        self._redis_away = False

    def stop(self) -> None:
        """End after what is under way.  May be called from a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Work until stopped, whatever is away for a while."""
        while not self._stopping.is_set():
            try:
                entry = self._next()
                self._note(away=False)
                if entry is not None:
                    self._work(entry)
            except redis.RedisError as error:
                self._note(away=True, error=error)
                self._stopping.wait(AWAY)
        with contextlib.suppress(redis.RedisError):
            self._queue.tidy(self.name)

    def _next(self) -> Entry | None:
        if time.monotonic() - self._looked_at > self._retry / 4:
            entry = self._queue.reclaim(self.name, self._retry)
            if entry is not None:
                return entry  # there may be more: look again at once
            self._queue.tidy()
            self._looked_at = time.monotonic()
        return self._queue.take(self.name, min(WAIT, self._retry / 4))

    def _work(self, entry: Entry) -> None:
        with self._signs_of_life(entry):
            while not self._stopping.is_set():
                try:
                    if settle(entry):
                        self._queue.done(entry)
                    return
                except (OperationalError, InterfaceError) as error:
                    logger.warning("the database is away, %s waits: %s", entry.key, error)
                    connection.close()
                    self._stopping.wait(AWAY)

    @contextlib.contextmanager
    def _signs_of_life(self, entry: Entry) -> Iterator[None]:
        finished = threading.Event()

        def keep() -> None:
            while not finished.wait(self._retry / 3):
                with contextlib.suppress(redis.RedisError):  # the main thread will notice
                    self._queue.keep(self.name, entry)

        thread = threading.Thread(target=keep, daemon=True)
        thread.start()
        try:
            yield
        finally:
            finished.set()
            thread.join()

    def _note(self, *, away: bool, error: Exception | None = None) -> None:
        if away != self._redis_away:
            logger.warning("Redis is %s", f"away: {error}" if away else "back")
            self._redis_away = away


def settle(entry: Entry) -> bool:
    """Deliver ``entry`` or bury it; False if it is to be tried again.

    A database that is away raises its own error, and counts as no try.
    """
    try:
        event = read(entry)
    except BadField as error:
        return _bury(entry, error)
    if entry.tries > MAX_TRIES:  # whoever had it did not come back
        return _bury(entry, "Its workers died.")
    try:
        deliver(event)
    except Undelivered as error:
        if error.hopeless or entry.tries >= MAX_TRIES:
            return _bury(entry, error)
        return False
    return True


def read(entry: Entry) -> BusEvent:
    """The event that an entry says; raises BadField if it says none."""
    type_, id_ = _text(entry, "type"), _text(entry, "id", entry.key)
    check_text("type", type_, MAX_TYPE)
    check_text("id", id_, MAX_ID)
    try:
        data = orjson.loads(entry.fields.get(b"data", b"{}"))
    except orjson.JSONDecodeError as error:
        raise BadField(f"'data' is not JSON: {error}.", field="data") from None
    if not isinstance(data, dict):
        raise BadField("'data' is not a JSON object.", field="data")
    return BusEvent(data, type=type_, id=id_)


def _text(entry: Entry, name: str, otherwise: str = "") -> str:
    try:
        return entry.fields[name.encode()].decode() if name.encode() in entry.fields else otherwise
    except UnicodeDecodeError:
        raise BadField(f"'{name}' is not UTF-8.", field=name) from None


def _bury(entry: Entry, error: object) -> bool:
    # PostgreSQL keeps no NUL in a text.
    seen = {
        name: entry.fields.get(name.encode(), b"")
        .decode(errors="replace")
        .replace("\0", "\N{REPLACEMENT CHARACTER}")
        for name in ("type", "data", "id")
    }
    ref = seen["id"][:MAX_ID] or entry.key
    bury(entry.key, seen["type"][:MAX_TYPE], seen["data"], ref, error, tries=entry.tries)
    return True
