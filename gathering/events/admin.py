"""Dead letters in the admin: read, retried, thrown away; and how far the bus lags behind."""

from __future__ import annotations

import json
from typing import Any

import redis
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from gathering.protocol.errors import GatheringError

from .bus import EventBus
from .models import DeadLetter
from .queue import connect


@admin.register(DeadLetter)
class DeadLetterAdmin(admin.ModelAdmin):
    list_display = ("type", "key", "tries", "error_begins", "created_at")
    list_filter = ("type", "created_at")
    search_fields = ("type", "key", "ref", "data", "error")
    fields = readonly_fields = ("type", "key", "ref", "tries", "error", "data", "created_at")
    date_hierarchy = "created_at"
    actions = ("retry",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: DeadLetter | None = None) -> bool:
        return False

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("events.change_deadletter")

    @admin.display(description="error")
    def error_begins(self, letter: DeadLetter) -> str:
        return letter.error[:120]

    @admin.action(description="Publish them again", permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        retried = 0
        for letter in queryset:
            try:
                # Deleted after: if it is published and not deleted, the same id is done once all the same.
                EventBus().publish(letter.type, json.loads(letter.data), id=letter.ref)
            except (GatheringError, ValueError) as error:
                self.message_user(request, f"{letter.key}: {error}", messages.ERROR)
                continue
            letter.delete()
            retried += 1
        self.message_user(request, f"Published again: {retried}.")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = {"title": f"Dead letters ({_lag()})"}
        return super().changelist_view(request, {**title, **(extra_context or {})})


def _lag() -> str:
    if not settings.REDIS_URL:
        return "no Redis: handlers run where it is published"
    try:
        return "{waiting} waiting, {in_work} in work, {workers} workers".format(**connect().lag())
    except redis.RedisError:
        return "Redis is away"
