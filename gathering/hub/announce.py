"""How an application speaks: a table of model -> builder, and what it may say by hand.

A builder is a pure function from a row to the drafts of its events.  ``announce`` connects it to the
signals of the model, so whoever saves the row (REST, socket, admin, shell, command) says so, in the
same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.utils import timezone

from gathering.protocol import frames

from . import doorbell, log
from .frame import Frame
from .log import Draft
from .models import Announced

Built: TypeAlias = Draft | Iterable[Draft] | None
Builder: TypeAlias = Callable[[Any], Built]
ChangeBuilder: TypeAlias = Callable[[Any, Mapping[str, Any]], Built]

_published: ContextVar[list[Frame] | None] = ContextVar("published", default=None)


def announce(
    model: type[Announced],
    *,
    created: Builder | None = None,
    changed: ChangeBuilder | None = None,
    deleted: Builder | None = None,
) -> None:
    """Publish what the builders make of every row of ``model`` that is created, changed or deleted.

    ``changed`` is also given the values from before, by attribute name (those that were loaded).
    Fixtures (``loaddata``) are not announced: they may hold the log as well.
    """

    def saved(instance: Any, created: bool, raw: bool = False, **_: object) -> None:
        before, after = instance.before, instance
        if not raw:
            publish(on_create(after) if created else on_change(after, before))
        instance.remember()

    def gone(instance: Any, **_: object) -> None:
        if deleted is not None:
            publish(deleted(instance))

    def on_create(row: Any) -> Built:
        return created(row) if created is not None else None

    def on_change(row: Any, before: Mapping[str, Any]) -> Built:
        return changed(row, before) if changed is not None else None

    uid = f"announce {model._meta.label}"
    post_save.connect(saved, sender=model, weak=False, dispatch_uid=uid)
    post_delete.connect(gone, sender=model, weak=False, dispatch_uid=uid)


def publish(built: Built) -> list[Frame]:
    """Log the drafts and ring for them once the transaction has committed; returns their frames.

    Must run in a transaction (RuntimeError otherwise).  Drafts are logged in order of stream name, so
    that two transactions which publish to the same streams cannot lock each other out.
    """
    drafts = [built] if isinstance(built, Draft) else list(built or ())
    frames_ = []
    for channel in sorted({draft.channel for draft in drafts}):
        frames_ += log.append(channel, [draft for draft in drafts if draft.channel == channel])
    if frames_:
        transaction.on_commit(lambda: doorbell.ring(frames_), robust=True)
        if (collected := _published.get()) is not None:
            collected += frames_
    return frames_


def whisper(draft: Draft) -> None:
    """Tell whoever is live on the stream, now, and keep nothing: an event without ``seq``.

    It may be lost, and a subscriber that is catching up is not told.
    """
    data, beside = frames.dumps(draft.data), frames.dumps(draft.beside or {})
    text = frames.event(draft.type, data, draft.channel, timezone.now(), beside=beside)
    doorbell.ring([Frame(draft.channel, None, text)])


@contextmanager
def collecting() -> Iterator[list[Frame]]:
    """The frames that are published inside, in order: how an ``ack`` learns its ``seq``."""
    collected: list[Frame] = []
    token = _published.set(collected)
    try:
        yield collected
    finally:
        _published.reset(token)
