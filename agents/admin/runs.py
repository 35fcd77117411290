"""Runs in the admin, and the events that were kept of them."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from agents import oversight
from agents.models import Activity, Run
from gathering.templatetags.pages import lasted
from gathering.text import state

from .filters import AgentRunsWhere, ByType
from .kept import KeptAdmin


@admin.register(Run)
class RunAdmin(KeptAdmin):
    list_display = (
        "run_id",
        "agent",
        "circle",
        "now",
        "error_code",
        "tool_calls",
        "tokens",
        "started_at",
        "took",
        "page",
    )
    list_filter = ("status", AgentRunsWhere, "started_at")
    list_select_related = ("agent__user", "circle")
    search_fields = ("run_id", "thread", "agent__user__username", "circle__name", "error", "error_code")
    actions = ("stop",)

    @admin.display(description="status")
    def now(self, run: Run) -> SafeString:
        return state(run.status, run.get_status_display())

    @admin.display(description="tokens")
    def tokens(self, run: Run) -> str:
        return f"{run.input_tokens + run.output_tokens:,}"

    @admin.display(description="took")
    def took(self, run: Run) -> str:
        return lasted(run.started_at, run.ended_at)

    @admin.display(description="page")
    def page(self, run: Run) -> SafeString:
        return format_html('<a href="{}">Open</a>', run.get_absolute_url())

    @admin.action(description="Stop them", permissions=["oversee"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        open_ = list(queryset.open())
        for run in open_:
            oversight.stop_run(request.user, str(run.agent_id), run.run_id)
        messages.success(request, f"Being stopped: {len(open_)}.")


@admin.register(Activity)
class ActivityAdmin(KeptAdmin):
    list_display = ("type", "subject", "agent", "run", "created_at")
    list_filter = (ByType, "created_at")
    list_select_related = ("agent__user", "run")
    search_fields = ("subject", "run__run_id", "agent__user__username")
    raw_id_fields = ("run",)
