"""Errands and approvals in the admin: looked at, stopped, and said yes or no to."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from agents import oversight
from agents.models import Approval, Errand
from gathering.protocol.errors import GatheringError
from gathering.templatetags.pages import lasted
from gathering.text import state

from .filters import ByTool, Decided, Problem
from .kept import KeptAdmin

SHORT = 80  # characters of the arguments of a call in the list


@admin.register(Errand)
class ErrandAdmin(KeptAdmin):
    list_display = (
        "run_id",
        "agent",
        "circle",
        "asked_by",
        "reason",
        "now",
        "problem",
        "tokens",
        "created_at",
        "took",
    )
    list_filter = ("state", "reason", Problem, "created_at")
    list_select_related = ("agent__user", "message__circle", "message__author")
    search_fields = ("agent__user__username", "problem", "message__content", "message__circle__name")
    raw_id_fields = ("message", "answer")
    actions = ("stop",)

    @admin.display(description="circle")
    def circle(self, errand: Errand) -> str:
        return errand.message.circle.name

    @admin.display(description="asked by")
    def asked_by(self, errand: Errand) -> str:
        return str(errand.message.author)

    @admin.display(description="state")
    def now(self, errand: Errand) -> SafeString:
        return state(errand.state, errand.get_state_display())

    @admin.display(description="took", empty_value="not begun")
    def took(self, errand: Errand) -> str | None:
        return lasted(errand.started_at, errand.ended_at) if errand.started_at else None

    @admin.action(description="Stop them", permissions=["oversee"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Errand]) -> None:
        open_ = queryset.filter(state__in=(Errand.State.QUEUED, Errand.State.RUNNING))
        for errand in open_:
            oversight.stop_errand(request.user, errand)
        messages.success(request, f"Being stopped: {len(open_)}.")


@admin.register(Approval)
class ApprovalAdmin(KeptAdmin):
    list_display = ("tool", "agent", "circle", "asks", "now", "decided_by", "deadline", "created_at")
    list_filter = (Decided, ByTool, "created_at")
    list_select_related = ("errand__agent__user", "errand__message__circle", "decided_by")
    search_fields = ("tool", "run_id", "arguments", "errand__agent__user__username")
    actions = ("approve", "reject")

    @admin.display(description="agent")
    def agent(self, approval: Approval) -> str:
        return str(approval.errand.agent)

    @admin.display(description="circle")
    def circle(self, approval: Approval) -> str:
        return approval.errand.message.circle.name

    @admin.display(description="arguments")
    def asks(self, approval: Approval) -> str:
        return approval.arguments[:SHORT] + ("…" if len(approval.arguments) > SHORT else "")

    @admin.display(description="decision")
    def now(self, approval: Approval) -> SafeString:
        return state(approval.decision or "waiting", approval.get_decision_display() or "Waiting")

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
