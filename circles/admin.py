"""Circles, members and messages in the admin; what is done here reaches every live socket."""

from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.functional import cached_property

from .models import Circle, Membership, Message

Status = Circle.Status
Role = Membership.Role
MOST_INLINE = 100  # members; a form of more than 1,000 fields is refused (DATA_UPLOAD_MAX_NUMBER_FIELDS)


class MembersInline(admin.TabularInline):
    """Those who are in: their user is text, for a field of choices would cost a query for each row."""

    model = Membership
    verbose_name_plural = "members"
    readonly_fields = ("user", "joined_at")
    fields = ("user", "role", "joined_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user", "circle")

    def has_add_permission(self, request: HttpRequest, obj: Circle | None = None) -> bool:
        return False


class NewMembers(BaseInlineFormSet):
    def clean(self) -> None:
        """Nobody twice: the form of a row cannot see its circle, and so not the constraint."""
        super().clean()
        known = set(self.instance.memberships.values_list("user", flat=True)) if self.instance.pk else set()
        for form in self.forms:
            user = form.cleaned_data.get("user") if form.is_valid() else None
            if user is not None and user.pk in known:
                form.add_error("user", f"{user} is in already.")
            elif user is not None:
                known.add(user.pk)


class NewMembersInline(admin.TabularInline):
    """Those who are let in."""

    model = Membership
    formset = NewMembers
    verbose_name_plural = "let in"
    fields = ("user", "role")
    autocomplete_fields = ("user",)
    extra = 1

    def has_view_permission(self, request: HttpRequest, obj: Circle | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Circle | None = None) -> bool:
        return False


@admin.register(Circle)
class CircleAdmin(admin.ModelAdmin):
    list_display = ("name", "title", "status", "people_and_agents", "created_at")
    list_filter = ("status", "created_at")
    search_fields = ("name", "title", "description")
    actions = ("resume", "pause", "archive")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Circle]:
        return super().get_queryset(request).annotate(size=Count("memberships"))

    def get_readonly_fields(self, request: HttpRequest, obj: Circle | None = None) -> tuple[str, ...]:
        return ("name", "created_at") if obj else ()

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

    @admin.display(description="members", ordering="size")
    def people_and_agents(self, circle: Any) -> int:
        return int(circle.size)

    @admin.action(description="Resume: messages are taken again", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Circle]) -> None:
        self._become(request, queryset, Status.ACTIVE)

    @admin.action(description="Pause: no messages are taken", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Circle]) -> None:
        self._become(request, queryset, Status.PAUSED)

    @admin.action(description="Archive: only to be read", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Circle]) -> None:
        self._become(request, queryset, Status.ARCHIVED)

    def _become(self, request: HttpRequest, queryset: QuerySet[Circle], status: str) -> None:
        with transaction.atomic():
            changed = list(queryset.exclude(status=status).order_by("name"))
            for circle in changed:  # in this order, so that two of us cannot lock each other out
                circle.status = status
                circle.save(update_fields=["status"])
                self.log_change(request, circle, f"Now {status}.")
        messages.success(request, f"Now {status}: {len(changed)}.")


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    list_display = ("circle", "user", "role", "joined_at")
    list_filter = ("role", "user__kind")
    list_select_related = ("circle", "user")
    search_fields = ("circle__name", "user__username")
    autocomplete_fields = ("circle", "user")
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("circle", "user", "joined_at") if obj else ()


class ShortPaginator(Paginator):
    """Counts no further than anybody leafs: older messages are found by a search or a filter."""

    @cached_property
    def count(self) -> int:
        return int(self.object_list.order_by()[:10_000].count())


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin):
    """Read-only: what was said was said, and is in the log."""

    list_display = ("id", "circle", "author", "__str__", "created_at")
    list_filter = ("circle", "author__kind", "created_at")
    list_select_related = ("circle", "author")
    search_fields = ("content", "author__username")
    ordering = ("-pk",)
    fields = ("circle", "author", "content", "reply_to", "mentions", "created_at")
    paginator = ShortPaginator
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False
