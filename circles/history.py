"""What was said, as it is read: pages of it, each as cheap late in a circle's life as on its first day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import IntegerField, OuterRef, QuerySet, Subquery
from django.utils import timezone

from .models import Circle, Membership, Message

PAGE = 50
MOST = 200  # messages that are asked for by their ids at once
MOST_UNREAD = 100  # what is counted; more are "99+"
TOGETHER = timedelta(minutes=5)  # within which messages of one author share a head


@dataclass(frozen=True)
class Window:
    """Consecutive messages, the oldest first; whether there are older and newer ones."""

    messages: Sequence[Message]
    older: bool = False
    newer: bool = False


class CountNewer(Subquery):
    """How many rows a subquery finds that are not the reader's own."""

    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Message], reader: int) -> None:
        super().__init__(rows.values("author_id")[:MOST_UNREAD])
        self.template = f"(SELECT COUNT(*) FROM (%(subquery)s) newer WHERE newer.author_id <> {int(reader)})"  # noqa: S608


def memberships_of(user: Any) -> QuerySet[Membership]:
    """Those of ``user``, each with ``unread``: how many messages of others it has not seen."""
    newer = Message.objects.filter(circle=OuterRef("circle"), pk__gt=OuterRef("read_to")).order_by("pk")
    rows = Membership.objects.filter(user=user).select_related("circle").order_by("circle__name")
    return rows.annotate(unread=CountNewer(newer, user.pk))


def latest(circle: Circle) -> Window:
    """The end of the conversation."""
    found = list(_rows(circle).order_by("-pk")[: PAGE + 1])
    return Window(found[:PAGE][::-1], older=len(found) > PAGE)


def before(circle: Circle, pk: int) -> Window:
    """What was said before the message ``pk``."""
    found = list(_rows(circle).filter(pk__lt=pk).order_by("-pk")[: PAGE + 1])
    return Window(found[:PAGE][::-1], older=len(found) > PAGE, newer=True)


def around(circle: Circle, pk: int) -> Window:
    """What was said before and after ``pk``, and itself."""
    half = PAGE // 2
    earlier = list(_rows(circle).filter(pk__lt=pk).order_by("-pk")[: half + 1])
    later = list(_rows(circle).filter(pk__gte=pk).order_by("pk")[: half + 1])
    return Window(earlier[:half][::-1] + later[:half], len(earlier) > half, len(later) > half)


def these(circle: Circle, pks: Iterable[int]) -> Window:
    """Those of the messages ``pks`` that are of the circle."""
    return Window(list(_rows(circle).filter(pk__in=list(pks)[:MOST]).order_by("pk")))


def first_unread(circle: Circle, user: Any, read_to: int) -> int | None:
    """The first message of others after ``read_to``, if it is among the next ones."""
    newer = circle.messages.filter(pk__gt=read_to).order_by("pk").values_list("pk", "author_id")
    return next((pk for pk, author in newer[:MOST_UNREAD] if author != user.pk), None)


def laid_out(messages: Sequence[Message]) -> Sequence[Message]:
    """``messages``, each knowing if it begins a ``day`` and if it is the ``same`` author going on."""
    previous = None
    for message in messages:
        day = timezone.localdate(message.created_at)
        message.day = day if previous is None or timezone.localdate(previous.created_at) != day else None
        message.same = previous is not None and not message.day and _goes_on(previous, message)
        previous = message
    return messages


def _goes_on(previous: Message, message: Message) -> bool:
    close = message.created_at - previous.created_at < TOGETHER
    return close and previous.author_id == message.author_id and message.reply_to_id is None


def _rows(circle: Circle) -> QuerySet[Message]:
    return circle.messages.select_related("author", "reply_to__author")
