"""Circles, who belongs to them, and what was said in them."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from gathering.hub.models import Announced, AnnouncedQuerySet
from gathering.protocol import names

from .mentions import mentioned


class CircleQuerySet(AnnouncedQuerySet):
    def visible_to(self, user: Any) -> Self:
        """The circles that ``user`` may see: its own, and for staff all."""
        if not user.is_active:
            return self.none()
        return self if user.is_staff else self.filter(memberships__user=user)

    def seen_by(self, users: Iterable[Any]) -> set[tuple[int, str]]:
        """Pairs of a user's id and the name of a circle that it may see: ``visible_to`` for many at once."""
        active = [user for user in users if user.is_active]
        everybody = self.filter(memberships__user__in=[user for user in active if not user.is_staff])
        pairs = set(everybody.order_by().values_list("memberships__user_id", "name"))
        if staff := [user.pk for user in active if user.is_staff]:
            pairs |= {(pk, name) for name in self.order_by().values_list("name", flat=True) for pk in staff}
        return pairs


class Circle(Announced):
    class Status(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        ARCHIVED = "archived"

    name = models.CharField(
        max_length=63,
        unique=True,
        validators=[
            RegexValidator(
                r"^[a-z0-9][a-z0-9_-]*\Z",
                "A name has lower-case letters, digits, '-' and '_', and begins with a letter or digit.",
            )
        ],
        help_text="Part of its address, for ever.",
    )
    title = models.CharField(max_length=200, blank=True)
    description = models.TextField(max_length=4000, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="circles")

    objects = models.Manager.from_queryset(CircleQuerySet)()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def channel(self) -> str:
        """The name of its stream."""
        return names.join("circles", self.name)

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("circle", args=[self.name])

    def lock(self) -> Self:
        """The circle as it is stored; it and the roles in it stay so until the transaction ends."""
        return type(self).objects.select_for_update(no_key=True).get(pk=self.pk)

    def guard(self) -> None:
        if self.before.get("name", self.name) != self.name:
            raise ValidationError({"name": "A circle keeps its name: its stream is called by it."})


class Membership(Announced):
    class Role(models.TextChoices):
        OWNER = "owner"
        MEMBER = "member"
        OBSERVER = "observer"

    circle = models.ForeignKey(Circle, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    joined_at = models.DateTimeField(auto_now_add=True)
    read_to = models.BigIntegerField(
        default=0, editable=False, help_text="The id of the last message that the member has seen."
    )

    class Meta:
        ordering = ("circle", "user__username")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["circle", "user"], name="one_membership_for_each_user")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.circle}"

    def is_last_owner(self) -> bool:
        """Whether the circle, which is locked, would be nobody's without it."""
        owners = Membership.objects.filter(circle=self.circle_id, role=Membership.Role.OWNER).order_by()
        return list(owners.values_list("pk", flat=True)[:2]) == [self.pk]

    def guard(self) -> None:
        for name in ("circle_id", "user_id"):
            if self.before.get(name, getattr(self, name)) != getattr(self, name):
                raise ValidationError("A membership stays with its circle and user: make another.")


class Message(Announced):
    circle = models.ForeignKey(Circle, models.CASCADE, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="messages")
    content = models.TextField()
    reply_to = models.ForeignKey("self", models.RESTRICT, null=True, blank=True, related_name="replies")
    mentions = models.JSONField(default=list, blank=True, editable=False)
    draft = models.CharField(
        max_length=64, blank=True, editable=False, help_text="What its author called it while writing it."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(content=""), name="a_message_says_something")
        ]
        indexes: ClassVar = [models.Index(fields=["circle", "-id"])]

    def __str__(self) -> str:
        return self.content[:60]

    @classmethod
    def prepare(cls, rows: Sequence["Message"]) -> None:
        """``mentions`` are those of the names in ``content`` that belong to the circle, in their order."""
        named = [(row, mentioned(row.content)) for row in rows]
        belong = _members({(row.circle_id, name) for row, names_ in named for name in names_})
        for row, names_ in named:
            row.mentions = [name for name in names_ if (row.circle_id, name) in belong]

    def guard(self) -> None:
        if self.before:
            raise ValidationError("A message does not change once it was said: it is in the log.")


def _members(asked: set[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those of ``asked``, pairs of a circle's id and a name, that are memberships."""
    if not asked:
        return set()
    circles, names_ = zip(*asked, strict=True)
    found = Membership.objects.filter(circle_id__in=set(circles), user__username__in=set(names_))
    return asked & set(found.values_list("circle_id", "user__username"))
