"""Agents: what stands on the user that an agent is."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from circles.models import Membership
from gathering.hub.models import Announced, AnnouncedQuerySet
from gathering.protocol import names


class AgentQuerySet(AnnouncedQuerySet):
    def visible_to(self, user: Any) -> Self:
        """Itself, those that ``user`` owns, and those in a circle with it; for staff all."""
        if not user.is_active:
            return self.none()
        if user.is_staff:
            return self
        beside = Membership.objects.filter(circle__in=user.memberships.values("circle"))
        return self.filter(Q(user=user) | Q(owner=user) | Q(user__in=beside.values("user")))


class Agent(Announced):
    class Status(models.TextChoices):
        OFFLINE = "offline"
        IDLE = "idle"
        THINKING = "thinking"
        WORKING = "working"
        WAITING = "waiting", "waiting for approval"
        ERROR = "error"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="agent"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="agents"
    )
    description = models.TextField(max_length=4000, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.OFFLINE)

    objects = models.Manager.from_queryset(AgentQuerySet)()

    class Meta:
        ordering = ("user__username",)

    def __str__(self) -> str:
        return self.user.username

    @property
    def channel(self) -> str:
        """The name of its stream."""
        return names.join("agents", self.pk)
