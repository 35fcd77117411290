"""What agents that GatheRing runs are called to do, and what they ask people for."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import ExpressionWrapper, Q, Value
from django.utils import timezone

from circles.models import Circle, Membership, Message
from gathering.hub.models import Announced, AnnouncedQuerySet


class ErrandQuerySet(models.QuerySet["Errand"]):
    def due(self) -> Self:
        """Those that may be taken: their agent rests no more and has no other under way."""
        now = timezone.now()
        busy = Errand.objects.filter(state=Errand.State.RUNNING).order_by().values("agent")
        rests = Q(agent__rests_until__gt=now)
        return self.filter(state=Errand.State.QUEUED).exclude(rests).exclude(agent__in=busy)

    def today(self) -> Self:
        """Those that were begun today (UTC): what is counted against the budget of a day."""
        midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
        return self.filter(started_at__gte=midnight)

    def abandoned(self) -> Self:
        """Those whose lease is over: the process that had them is gone."""
        return self.filter(state=Errand.State.RUNNING, leased_until__lt=timezone.now())


class Errand(models.Model):
    """One message that one agent is to answer; made in the transaction of the message.

    Queued, it waits for a process.  Running, it is some process's until ``leased_until``, which that
    renews; whoever finds a lease that is over ends the run, and takes the errand again if nothing of the
    answer had begun.
    """

    class Reason(models.TextChoices):
        MENTIONED = "mentioned"
        REPLIED = "replied", "replied to"
        ASKED = "asked"
        ALWAYS = "always"

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        STOPPED = "stopped"

    agent = models.ForeignKey("agents.Agent", models.CASCADE, related_name="errands")
    message = models.ForeignKey(Message, models.CASCADE, related_name="errands")
    reason = models.CharField(max_length=9, choices=Reason)
    hops = models.PositiveIntegerField(help_text="Agents in a row that led here, with no person in between.")
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=64, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    begun = models.BooleanField(default=False, help_text="Something of its answer may have been seen.")
    tokens = models.PositiveIntegerField(default=0)
    answer = models.ForeignKey(Message, models.SET_NULL, null=True, blank=True, related_name="answered")
    problem = models.CharField(max_length=64, blank=True, help_text="The code of what ended it.")
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(ErrandQuerySet)()

    class Meta:
        ordering = ("-pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agent", "message"], name="one_errand_for_each_message"),
            models.UniqueConstraint(
                fields=["agent"], condition=Q(state="running"), name="one_errand_at_a_time"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["agent", "started_at"]),
            models.Index(
                fields=["state", "id"], condition=Q(state__in=("queued", "running")), name="errands_open"
            ),
        ]

    def __str__(self) -> str:
        return self.run_id

    @property
    def run_id(self) -> str:
        """The id of its present run: a second attempt is another run."""
        return f"run-{self.pk}" if self.attempt <= 1 else f"run-{self.pk}-{self.attempt}"

    @property
    def reply_to(self) -> int | None:
        """The message that its answer replies to: none, if it answers whatever is said."""
        return None if self.reason == self.Reason.ALWAYS else self.message_id


class Following(models.Model):
    """How far an agent that answers always has heard a circle."""

    agent = models.ForeignKey("agents.Agent", models.CASCADE, related_name="followings")
    circle = models.ForeignKey(Circle, models.CASCADE, related_name="+")
    seq = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agent", "circle"], name="one_following_for_each_circle")
        ]

    def __str__(self) -> str:
        return f"{self.agent} in {self.circle}"


class ApprovalQuerySet(AnnouncedQuerySet):
    def visible_to(self, user: Any) -> Self:
        """Those of circles that ``user`` belongs to and of agents that it owns; for staff all."""
        if user.is_staff or not user.is_active:
            return self if user.is_active else self.none()
        circles = user.memberships.order_by().values("circle")
        mine = Q(errand__message__circle__in=circles) | Q(errand__agent__owner=user)
        return self.filter(mine)

    def judged_for(self, user: Any) -> Self:
        """Each with ``may_decide``: whether the word of ``user`` counts."""
        if user.is_agent or user.is_staff:
            return self.annotate(may_decide=Value(bool(user.is_staff and not user.is_agent)))
        posts = user.memberships.exclude(role=Membership.Role.OBSERVER).order_by().values("circle")
        mine = Q(errand__message__circle__in=posts) | Q(errand__agent__owner=user)
        return self.annotate(may_decide=ExpressionWrapper(mine, models.BooleanField()))

    def pending(self) -> Self:
        return self.filter(decision="")


class Approval(Announced):
    """A call that waits for a person's yes.  Silence until the deadline is a no."""

    class Decision(models.TextChoices):
        APPROVED = "approved"
        REJECTED = "rejected"
        EXPIRED = "expired"

    errand = models.ForeignKey(Errand, models.CASCADE, related_name="approvals")
    run_id = models.CharField(max_length=200)
    tool = models.CharField(max_length=64)
    arguments = models.TextField()
    deadline = models.DateTimeField()
    decision = models.CharField(max_length=8, choices=Decision, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = models.Manager.from_queryset(ApprovalQuerySet)()

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.tool} for {self.run_id}"
