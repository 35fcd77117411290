"""Streams in the admin: where each stands, its latest events, a new epoch, pruning."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from . import log
from .models import Stream

LATEST = 20


@admin.register(Stream)
class StreamAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    list_display = ("name", "head", "floor", "kept", "epoch", "created_at")
    search_fields = ("name",)
    fields = ("name", "epoch", "head", "floor", "kept", "created_at", "latest")
    readonly_fields = fields
    actions = ("renew", "prune")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Stream | None = None) -> bool:
        return False

    @admin.display(description="events kept")
    def kept(self, stream: Stream) -> int:
        return stream.head - stream.floor

    @admin.display(description=f"latest {LATEST} events")
    def latest(self, stream: Stream) -> SafeString:
        events = log.read(stream.name, max(stream.floor, stream.head - LATEST))
        return format_html_join("\n", "<div><code>{}</code></div>", ((e.text,) for e in events))

    @admin.action(description="Give a new epoch (after a restore): old cursors are refused")
    def renew(self, request: HttpRequest, queryset: QuerySet[Stream]) -> None:
        for stream in queryset:
            log.renew(stream.name)
        messages.success(request, "Done.")

    @admin.action(description="Prune what is older than the retention")
    def prune(self, request: HttpRequest, queryset: QuerySet[Stream]) -> None:
        days = settings.GATHERING_RETENTION_DAYS
        if not days:
            messages.error(request, "GATHERING_RETENTION_DAYS is 0: everything is kept.")
            return
        before = timezone.now() - timedelta(days=days)
        removed = sum(log.prune(stream.name, before=before) for stream in queryset)
        messages.success(request, f"{removed} events forgotten.")
