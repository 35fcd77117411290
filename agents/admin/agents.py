"""Agents in the admin: what each is doing, what it costs, and what may be done with several at once."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import ForeignKey, OuterRef, Prefetch, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Greatest
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from agents import oversight
from agents.forms import AgentForm
from agents.guards import BOUNDS
from agents.models import Agent, Errand, Run
from circles.models import Membership
from gathering.accounts import tokens
from gathering.accounts.models import User
from gathering.hub import access
from gathering.templatetags.pages import lasted
from gathering.text import state

from .filters import AtWork, ByProvider, RunsWhere

Answers = Agent.Answers
NAMED = 3  # circles of an agent in the list
NOW = ("now", "work", "used_today", "last_active", "circles")
STATUS = (
    "The status is what an agent reports, or how its run stands. It is not set here: no report would stand "
    "behind it, and one that runs elsewhere would soon be put offline again for its silence."
)


@admin.register(Agent)
class AgentAdmin(admin.ModelAdmin):
    form = AgentForm
    list_display = (
        "user",
        "now",
        "work",
        "runs",
        "used_today",
        "owner",
        "circles",
        "last_active",
        "page",
    )
    list_filter = (
        "status",
        AtWork,
        RunsWhere,
        ByProvider,
        "answers",
        ("owner", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("user", "owner")
    search_fields = (
        "user__username",
        "user__display_name",
        "description",
        "owner__username",
        "user__memberships__circle__name",
    )
    search_help_text = "Name or description of an agent, its owner, or a circle that it is in."
    autocomplete_fields = ("user", "owner")
    fieldsets = (
        (None, {"fields": ("user", "owner", "description")}),
        ("What it does", {"fields": NOW, "description": STATUS}),
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
    actions = ("stop_errands", "answer_nobody", "answer_again", "close_sockets", "revoke_tokens")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        """What is under way and where it belongs in a query for all; the rest by an index for each."""
        today = Errand.objects.today().filter(agent=OuterRef("pk")).order_by().values("agent")
        last = Run.objects.filter(agent=OuterRef("pk")).order_by("-pk").values("reported_at")[:1]
        belongs = Membership.objects.select_related("circle").order_by("circle__name")
        rows = (
            super()
            .get_queryset(request)
            .annotate(
                used=Coalesce(Subquery(today.annotate(sum=Sum("tokens")).values("sum")), 0),
                active_at=Greatest("reported_at", Coalesce(Subquery(last), "reported_at")),
            )
        )
        open_ = Prefetch("runs", Run.objects.open().select_related("circle"), to_attr="under_way")
        return rows.prefetch_related(open_, Prefetch("user__memberships", belongs, to_attr="belongs"))

    def get_readonly_fields(self, request: HttpRequest, obj: Agent | None = None) -> tuple[str, ...]:
        return ("user", *NOW) if obj else NOW

    def get_fieldsets(self, request: HttpRequest, obj: Agent | None = None) -> Any:
        return self.fieldsets if obj else [each for each in self.fieldsets if each[1]["fields"] != NOW]

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **options: Any
    ) -> forms.ModelChoiceField | None:
        kind = User.Kind.AGENT if db_field.name == "user" else User.Kind.PERSON
        options["queryset"] = User.objects.filter(kind=kind)
        return super().formfield_for_foreignkey(db_field, request, **options)

    # What the list shows

    @admin.display(description="status", ordering="status")
    def now(self, agent: Agent) -> SafeString:
        return state(agent.status, agent.get_status_display())

    @admin.display(description="runs", ordering="provider")
    def runs(self, agent: Agent) -> str:
        if not agent.provider:
            return "elsewhere"
        return f"here, {agent.model or agent.provider}" if agent.runs_here else "here, answers nobody"

    @admin.display(description="at work")
    def work(self, agent: Any) -> SafeString | str:
        for run in agent.under_way:
            where = f" for {run.circle}" if run.circle else ""
            return format_html('<a href="{}">{}</a>{}', run.get_absolute_url(), lasted(run.started_at), where)
        return "-"

    @admin.display(description="tokens today", ordering="used")
    def used_today(self, agent: Any) -> str | SafeString:
        if not agent.provider:
            return "-"
        most = agent.guard_of("day_tokens")
        said = f"{agent.used:,} of {most:,}"
        return state("failed", f"{said}: used up") if agent.used >= most else said

    @admin.display(description="last active", ordering="active_at")
    def last_active(self, agent: Any) -> str:
        return localize(localtime(agent.active_at))

    @admin.display(description="circles")
    def circles(self, agent: Any) -> SafeString | str:
        found = [membership.circle for membership in agent.user.belongs]
        links = ((circle.get_absolute_url(), circle.name) for circle in found[:NAMED])
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        return (
            format_html("{}{}", format_html_join(", ", '<a href="{}">{}</a>', links), more)
            if found
            else "none"
        )

    @admin.display(description="page")
    def page(self, agent: Agent) -> SafeString:
        return format_html('<a href="{}">Open</a>', agent.get_absolute_url())

    # What may be done with those that are chosen

    @admin.action(description="Stop what they are doing, and what waits for them", permissions=["change"])
    def stop_errands(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        open_ = (Errand.State.QUEUED, Errand.State.RUNNING)
        errands = Errand.objects.filter(agent__in=queryset, state__in=open_)
        # Of one that runs elsewhere there is no errand: it is asked on its stream.
        runs = Run.objects.open().filter(agent__in=queryset.filter(provider=""))
        for errand in (found := list(errands)):
            oversight.stop_errand(request.user, errand)
        for run in (told := list(runs)):
            oversight.stop_run(request.user, str(run.agent_id), run.run_id)
        messages.success(request, f"Being stopped: {len(found) + len(told)}.")

    @admin.action(description="Have them answer nobody (those that run here)", permissions=["change"])
    def answer_nobody(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        self._answer(request, queryset, Answers.NEVER)

    @admin.action(description="Have them answer when mentioned or asked", permissions=["change"])
    def answer_again(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        self._answer(request, queryset, Answers.MENTIONED)

    @admin.action(description="Close their sockets (they may come back)", permissions=["change"])
    def close_sockets(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        with transaction.atomic():
            for agent in queryset:
                access.changed(user_id=agent.pk, kick=True)
        messages.success(request, "Their sockets are being closed.")

    @admin.action(description="Revoke their tokens", permissions=["change"])
    def revoke_tokens(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        with transaction.atomic():
            revoked = sum(tokens.revoke_all(agent.user) for agent in queryset)
        messages.success(request, f"Tokens revoked: {revoked}.")

    def _answer(self, request: HttpRequest, queryset: QuerySet[Agent], whom: str) -> None:
        with transaction.atomic():
            changed = list(queryset.exclude(provider="").exclude(answers=whom))
            for agent in changed:
                agent.answers = whom
                agent.save(update_fields=["answers"])
                self.log_change(request, agent, f"Answers: {agent.get_answers_display()}.")
        messages.success(
            request, f"Changed: {len(changed)}. Agents that run elsewhere are not asked from here."
        )
