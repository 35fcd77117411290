"""What the lists are narrowed by; none asks the history which values there are."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from agents.models import Approval, Run
from agents.providers import catalog
from agents.running import tools
from gathering.protocol.agui import EVENTS

Lookups = list[tuple[str, str]]


class Chosen(admin.SimpleListFilter):
    """One of a few conditions, by its key."""

    choices_: tuple[tuple[str, str, Q], ...] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        return [(key, words) for key, words, _ in self.choices_]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any] | None:
        found = {key: condition for key, _, condition in self.choices_}.get(self.value() or "")
        return None if found is None else rows.filter(found)


class RunsWhere(Chosen):
    title = "where it runs"
    parameter_name = "runs"
    choices_ = (("here", "here", ~Q(provider="")), ("elsewhere", "elsewhere", Q(provider="")))


class AgentRunsWhere(RunsWhere):
    choices_ = (("here", "here", ~Q(agent__provider="")), ("elsewhere", "elsewhere", Q(agent__provider="")))


class AtWork(Chosen):
    title = "at work"
    parameter_name = "at_work"
    choices_ = (
        ("yes", "with a run under way", Q(Exists(Run.objects.open().filter(agent=OuterRef("pk"))))),
        ("no", "without", ~Q(Exists(Run.objects.open().filter(agent=OuterRef("pk"))))),
    )


class Problem(Chosen):
    title = "problem"
    parameter_name = "problem"
    choices_ = (("yes", "with one", ~Q(problem="")), ("no", "without", Q(problem="")))


class Decided(Chosen):
    title = "decision"
    parameter_name = "decided"
    choices_ = (
        ("waiting", "waiting", Q(decision="")),
        *((each.value, each.label, Q(decision=each.value)) for each in Approval.Decision),
    )


class ByProvider(admin.SimpleListFilter):
    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        return [(name, name) for name in catalog.names()]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any] | None:
        return rows.filter(provider=self.value()) if self.value() else None


class ByTool(admin.SimpleListFilter):
    title = "tool"
    parameter_name = "tool"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        return [(name, name) for name in tools.names()]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any] | None:
        return rows.filter(tool=self.value()) if self.value() else None


class ByType(admin.SimpleListFilter):
    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        return [(name, name) for name in EVENTS]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any] | None:
        return rows.filter(type=self.value()) if self.value() else None
