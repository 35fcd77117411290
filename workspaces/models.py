"""Workspaces, and the picture of what is in them."""

from collections.abc import Iterable
from typing import Any, ClassVar, NoReturn, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import connection, models
from django.dispatch import Signal
from django.urls import reverse
from django.utils import timezone

from circles.models import Circle
from gathering.hub.models import Announced, AnnouncedQuerySet
from gathering.protocol import names

from .picture import Entry, Kind

# Sent in the transaction, with ``workspace``, ``changes``, ``actor`` (a user or None) and ``batch``.
picture_changed = Signal()
AFTER_SLASH = chr(ord("/") + 1)


class WorkspaceQuerySet(AnnouncedQuerySet):
    def visible_to(self, user: Any) -> Self:
        """The workspaces of the circles that ``user`` may see."""
        if not user.is_active:
            return self.none()
        return self if user.is_staff else self.filter(circle__memberships__user=user)

    def seen_by(self, users: Iterable[Any]) -> set[tuple[int, int]]:
        """Pairs of a user's id and the id of a workspace: ``visible_to`` for many at once."""
        active = [user for user in users if user.is_active]
        members = self.filter(circle__memberships__user__in=[user for user in active if not user.is_staff])
        pairs = set(members.order_by().values_list("circle__memberships__user_id", "pk"))
        if staff := [user.pk for user in active if user.is_staff]:
            pairs |= {(pk, key) for key in self.order_by().values_list("pk", flat=True) for pk in staff}
        return pairs


class Workspace(Announced):
    class State(models.TextChoices):
        NEW = "new", "not looked at yet"
        OK = "ok"
        MISSING = "missing"
        UNREADABLE = "unreadable"

    circle = models.ForeignKey(Circle, models.CASCADE, related_name="workspaces")
    title = models.CharField(max_length=200)
    path = models.CharField(
        max_length=1000,
        validators=[RegexValidator(r"^/[^\0]*\Z", "A path from the root, such as /srv/code.")],
        help_text="A directory on this server, from the root.",
    )
    ignore = models.TextField(
        max_length=4000,
        blank=True,
        help_text="Patterns as in a .gitignore, one on a line, beside those of the directory itself.",
    )
    trusted = models.BooleanField(
        default=False, help_text="Its git may run the filters that its configuration names."
    )
    state = models.CharField(max_length=10, choices=State, default=State.NEW, editable=False)
    note = models.CharField(max_length=500, blank=True, editable=False)
    git = models.JSONField(null=True, blank=True, editable=False)
    commit = models.JSONField(null=True, blank=True, editable=False)
    revision = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = models.Manager.from_queryset(WorkspaceQuerySet)()

    class Meta:
        ordering = ("circle__name", "title")

    def __str__(self) -> str:
        return self.title

    @property
    def channel(self) -> str:
        """The name of its stream."""
        return names.join("workspaces", self.pk)

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("workspace", args=[self.pk])

    def guard(self) -> None:
        if self.before.get("circle_id", self.circle_id) != self.circle_id:
            raise ValidationError({"circle": "A workspace stays in its circle: its log is for those in it."})


class LeaseQuerySet(AnnouncedQuerySet):
    def running(self) -> Self:
        return self.filter(until__gt=timezone.now())

    def over(self) -> Self:
        return self.filter(until__lte=timezone.now())


class Lease(Announced):
    """Somebody says which paths it is editing.  Nothing is locked: others see it, and whoever changes
    something there is named in a notice.  It ends by itself, at ``until``."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="leases")
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="leases")
    paths = models.JSONField()
    note = models.CharField(max_length=200, blank=True)
    api_only = models.BooleanField(default=False)
    until = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = models.Manager.from_queryset(LeaseQuerySet)()

    class Meta:
        ordering = ("pk",)
        indexes: ClassVar = [models.Index(fields=["workspace", "until"])]

    def __str__(self) -> str:
        return ", ".join(self.paths)

    @property
    def is_over(self) -> bool:
        return self.until <= timezone.now()

    def covers(self, path: str) -> bool:
        """Whether ``path`` is leased, or is in a folder that is."""
        return any(leased in ("", path) or path.startswith(f"{leased}/") for leased in self.paths)

    def is_in(self, folder: str) -> bool:
        """Whether something that is leased is in ``folder``."""
        return any(leased.startswith(f"{folder}/") for leased in self.paths)


class WorkspaceFileQuerySet(models.QuerySet["WorkspaceFile"]):
    def below(self, folder: str) -> Self:
        """What is in ``folder``, and in the folders in it."""
        if not folder:
            return self
        if connection.vendor == "sqlite":  # whose LIKE takes "A" for "a", and uses no index
            return self.filter(path__gt=f"{folder}/", path__lt=f"{folder}{AFTER_SLASH}")
        return self.filter(path__startswith=f"{folder}/")

    def pictured(self) -> dict[str, Entry]:
        """The entries by path."""
        columns = self.order_by().values_list("path", "kind", "size", "mtime_ns", "inode", "digest")
        return {path: Entry(Kind(kind), *rest) for path, kind, *rest in columns.iterator(chunk_size=5000)}


class WorkspaceFile(models.Model):
    """One entry of the picture of a directory.

    ``actions.record`` alone changes it, many rows at once, and tells what it changed; so one cannot be
    saved or deleted by itself.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="files")
    path = models.TextField()  # as paths.py writes it
    folder = models.TextField(blank=True)  # the path of the folder that it is in
    kind = models.CharField(max_length=7, choices=[(kind.value, kind.value) for kind in Kind])
    size = models.BigIntegerField()
    mtime_ns = models.BigIntegerField()
    inode = models.BigIntegerField()
    digest = models.CharField(max_length=64, blank=True)

    objects = models.Manager.from_queryset(WorkspaceFileQuerySet)()

    class Meta:
        ordering = ("workspace", "path")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "path"], name="one_entry_for_each_path")
        ]
        indexes: ClassVar = [models.Index(fields=["workspace", "folder", "path"])]

    def __str__(self) -> str:
        return self.path

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("The picture of a workspace is changed by actions.record alone.")

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("The picture of a workspace is changed by actions.record alone.")

    @property
    def entry(self) -> Entry:
        return Entry(Kind(self.kind), self.size, self.mtime_ns, self.inode, self.digest)
