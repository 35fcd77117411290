"""Calling the handlers of an event, each once for an id, and keeping what none can do."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from inspect import iscoroutinefunction

from asgiref.sync import async_to_sync
from django.db import InterfaceError, OperationalError

from gathering.hub import receipts
from gathering.rest import refusal_of

from .bus import BusEvent, Handler, handlers
from .models import DeadLetter

logger = logging.getLogger(__name__)

THE_BUS = 0  # the actor in receipts: no user has this id


class Undelivered(Exception):
    """Handlers failed; ``hopeless`` if trying again cannot help any of them."""

    def __init__(self, errors: dict[str, Exception]) -> None:
        self.hopeless = all(_is_refusal(error) for error in errors.values())
        super().__init__("; ".join(f"{name}: {error!r}" for name, error in errors.items()))


def deliver(event: BusEvent) -> None:
    """Have every handler of the event's type do it, unless that one has already.

    One that fails stops no other; then Undelivered is raised.  A database that is away raises its own
    error (OperationalError, InterfaceError).
    """
    errors: dict[str, Exception] = {}
    for name, handler in handlers(event.type).items():
        try:
            # Looked up before, too: what a handler does to the world outside cannot be rolled back.
            if receipts.find(THE_BUS, _ref(name, event)) is None:
                receipts.perform(THE_BUS, _ref(name, event), _doing(handler, event))
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            logger.exception("%s failed at %s %s", name, event.type, event.id)
            errors[name] = error
    if errors:
        raise Undelivered(errors)


def deliver_or_bury(event: BusEvent) -> None:
    """The whole delivery in the process that published: tried once, and kept as a dead letter if it fails."""
    try:
        deliver(event)
    except Exception as error:
        bury(event.id, event.type, json.dumps(event), event.id, error, tries=1)


def bury(key: str, type: str, data: str, ref: str, error: object, *, tries: int) -> None:
    """Keep as a dead letter what could not be delivered; the same ``key`` again changes nothing."""
    letter = DeadLetter(key=key, type=type, data=data, ref=ref, error=str(error), tries=tries)
    DeadLetter.objects.bulk_create([letter], ignore_conflicts=True)
    logger.error("dead letter %s of type %s after %d tries: %s", key, type, tries, error)


def _is_refusal(error: Exception) -> bool:
    """Whether it was understood and refused for good; what is not known may go better the next time."""
    refusal = refusal_of(error)
    return refusal is not None and not refusal.retryable


def _doing(handler: Handler, event: BusEvent) -> Callable[[], None]:
    # An async handler runs on this thread's own loop, so its database work is in our transaction.
    call = async_to_sync(handler) if iscoroutinefunction(handler) else handler

    def do() -> None:
        call(BusEvent(event, type=event.type, id=event.id))

    return do


def _ref(name: str, event: BusEvent) -> str:
    return "bus-" + hashlib.sha256(f"{name}\n{event.type}\n{event.id}".encode()).hexdigest()[:40]
