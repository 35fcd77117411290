"""The log: the truth about every stream, and the only code that touches its two tables.

The counter row of a stream is updated in the writer's own transaction and stays locked until that
commits, so the order of ``seq`` *is* the order of commits, and a rollback leaves no hole.  Hence two
rules for writers: append last, and append to several streams in the order of their names.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from gathering.protocol import frames, names
from gathering.protocol.cursor import Position

from .frame import Frame
from .models import Event, Stream

PAGE = 200
PRUNE_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that is about to be: ``data`` is its body, ``beside`` fields of the envelope itself."""

    channel: str
    type: str
    data: Mapping[str, object]
    beside: Mapping[str, object] | None = None


def append(channel: str, drafts: Sequence[Draft]) -> list[Frame]:
    """Append ``drafts`` to the stream ``channel``, which begins with its first event.

    Returns their frames in order.  Must run in a transaction (raises RuntimeError): nobody may see the
    events before it commits, and the caller rings the doorbell after.  Two statements, however many
    drafts.  Raises BadField if a body is not JSON.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An event is appended in the transaction of the row that it tells of.")
    moment = timezone.now()
    bodies = [(d.type, frames.dumps(d.data), frames.dumps(d.beside or {})) for d in drafts]
    stream_id, head = _advance(channel, len(drafts))
    first = head - len(drafts) + 1
    _insert(stream_id, first, bodies, moment)
    return [
        _frame(channel, first + offset, kind, data, beside, moment)
        for offset, (kind, data, beside) in enumerate(bodies)
    ]


def read(channel: str, since: int, *, limit: int = PAGE, until: int | None = None) -> list[Frame]:
    """Up to ``limit`` frames with ``since < seq`` (``<= until``), in order.

    What was pruned is missing from the front, so a caller compares the first ``seq`` with its cursor.
    """
    rows = Event.objects.filter(stream__name=channel, seq__gt=since)
    if until is not None:
        rows = rows.filter(seq__lte=until)
    columns = rows.order_by("seq").values_list("seq", "type", "data", "beside", "created_at")
    return [_frame(channel, *row) for row in columns[:limit]]


def latest(
    channel: str, types: Collection[str], *, before: int | None = None, limit: int = PAGE
) -> list[Frame]:
    """Up to ``limit`` frames of ``types`` with ``seq < before``, the last one first."""
    rows = Event.objects.filter(stream__name=channel, type__in=types)
    if before is not None:
        rows = rows.filter(seq__lt=before)
    columns = rows.order_by("-seq").values_list("seq", "type", "data", "beside", "created_at")
    return [_frame(channel, *row) for row in columns[:limit]]


def heads(channels: Iterable[str]) -> dict[str, Position]:
    """Where each of ``channels`` stands, in one query; streams without a row are left out."""
    rows = Stream.objects.filter(name__in=list(channels))
    return {
        name: Position(epoch, head, floor)
        for name, epoch, head, floor in rows.values_list("name", "epoch", "head", "floor")
    }


def channels() -> list[str]:
    """The names of all streams that have a row, in order."""
    return list(Stream.objects.order_by("name").values_list("name", flat=True))


def position(channel: str) -> Position:
    """Where ``channel`` stands; makes its row if it has none yet, so that it has an epoch."""
    return positions([channel])[channel]


def positions(channels: Collection[str]) -> dict[str, Position]:
    """Where all of ``channels`` stand, in one query if they have begun."""
    found = heads(channels) if channels else {}
    begun = [channel for channel in channels if channel not in found]
    for channel in begun:
        names.parse(channel)
        Stream.objects.get_or_create(name=channel, defaults={"epoch": _new_epoch()})
    return found | heads(begun) if begun else found


@contextmanager
def snapshot(channel: str) -> Iterator[None]:
    """A transaction in which every read sees one state, so that a head read in it is its ``seq``.

    Must be the outermost one.  ``channel`` has a row in it.  On SQLite every transaction is like that
    already.
    """
    position(channel)  # makes the row, for what follows only reads
    in_a_test = connection.in_atomic_block  # durable=True lets nothing else pass
    with transaction.atomic(durable=True):
        if connection.vendor == "postgresql" and not in_a_test:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def prune(channel: str, *, before: datetime) -> int:
    """Forget the events of ``channel`` recorded before ``before``; returns how many.

    The floor moves in the transaction that deletes, in batches, so writers wait for milliseconds only.
    Of events that are out of order in time (a clock jumped) the newer decides, and both are kept.
    """
    removed = 0
    while batch := _prune_batch(channel, before):
        removed += batch
    return removed


def renew(channel: str) -> str:
    """Give the stream a new epoch, after a restore: every old cursor is refused.  Returns it."""
    epoch = _new_epoch()
    Stream.objects.filter(name=channel).update(epoch=epoch)
    return epoch


def retire(channel: str) -> None:
    """Delete the stream and its events, with what it was the stream of.

    One of the same name begins anew, in another epoch.
    """
    Stream.objects.filter(name=channel).delete()


def _new_epoch() -> str:
    return secrets.token_hex(6)


def _advance(channel: str, count: int) -> tuple[int, int]:
    """Lock the counter row and move its head by ``count``: (id, new head)."""
    update = "UPDATE hub_stream SET head = head + %s WHERE name = %s RETURNING id, head"
    insert = (
        "INSERT INTO hub_stream (name, epoch, head, floor, created_at) VALUES (%s, %s, %s, 0, %s) "
        "ON CONFLICT (name) DO UPDATE SET head = hub_stream.head + excluded.head RETURNING id, head"
    )
    with connection.cursor() as cursor:
        cursor.execute(update, [count, channel])
        row = cursor.fetchone()
        if row is None:
            names.parse(channel)
            cursor.execute(insert, [channel, _new_epoch(), count, _adapt(timezone.now())])
            row = cursor.fetchone()
    return row[0], row[1]


def _insert(stream_id: int, first: int, bodies: Sequence[tuple[str, str, str]], moment: datetime) -> None:
    stamp = _adapt(moment)
    values: list[Any] = []
    for seq, (kind, data, beside) in enumerate(bodies, first):
        values += [stream_id, seq, kind, data, beside, stamp]
    places = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(bodies))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO hub_event (stream_id, seq, type, data, beside, created_at) "  # noqa: S608 (placeholders only)
            f"VALUES {places}",
            values,
        )


def _adapt(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _frame(channel: str, seq: int, kind: str, data: str, beside: str, moment: datetime) -> Frame:
    text = frames.event(kind, data, channel, moment, seq=seq, beside=beside)
    return Frame(channel, seq, text)


def _prune_batch(channel: str, before: datetime) -> int:
    with transaction.atomic():
        stream = Stream.objects.select_for_update().filter(name=channel).first()
        if stream is None:
            return 0
        events = Event.objects.filter(stream=stream)
        kept = events.filter(created_at__gte=before).order_by("seq").values_list("seq", flat=True)
        last = (kept.first() or stream.head + 1) - 1
        floor = min(last, stream.floor + PRUNE_BATCH)
        if floor <= stream.floor:
            return 0
        removed, _ = events.filter(seq__lte=floor).delete()
        Stream.objects.filter(pk=stream.pk).update(floor=floor)
    return removed
