"""The tables of the log and of presence, and the base class of every model whose rows are announced.

Only ``log.py`` touches :class:`Stream` and :class:`Event`, only ``receipts.py`` :class:`Receipt`, only
``leases.py`` :class:`Lease` and :class:`Here`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from django.db import models, transaction
from django.db.models.signals import post_save
from django.dispatch import Signal

from .frame import Frame


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


class Lease(models.Model):
    """A server process that lives; ``version`` counts how often its rows of :class:`Here` have changed."""

    process = models.CharField(max_length=32, primary_key=True)
    version = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.process


class Here(models.Model):
    """Somebody who has a socket on ``channel`` in a process; ``who`` is how it looks, as JSON."""

    lease = models.ForeignKey(Lease, models.CASCADE, related_name="here")
    channel = models.CharField(max_length=99)
    actor_id = models.BigIntegerField(db_index=True)
    who = models.TextField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["channel"])]

    def __str__(self) -> str:
        return f"{self.actor_id} on {self.channel}"


created_together = Signal()  # with ``rows``, which were created in one statement; after their post_save
M = TypeVar("M", bound=models.Model)


class AnnouncedQuerySet(models.QuerySet[M]):
    """A query set whose bulk writes send signals, one row at a time, in one transaction.

    Django's own are silent: a row changed through them would have no event.
    """

    def update(self, **values: Any) -> int:
        if any(hasattr(value, "resolve_expression") for value in values.values()):
            raise TypeError("An announced model is updated with values, not expressions.")
        with transaction.atomic(using=self.db):
            rows = list(self.select_for_update(of=("self",), no_key=True).order_by("pk"))
            for row in rows:
                for name, value in values.items():
                    field: Any = self.model._meta.get_field(name)
                    # A relation is given by its row or, as here and only here in Django, by a key.
                    setattr(row, name if isinstance(value, models.Model) else field.attname, value)
                row.save(update_fields=list(values))
        return len(rows)

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[M], *args: Any, **options: Any) -> list[M]:
        """Create the rows in one statement; their events are logged together, one append for a stream.

        Django sends no ``post_save`` for these; here it is sent for each, with ``together=True``.
        """
        if args or any(options.values()):
            raise TypeError("bulk_create of an announced model takes no options.")
        rows = list(objs)
        model: Any = self.model
        with transaction.atomic(using=self.db, savepoint=False):
            model.prepare(rows)
            super().bulk_create(rows)
            about = {"created": True, "update_fields": None, "raw": False, "using": self.db}
            for row in rows:
                post_save.send(self.model, instance=row, together=True, **about)
            created_together.send(self.model, rows=rows)
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
    own transaction.  In it, ``before`` holds the stored values that the save replaces, by attribute name:
    read under a lock, since what this instance was loaded with may be old.  It is empty for a new row.
    """

    before: Mapping[str, Any] = MappingProxyType({})
    published: Sequence[Frame] = ()  # what was said of a row that was created together with others
    objects = models.Manager.from_queryset(AnnouncedQuerySet)()

    class Meta:
        abstract = True
        # What Django itself writes through, for example when SET_NULL follows a deletion.
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        using = kwargs.get("using")
        # A new row needs no savepoint: two statements less for every message.
        with transaction.atomic(using=using, savepoint=self.pk is not None):
            self.before = self.stored(using)
            if not self.before:
                self.prepare([self])
            self.guard()
            super().save(*args, **kwargs)

    @classmethod
    def prepare(cls, rows: Sequence[Any]) -> None:
        """Fill in what new ``rows`` know of themselves, in as many queries for all as for one."""

    def guard(self) -> None:
        """Refuse, with a ValidationError, to be saved over ``before``."""

    def stored(self, using: str | None = None) -> dict[str, Any]:
        """The row as it is stored, by attribute name, and locked until the transaction ends.

        Not its key: a full lock also holds up whoever refers to the row, at the commit (foreign keys are
        checked then), and a post holds its stream by that time.  So two of them locked each other out.
        """
        if self.pk is None:
            return {}
        rows = type(self)._base_manager.using(using).filter(pk=self.pk).order_by()
        locked = rows.select_for_update(no_key=True).values()
        return {name: value for row in locked for name, value in row.items()}
