"""Errands and approvals in the admin: looked at, stopped, and said yes or no to."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from gathering.protocol.errors import GatheringError

from . import oversight
from .models import Approval, Errand


class Kept(admin.ModelAdmin):
    """What happened is not changed here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_oversee_permission(self, request: HttpRequest) -> bool:
        """For actions, which go by the same rules as REST: staff who may change agents."""
        return bool(request.user.has_perm("agents.change_agent"))


@admin.register(Errand)
class ErrandAdmin(Kept):
    list_display = (
        "run_id",
        "agent",
        "reason",
        "state",
        "problem",
        "hops",
        "attempt",
        "tokens",
        "created_at",
    )
    list_filter = ("state", "reason", "problem")
    list_select_related = ("agent__user",)
    search_fields = ("agent__user__username", "problem", "message__content")
    date_hierarchy = "created_at"
    raw_id_fields = ("message", "answer")
    actions = ("stop",)

    @admin.action(description="Stop them", permissions=["oversee"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Errand]) -> None:
        open_ = queryset.filter(state__in=(Errand.State.QUEUED, Errand.State.RUNNING))
        for errand in open_:
            oversight.stop_errand(request.user, errand)
        messages.success(request, f"Being stopped: {len(open_)}.")


@admin.register(Approval)
class ApprovalAdmin(Kept):
    list_display = ("tool", "agent", "run_id", "decision", "decided_by", "deadline", "created_at")
    list_filter = ("decision", "tool")
    list_select_related = ("errand__agent__user", "decided_by")
    search_fields = ("tool", "run_id", "arguments", "errand__agent__user__username")
    actions = ("approve", "reject")

    @admin.display(description="agent")
    def agent(self, approval: Approval) -> str:
        return str(approval.errand.agent)

    @admin.action(description="Say yes", permissions=["oversee"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Approval]) -> None:
        self._decide(request, queryset, Approval.Decision.APPROVED)

    @admin.action(description="Say no", permissions=["oversee"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Approval]) -> None:
        self._decide(request, queryset, Approval.Decision.REJECTED)

    def _decide(self, request: HttpRequest, queryset: QuerySet[Approval], decision: str) -> None:
        """By the same action as in REST, which says who may: viewing here is for staff."""
        done = 0
        for approval in queryset.pending():
            try:
                oversight.decide(request.user, approval.pk, decision)
                done += 1
            except GatheringError as error:
                messages.warning(request, f"{approval}: {error.detail}")
        messages.success(request, f"{decision.capitalize()}: {done}.")
