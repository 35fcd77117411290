"""Doing what a client asks once, however often it asks.

A frame that carries an ``id`` leaves a receipt in the transaction of what it did.  The same ``id`` of
the same actor again finds the receipt and does nothing.  Receipts live as long as events do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, models, transaction
from django.utils import timezone

from gathering.protocol.errors import GatheringError

from .announce import collecting
from .models import Announced, Receipt


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action did: ``seq`` of its last event (None if it logged none), ``subject`` the key of
    the row it made ("" if none), ``repeated`` whether that was on an earlier asking."""

    seq: int | None
    subject: str = ""
    repeated: bool = False


class Repeated(Exception):
    """Rolls back a second doing that ran into the first one's receipt."""


def perform(actor_id: int, ref: str | None, act: Callable[[], models.Model | None]) -> Outcome:
    """Run ``act`` in one transaction, once for each ``(actor_id, ref)``.

    ``act`` returns the row that it made, if any.  A repeat returns the first outcome, even where
    ``act`` would be refused by now; of two at the same time one does it and both get its outcome.
    """
    try:
        with transaction.atomic(), collecting() as published:
            row = act()
            seq = published[-1].seq if published else None
            outcome = Outcome(seq, str(row.pk) if row is not None else "")
            _leave([(actor_id, ref, outcome)])
            return outcome
    except (Repeated, GatheringError):
        first = find(actor_id, ref) if ref is not None else None
        if first is None:
            raise
        return first


def perform_together(
    asked: Sequence[tuple[int, str | None]],
    act: Callable[[], Sequence[models.Model | GatheringError | None]],
) -> list[Outcome | GatheringError]:
    """Run ``act`` in one transaction; it does what each ``(actor_id, ref)`` asked, or says why not.

    A ``ref`` that is known already raises Repeated, and then nothing was done.
    """
    with transaction.atomic():
        results = [_outcome(each) for each in act()]
        done = zip(asked, results, strict=True)
        _leave([(*who, result) for who, result in done if isinstance(result, Outcome)])
    return [_answer(*who, result) for who, result in zip(asked, results, strict=True)]


def find(actor_id: int, ref: str) -> Outcome | None:
    """The outcome of what ``actor_id`` asked as ``ref``, if that is known."""
    row = Receipt.objects.filter(actor_id=actor_id, ref=ref).first()
    return Outcome(row.seq, row.subject, repeated=True) if row is not None else None


def prune(*, before: datetime) -> int:
    """Forget receipts left before ``before``; returns how many.

    One that is dated before and was left after a newer one is kept: the clock that dated it had jumped,
    and its client may still be asking.
    """
    old = Receipt.objects.filter(created_at__lt=before)
    newer = Receipt.objects.filter(created_at__gte=before).order_by("pk").first()
    return old.filter(pk__lt=newer.pk).delete()[0] if newer is not None else old.delete()[0]


def _answer(actor_id: int, ref: str | None, result: Outcome | GatheringError) -> Outcome | GatheringError:
    """``result``, unless it refuses what was done on an earlier asking."""
    if isinstance(result, Outcome) or ref is None:
        return result
    return find(actor_id, ref) or result


def _outcome(made: models.Model | GatheringError | None) -> Outcome | GatheringError:
    if made is None:
        return Outcome(None)
    if isinstance(made, GatheringError):
        return made
    frames = made.published if isinstance(made, Announced) else ()
    return Outcome(frames[-1].seq if frames else None, str(made.pk))


def _leave(done: Sequence[tuple[int, str | None, Outcome]]) -> None:
    """Leave receipts; raises Repeated if there is one already (of a transaction that has committed)."""
    moment = connection.ops.adapt_datetimefield_value(timezone.now())
    rows = [
        (actor_id, ref, outcome.seq, outcome.subject, moment)
        for actor_id, ref, outcome in done
        if ref is not None
    ]
    if not rows:
        return
    places = ", ".join(["(%s, %s, %s, %s, %s)"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO hub_receipt (actor_id, ref, seq, subject, created_at) "  # noqa: S608 (placeholders only)
            f"VALUES {places} ON CONFLICT (actor_id, ref) DO NOTHING",
            [value for row in rows for value in row],
        )
        if cursor.rowcount != len(rows):
            raise Repeated
