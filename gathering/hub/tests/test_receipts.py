"""Receipts: how long what a client asked is remembered."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from gathering.hub import receipts
from gathering.hub.models import Receipt


def left(ref: str, days: float) -> None:
    """Leave a receipt that is dated so many days ago."""
    receipts.perform(1, ref, lambda: None)
    Receipt.objects.filter(ref=ref).update(created_at=timezone.now() - timedelta(days=days))


def prune(days: float) -> int:
    return receipts.prune(before=timezone.now() - timedelta(days=days))


def test_what_is_older_is_forgotten(db: Any) -> None:
    left("old", 3)
    left("new", 1)
    assert prune(2) == 1
    assert receipts.find(1, "old") is None
    assert receipts.find(1, "new") is not None


def test_what_a_clock_that_jumped_back_has_dated_is_kept(db: Any) -> None:
    left("before", 0)
    left("during", 40)
    assert prune(2) == 0
    assert receipts.find(1, "during") is not None


def test_what_is_all_old_is_all_forgotten(db: Any) -> None:
    left("one", 40)
    left("two", 3)
    assert prune(2) == 2
