"""Publish and subscribe, as a program sees them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction

from gathering.protocol import frames
from gathering.protocol.errors import BadField

Handler = Callable[["BusEvent"], Any]
H = TypeVar("H", bound=Handler)

MAX_ID = 64  # characters of an id
MAX_TYPE = 100  # characters of a type
MAX_DATA = 1024 * 1024  # characters of an event's JSON

_handlers: dict[str, dict[str, Handler]] = {}


class BusEvent(dict[str, Any]):
    """What was published: its fields, and ``type`` and ``id`` as attributes.

    ``id`` is the publisher's, or else the queue's.  However often an event comes with one id, each
    handler does it once.
    """

    def __init__(self, fields: Mapping[str, Any], *, type: str, id: str) -> None:
        super().__init__(fields)
        self.type = type
        self.id = id


class EventBus:
    """The bus.  All instances are one: a handler is known to the whole process, whoever publishes."""

    def subscribe(self, event_type: str) -> Callable[[H], H]:
        """Have the decorated function, sync or async, called with each :class:`BusEvent` of the type.

        It runs in a transaction of its own, which also notes that it was done: what it does to the
        database, it does exactly once.  What it does to the world outside (a mail, a request) may be
        repeated if it is killed in between.  If it raises, it is tried again.
        """

        def register(handler: H) -> H:
            name = f"{handler.__module__}.{handler.__qualname__}"
            _handlers.setdefault(event_type, {})[name] = handler
            return handler

        return register

    def publish(self, event_type: str, event: Mapping[str, Any], *, id: str | None = None) -> str:
        """Publish ``event``, a JSON object; returns its id.

        With an ``id`` of your own you may publish again until it succeeds.  Once this returns, the
        event is in Redis.  Without Redis the handlers run here, after the commit of a transaction that
        is under way.  Raises BadField for what cannot be published, Unavailable if Redis is away.
        """
        data = _checked(event_type, event, id)
        if settings.REDIS_URL:
            from .queue import connect

            return connect().add(event_type, data, id)
        return _deliver_here(BusEvent(event, type=event_type, id=id or secrets.token_hex(8)))

    async def apublish(self, event_type: str, event: Mapping[str, Any], *, id: str | None = None) -> str:
        """:meth:`publish`, for code in an event loop."""
        return await sync_to_async(self.publish)(event_type, event, id=id)


def handlers(event_type: str) -> dict[str, Handler]:
    """The handlers of a type by name, in the order in which they subscribed."""
    return dict(_handlers.get(event_type, {}))


def _checked(event_type: str, event: Mapping[str, Any], id: str | None) -> str:
    check_text("type", event_type, MAX_TYPE)
    if id is not None:
        check_text("id", id, MAX_ID)
    data = frames.dumps(dict(event))
    if len(data) > MAX_DATA:
        raise BadField(f"An event has at most {MAX_DATA} characters.", field="data")
    return data


def check_text(field: str, value: str, most: int) -> None:
    """Raise BadField unless ``value`` is 1 to ``most`` printable characters."""
    if not (0 < len(value) <= most and value.isprintable()):
        raise BadField(f"The {field} of an event has 1 to {most} printable characters.", field=field)


def _deliver_here(event: BusEvent) -> str:
    from .delivery import deliver_or_bury

    transaction.on_commit(lambda: deliver_or_bury(event), robust=True)
    return event.id
