"""Agents: what stands on the user that an agent is, and what it does."""

from typing import Any, ClassVar, Self

import orjson
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from circles.models import Circle, Membership
from gathering.hub.models import Announced, AnnouncedQuerySet
from gathering.protocol import names

from .errands import Approval, Errand, Following
from .mind import Mind

__all__ = ["Activity", "Agent", "Approval", "Errand", "Following", "Part", "Run"]

ACTIVITY = "agent_activity"  # the type of the events that tell of it
ENDS_OF_TEXT = ("TEXT_MESSAGE_END", "TOOL_CALL_END", "REASONING_MESSAGE_END")
MAX_KEY = 200  # characters of an id that an agent gives: of a run, a message, a tool call


class AgentQuerySet(AnnouncedQuerySet):
    def visible_to(self, user: Any) -> Self:
        """Itself, those that ``user`` owns, and those in a circle with it; for staff all."""
        if not user.is_active:
            return self.none()
        if user.is_staff:
            return self
        beside = Membership.objects.filter(circle__in=user.memberships.values("circle"))
        return self.filter(Q(user=user) | Q(owner=user) | Q(user__in=beside.values("user")))


class Agent(Mind, Announced):
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
    reported_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = models.Manager.from_queryset(AgentQuerySet)()

    class Meta:
        ordering = ("user__username",)
        base_manager_name = "objects"

    def __str__(self) -> str:
        return self.user.username

    @property
    def channel(self) -> str:
        """The name of its stream."""
        return names.join("agents", self.pk)

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("agent", args=[self.pk])


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: Any) -> Self:
        """Those of the agents that ``user`` may see."""
        return self.filter(agent__in=Agent.objects.visible_to(user).order_by().values("pk"))

    def open(self) -> Self:
        """Those that have not ended."""
        return self.filter(status=Run.Status.RUNNING)


class Run(models.Model):
    """One turn of an agent, from RUN_STARTED to RUN_FINISHED or RUN_ERROR; an agent has one at a time.

    AG-UI says of the events in between only that they are the agent's, so with two open runs nobody
    could tell whose they are.
    """

    class Status(models.TextChoices):
        RUNNING = "running"
        FINISHED = "finished"
        INTERRUPTED = "interrupted"
        CANCELLED = "cancelled"
        FAILED = "failed"

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="runs")
    run_id = models.CharField(max_length=MAX_KEY, help_text="As the agent calls it.")
    thread = models.CharField(max_length=MAX_KEY, help_text="What it belongs to, as the agent says.")
    circle = models.ForeignKey(
        Circle,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="runs",
        help_text="The circle of that name, if the agent belongs to it.",
    )
    parent_run_id = models.CharField(max_length=MAX_KEY, blank=True)
    status = models.CharField(max_length=11, choices=Status, default=Status.RUNNING)
    error = models.TextField(blank=True)
    error_code = models.CharField(max_length=MAX_KEY, blank=True)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cost = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    tool_calls = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(default=timezone.now)
    reported_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(RunQuerySet)()

    class Meta:
        ordering = ("-pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agent", "run_id"], name="a_run_id_is_used_once"),
            models.UniqueConstraint(
                fields=["agent"], condition=Q(status="running"), name="one_open_run_for_each_agent"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["agent", "-id"])]

    def __str__(self) -> str:
        return self.run_id

    def get_absolute_url(self) -> str:
        """The page of its agent, with it."""
        return f"{reverse('agent', args=[self.agent_id])}?run={self.pk}"


class Activity(Announced):
    """One event of an agent that is kept: ``data`` is the JSON text of the AG-UI event, unchanged.

    JSON text, because PostgreSQL's own JSON refuses a NUL that JSON may hold.
    """

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="activities")
    run = models.ForeignKey(Run, models.CASCADE, null=True, blank=True, related_name="activities")
    type = models.CharField(max_length=64)
    subject = models.CharField(
        max_length=MAX_KEY, blank=True, help_text="The message, tool call or step that it is about."
    )
    data = models.TextField()
    content = models.TextField(blank=True, help_text="Of an END: the whole text, or the whole arguments.")
    truncated = models.BooleanField(default=False, help_text="Whether it was cut to the longest we keep.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        verbose_name_plural = "activities"
        indexes: ClassVar = [models.Index(fields=["run", "type", "subject"])]

    def __str__(self) -> str:
        return f"{self.type} {self.subject}".strip()

    @property
    def event(self) -> Any:
        """The event of AG-UI."""
        return orjson.loads(self.data)

    @property
    def beside(self) -> dict[str, Any]:
        """What stands beside the event: the whole text that an END ends, and whether anything was cut."""
        content = {"content": self.content} if self.type in ENDS_OF_TEXT else {}
        return {**content, "truncated": True} if self.truncated else content


class Part(models.Model):
    """What a run has begun and not yet ended (a message, a tool call, a step), and its text so far."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="parts")
    kind = models.CharField(max_length=17)
    key = models.CharField(max_length=MAX_KEY)
    text = models.TextField(blank=True)
    length = models.BigIntegerField(default=0, help_text="With what was over the limit and is not kept.")
    chunked = models.BooleanField(default=False, help_text="Begun by a chunk: it ends with the next part.")
    started_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "kind", "key"], name="a_part_is_begun_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    def add(self, delta: str) -> int:
        """Add to its text, as far as we keep it; returns how many characters came before."""
        before, most = self.length, settings.GATHERING_MAX_ACTIVITY
        self.length += len(delta)
        self.text += (delta[: max(0, most - before)] if most else delta).replace("\0", "\ufffd")
        return before

    def replace(self, text: str) -> None:
        """Have another text, the whole of it."""
        self.text, self.length = "", 0
        self.add(text)
