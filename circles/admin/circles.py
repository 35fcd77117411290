"""Circles in the admin: whose they are, what happens in them, and what may be done with several at once."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db import transaction
from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from circles import actions
from circles.models import Circle, Membership, Message
from gathering.accounts.models import User
from gathering.protocol.errors import GatheringError
from gathering.text import state

from .filters import LastMessage, Whose
from .members import MembersInline, NewMembersInline

Status = Circle.Status
Role = Membership.Role
MOST_INLINE = 100  # members; a form of more than 1,000 fields is refused (DATA_UPLOAD_MAX_NUMBER_FIELDS)
NAMED = 3  # owners of a circle in the list


class WhoForm(ActionForm):
    """Beside the actions: whom some of them are about."""

    who = forms.CharField(
        required=False,
        label="Who (names, to let in or put out):",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )


@admin.register(Circle)
class CircleAdmin(admin.ModelAdmin):
    action_form = WhoForm
    list_display = (
        "name",
        "title",
        "now",
        "owners",
        "people",
        "agents",
        "last_message",
        "created_at",
        "page",
    )
    list_filter = ("status", LastMessage, Whose)
    search_fields = ("name", "title", "description", "memberships__user__username")
    search_help_text = "Name, title or description of a circle, or the name of who is in it."
    date_hierarchy = "created_at"
    fields = ("name", "title", "description", "status", "last_message", "created_at")
    actions = ("let_in", "put_out", "resume", "pause", "archive")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Circle]:
        """Each count and the last message by an index, for the circles that are shown."""
        said = Message.objects.filter(circle=OuterRef("pk")).order_by("-pk").values("created_at")[:1]
        owners = Membership.objects.filter(role=Role.OWNER).select_related("user").order_by("pk")
        rows = (
            super()
            .get_queryset(request)
            .annotate(
                last_said=Subquery(said), size=_members(User.Kind.PERSON), minds=_members(User.Kind.AGENT)
            )
        )
        return rows.prefetch_related(Prefetch("memberships", owners, to_attr="owned_by"))

    def get_readonly_fields(self, request: HttpRequest, obj: Circle | None = None) -> tuple[str, ...]:
        return ("name", "last_message", "created_at") if obj else ("last_message", "created_at")

    def get_inlines(self, request: HttpRequest, obj: Circle | None) -> list[Any]:
        few = obj is not None and obj.memberships.count() <= MOST_INLINE
        return [MembersInline, NewMembersInline] if few else [NewMembersInline]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, ...]:
        """What goes along is counted: Django would load and list every message."""
        counts = {
            model._meta.verbose_name_plural: model.objects.filter(circle__in=objs).count()
            for model in (Membership, Message)
        }
        return [f"Circle: {circle}" for circle in objs], counts, set(), []

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        circle = form.instance
        if not change and not circle.memberships.filter(role=Role.OWNER).exists():
            Membership.objects.update_or_create(
                circle=circle, user=request.user, defaults={"role": Role.OWNER}
            )

    # What the list shows

    @admin.display(description="status", ordering="status")
    def now(self, circle: Circle) -> SafeString:
        return state(circle.status, circle.get_status_display())

    @admin.display(description="owners")
    def owners(self, circle: Any) -> str:
        names = [membership.user.username for membership in circle.owned_by]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return ", ".join(names[:NAMED]) + more or "nobody"

    @admin.display(description="people", ordering="size")
    def people(self, circle: Any) -> int:
        return int(circle.size)

    @admin.display(description="agents", ordering="minds")
    def agents(self, circle: Any) -> int:
        return int(circle.minds)

    @admin.display(description="last message", ordering="last_said", empty_value="never")
    def last_message(self, circle: Any) -> str | None:
        said = getattr(circle, "last_said", None)
        return said and localize(localtime(said))

    @admin.display(description="page")
    def page(self, circle: Circle) -> SafeString:
        return format_html('<a href="{}">Open</a>', circle.get_absolute_url())

    # What may be done with those that are chosen

    @admin.action(description="Let in whom the field names", permissions=["change"])
    def let_in(self, request: HttpRequest, queryset: QuerySet[Circle]) -> None:
        self._for_each(request, queryset, actions.add_member, "Let in")

    @admin.action(description="Put out whom the field names", permissions=["change"])
    def put_out(self, request: HttpRequest, queryset: QuerySet[Circle]) -> None:
        self._for_each(request, queryset, actions.remove_member, "Put out")

    @admin.action(description="Resume: messages are taken again", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Circle]) -> None:
        self._become(request, queryset, Status.ACTIVE)

    @admin.action(description="Pause: no messages are taken", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Circle]) -> None:
        self._become(request, queryset, Status.PAUSED)

    @admin.action(description="Archive: only to be read", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Circle]) -> None:
        self._become(request, queryset, Status.ARCHIVED)

    def _for_each(
        self, request: HttpRequest, queryset: QuerySet[Circle], action: Callable[..., Any], done: str
    ) -> None:
        """By the same action as in REST; what it refuses is said, and the rest is done."""
        names = request.POST.get("who", "").replace(",", " ").replace("@", " ").split()
        if not names:
            messages.error(request, "Write names into the field beside the actions, such as: bob robo")
        for circle in queryset.order_by("name"):
            for name in names:
                try:
                    action(request.user, circle.name, name)
                except GatheringError as error:
                    messages.error(request, f"{name}, {circle}: {error.detail}")
                else:
                    self.log_change(request, circle, f"{done}: {name}.")
                    messages.success(request, f"{done}: {name}, {circle}.")

    def _become(self, request: HttpRequest, queryset: QuerySet[Circle], status: str) -> None:
        with transaction.atomic():
            changed = list(queryset.exclude(status=status).order_by("name"))
            for circle in changed:  # in this order, so that two of us cannot lock each other out
                circle.status = status
                circle.save(update_fields=["status"])
                self.log_change(request, circle, f"Now {status}.")
        messages.success(request, f"Now {status}: {len(changed)}.")


def _members(kind: str) -> Coalesce:
    """How many of a kind are in a circle."""
    rows = Membership.objects.filter(circle=OuterRef("pk"), user__kind=kind).order_by().values("circle")
    return Coalesce(Subquery(rows.annotate(count=Count("pk")).values("count")), 0)
