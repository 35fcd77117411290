"""Streams in the admin: where each stands, its latest events, a new epoch, pruning.

Nothing can be edited: a head that was written back from a form would give a ``seq`` twice.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from . import log
from .models import Stream

LATEST = 20
LONGEST = 500  # characters of an event that are shown


@admin.register(Stream)
class StreamAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # it takes none at run time
    list_display = ("name", "head", "floor", "retained", "epoch", "created_at")
    search_fields = ("name",)
    fields = ("name", "epoch", "head", "floor", "retained", "created_at", "latest")
    readonly_fields = fields
    show_full_result_count = False
    actions = ("renew", "prune")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Stream | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Stream | None = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Who may use the actions."""
        return request.user.has_perm("hub.change_stream")

    @admin.display(description="events retained")
    def retained(self, stream: Stream) -> int:
        return stream.head - stream.floor

    @admin.display(description=f"latest {LATEST} events")
    def latest(self, stream: Stream) -> SafeString:
        events = log.read(stream.name, max(stream.floor, stream.head - LATEST))
        lines = ((event.text[:LONGEST],) for event in reversed(events))
        return format_html("<pre>{}</pre>", format_html_join("\n", "{}", lines))

    @admin.action(
        description="Give a new epoch (after a restore): old cursors are refused",
        permissions=["operate"],
    )
    def renew(self, request: HttpRequest, queryset: QuerySet[Stream]) -> None:
        for stream in queryset:
            log.renew(stream.name)
            self.log_change(request, stream, "Given a new epoch.")
        messages.success(request, f"Given a new epoch: {len(queryset)}.")

    @admin.action(description="Prune what is older than the retention", permissions=["operate"])
    def prune(self, request: HttpRequest, queryset: QuerySet[Stream]) -> None:
        days = settings.GATHERING_RETENTION_DAYS
        if not days:
            messages.error(request, "GATHERING_RETENTION_DAYS is 0: everything is kept.")
            return
        before = timezone.now() - timedelta(days=days)
        removed = sum(log.prune(stream.name, before=before) for stream in queryset)
        messages.success(request, f"Events forgotten: {removed}.")
