from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from .models import Circle, Membership, Message

Status = Circle.Status


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)
    readonly_fields = ("joined_at",)


@admin.register(Circle)
class CircleAdmin(admin.ModelAdmin):
    list_display = ("name", "title", "status", "people_and_agents", "created_at")
    list_filter = ("status", "created_at")
    search_fields = ("name", "title", "description")
    inlines = (MembershipInline,)
    actions = ("resume", "pause", "archive")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Circle]:
        return super().get_queryset(request).annotate(size=Count("memberships"))

    def get_readonly_fields(self, request: HttpRequest, obj: Circle | None = None) -> tuple[str, ...]:
        return ("name", "created_at") if obj else ()

    @admin.display(description="members", ordering="size")
    def people_and_agents(self, circle: Any) -> int:
        return int(circle.size)

    @admin.action(description="Resume: messages are taken again")
    def resume(self, request: HttpRequest, queryset: QuerySet[Circle]) -> None:
        self._become(request, queryset, Status.ACTIVE)

    @admin.action(description="Pause: no messages are taken")
    def pause(self, request: HttpRequest, queryset: QuerySet[Circle]) -> None:
        self._become(request, queryset, Status.PAUSED)

    @admin.action(description="Archive: only to be read")
    def archive(self, request: HttpRequest, queryset: QuerySet[Circle]) -> None:
        self._become(request, queryset, Status.ARCHIVED)

    def _become(self, request: HttpRequest, queryset: QuerySet[Circle], status: str) -> None:
        changed = Circle.objects.filter(pk__in=queryset.values("pk")).update(status=status)
        messages.success(request, f"{changed} now {status}.")


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin):
    """Read-only: what was said was said, and is in the log."""

    list_display = ("id", "circle", "author", "__str__", "created_at")
    list_filter = ("circle", "created_at")
    list_select_related = ("circle", "author")
    search_fields = ("content", "author__username")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        # Only along with its circle, which the circle's page asks for.
        return request.path.startswith("/admin/circles/circle/")
