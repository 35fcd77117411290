"""Agents in the admin."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest

from gathering.accounts import tokens
from gathering.accounts.models import User
from gathering.hub import access

from . import errand_admin, oversight  # noqa: F401 (it registers itself)
from .forms import AgentForm
from .guards import BOUNDS
from .models import Activity, Agent, Errand, Run


@admin.register(Agent)
class AgentAdmin(admin.ModelAdmin):
    form = AgentForm
    list_display = ("user", "status", "provider", "answers", "owner", "description")
    list_filter = ("status", "provider", "answers", ("owner", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("user", "owner")
    search_fields = ("user__username", "user__display_name", "description", "owner__username")
    autocomplete_fields = ("user", "owner")
    fieldsets = (
        (None, {"fields": ("user", "owner", "description", "status")}),
        (
            "What answers for it",
            {
                "fields": ("provider", "model", "temperature", "persona", "history", "answers"),
                "description": "Leave the provider empty for an agent that holds a token and runs elsewhere.",
            },
        ),
        (
            "Guards",
            {
                "fields": ("needs_approval", *BOUNDS),
                "description": "None can be switched off; an empty one is at its default.",
            },
        ),
    )
    actions = ("stop_errands", "close_sockets", "revoke_tokens")

    def get_readonly_fields(self, request: HttpRequest, obj: Agent | None = None) -> tuple[str, ...]:
        return ("user",) if obj else ()

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **options: Any
    ) -> forms.ModelChoiceField | None:
        kind = User.Kind.AGENT if db_field.name == "user" else User.Kind.PERSON
        options["queryset"] = User.objects.filter(kind=kind)
        return super().formfield_for_foreignkey(db_field, request, **options)

    @admin.action(description="Stop what they are doing, and what waits for them", permissions=["change"])
    def stop_errands(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        open_ = (Errand.State.QUEUED, Errand.State.RUNNING)
        errands = Errand.objects.filter(agent__in=queryset, state__in=open_)
        for errand in errands:
            oversight.stop_errand(request.user, errand)
        messages.success(request, f"Being stopped: {len(errands)}.")

    @admin.action(description="Close their sockets (they may come back)", permissions=["change"])
    def close_sockets(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        with transaction.atomic():
            for agent in queryset:
                access.changed(user_id=agent.pk, kick=True)
        messages.success(request, "Their sockets are being closed.")

    @admin.action(description="Revoke their tokens", permissions=["change"])
    def revoke_tokens(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        with transaction.atomic():
            revoked = sum(tokens.revoke_all(agent.user) for agent in queryset.select_related("user"))
        messages.success(request, f"Tokens revoked: {revoked}.")


class ReadOnlyAdmin(admin.ModelAdmin):
    """What an agent did is looked at here, and not changed."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("run_id", "agent", "thread", "status", "tool_calls", "started_at", "ended_at")
    list_filter = ("status",)
    list_select_related = ("agent__user",)
    search_fields = ("run_id", "thread", "agent__user__username", "error")
    date_hierarchy = "started_at"


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    list_display = ("type", "subject", "agent", "run", "created_at")
    list_filter = ("type",)
    list_select_related = ("agent__user", "run")
    search_fields = ("subject", "run__run_id", "agent__user__username")
