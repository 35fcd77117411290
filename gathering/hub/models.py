"""The three tables of the log, and the base class of every model whose rows are announced.

Only ``log.py`` touches :class:`Stream` and :class:`Event`, only ``receipts.py`` :class:`Receipt`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Self, TypeVar

from django.db import models, transaction
from django.db.models.expressions import BaseExpression


class Stream(models.Model):
    """One durable stream; retained are its events with ``floor < seq <= head``."""

    name = models.CharField(max_length=99, unique=True)
    epoch = models.CharField(max_length=40)
    head = models.BigIntegerField(default=0)
    floor = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """One event.  ``data`` and ``beside`` hold JSON text exactly as it goes on the wire."""

    pk = models.CompositePrimaryKey("stream_id", "seq")
    stream = models.ForeignKey(Stream, models.CASCADE, related_name="events")
    seq = models.BigIntegerField()
    type = models.CharField(max_length=64)
    data = models.TextField()
    beside = models.TextField(default="", blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("stream", "seq")

    def __str__(self) -> str:
        return f"{self.type} {self.seq}"


class Receipt(models.Model):
    """What became of a client's frame ``ref``, so that the same frame sent again does nothing."""

    actor_id = models.BigIntegerField()
    ref = models.CharField(max_length=64)
    seq = models.BigIntegerField(null=True)
    subject = models.CharField(max_length=64, default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["actor_id", "ref"], name="one_receipt_for_each_ref")
        ]

    def __str__(self) -> str:
        return self.ref


M = TypeVar("M", bound=models.Model)


class AnnouncedQuerySet(models.QuerySet[M]):
    """A query set whose bulk writes send signals, one row at a time, in one transaction.

    Django's own are silent: a row changed through them would have no event.
    """

    def update(self, **values: Any) -> int:
        if any(isinstance(value, BaseExpression) for value in values.values()):
            raise TypeError("An announced model is updated with values, not expressions.")
        with transaction.atomic(using=self.db):
            rows = list(self.select_for_update().order_by("pk"))
            for row in rows:
                for name, value in values.items():
                    setattr(row, name, value)
                row.save(update_fields=list(values))
        return len(rows)

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[M], *args: Any, **options: Any) -> list[M]:
        if args or any(options.values()):
            raise TypeError("bulk_create of an announced model takes no options.")
        rows = list(objs)
        with transaction.atomic(using=self.db):
            for row in rows:
                row.save(force_insert=True)
        return rows

    def bulk_update(self, objs: Iterable[M], fields: Iterable[str], *_: Any, **__: Any) -> int:
        rows, names = list(objs), list(fields)
        with transaction.atomic(using=self.db):
            for row in rows:
                row.save(update_fields=names)
        return len(rows)


class Announced(models.Model):
    """A model whose rows are announced: row and event are one transaction on every path.

    Django sends ``post_save`` after the commit when nothing surrounds the save, so ``save`` brings its
    own transaction.  ``before`` holds the values as they were loaded or last saved, by attribute name.
    """

    before: dict[str, Any]
    objects = models.Manager.from_queryset(AnnouncedQuerySet)()

    class Meta:
        abstract = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before = {}

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any, **options: Any) -> Self:
        row = super().from_db(db, field_names, values, **options)
        row.remember()
        return row

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic(using=kwargs.get("using")):
            super().save(*args, **kwargs)

    def remember(self) -> None:
        """Take the present values as ``before``; fields that were not loaded are left out."""
        self.before = {
            field.attname: self.__dict__[field.attname]
            for field in self._meta.concrete_fields
            if field.attname in self.__dict__
        }

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self.remember()
