"""How an application speaks: a table of model -> builder, and what it may say by hand.

A builder is a pure function from a row to the drafts of its events.  ``announce`` connects it to the
signals of the model, so whoever saves the row (REST, socket, admin, shell, command) says so, in the
same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from itertools import groupby, islice
from typing import Any, TypeAlias

from django.db import transaction
from django.db.models.signals import post_save, pre_delete
from django.dispatch import Signal
from django.utils import timezone

from gathering.protocol import frames

from . import doorbell, log
from .frame import Frame
from .log import Draft
from .models import Announced, created_together

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

    ``changed`` is also given the values from before, by attribute name.  Fixtures (``loaddata``) are not
    announced: they may hold the log as well.
    """

    def saved(instance: Any, raw: bool = False, **about: Any) -> None:
        if raw or "together" in about:
            return
        if about["created"]:
            publish(created(instance) if created else None)
        elif changed is not None:
            publish(changed(_as_stored(instance, about["update_fields"]), instance.before))

    def together(rows: Sequence[Any], **_: object) -> None:
        if created is not None:
            built = [_drafts(created(row)) for row in rows]
            frames_ = iter(publish([draft for drafts in built for draft in drafts]))
            for row, drafts in zip(rows, built, strict=True):
                row.published = list(islice(frames_, len(drafts)))

    def going(instance: Any, using: str, **_: object) -> None:
        # Before, since Django deletes a cascade in any order: what the row points to may go first.
        if deleted is not None and instance.stored(using):  # else somebody else has deleted it
            publish(deleted(instance))

    _connect(post_save, saved, model)
    _connect(created_together, together, model)
    if deleted is not None:
        _connect(pre_delete, going, model)


def publish(built: Built) -> list[Frame]:
    """Log the drafts and ring for them once the transaction has committed; returns their frames.

    Must run in a transaction (RuntimeError otherwise).  Drafts are logged in order of stream name, so
    that two transactions which publish to the same streams cannot lock each other out.
    """
    drafts = _drafts(built)
    logged: dict[int, Frame] = {}
    places = sorted(range(len(drafts)), key=lambda place: drafts[place].channel)
    for channel, group in groupby(places, key=lambda place: drafts[place].channel):
        some = list(group)
        logged |= zip(some, log.append(channel, [drafts[place] for place in some]), strict=True)
    frames_ = [logged[place] for place in range(len(drafts))]
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


def whisper_on_commit(drafts: Sequence[Draft]) -> None:
    """Whisper ``drafts`` once the transaction has committed, after what was published in it before."""

    def tell() -> None:
        for draft in drafts:
            whisper(draft)

    if drafts:
        transaction.on_commit(tell, robust=True)


@contextmanager
def collecting() -> Iterator[list[Frame]]:
    """The frames that are published inside, in order: how an ``ack`` learns its ``seq``."""
    collected: list[Frame] = []
    token = _published.set(collected)
    try:
        yield collected
    finally:
        _published.reset(token)


def _drafts(built: Built) -> list[Draft]:
    return [built] if isinstance(built, Draft) else list(built or ())


def _connect(signal: Signal, receiver: Callable[..., None], model: type[Announced]) -> None:
    signal.connect(receiver, sender=model, weak=False, dispatch_uid=f"announce {model._meta.label}")


def _as_stored(row: Any, update_fields: Collection[str] | None) -> Any:
    """``row`` without what it holds in memory and a save of ``update_fields`` alone did not store."""
    if update_fields is None:
        return row
    seen = copy(row)
    for field in row._meta.concrete_fields:
        if not {field.name, field.attname} & set(update_fields):
            setattr(seen, field.attname, row.before[field.attname])
    return seen
