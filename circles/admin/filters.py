"""What the list of circles is narrowed by."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from circles.models import Circle, Membership
from gathering.accounts.models import User

DAYS = {"day": 1, "week": 7, "month": 30}


class LastMessage(admin.SimpleListFilter):
    title = "last message"
    parameter_name = "said"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        within = [(key, f"within {days} days" if days > 1 else "within a day") for key, days in DAYS.items()]
        return [*within, ("quiet", "longer ago"), ("never", "never")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Circle]) -> QuerySet[Circle] | None:
        chosen = self.value()
        if chosen == "never":
            return rows.filter(last_said=None)
        if chosen == "quiet":
            return rows.filter(last_said__lt=timezone.now() - timedelta(days=max(DAYS.values())))
        days = DAYS.get(chosen or "")
        return rows.filter(last_said__gte=timezone.now() - timedelta(days=days)) if days else None


class Whose(admin.SimpleListFilter):
    title = "members"
    parameter_name = "has"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("agents", "with agents"), ("people", "people alone"), ("nobody", "without an owner")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Circle]) -> QuerySet[Circle] | None:
        members = Membership.objects.filter(circle=OuterRef("pk")).order_by()
        agents = Exists(members.filter(user__kind=User.Kind.AGENT))
        owned = Exists(members.filter(role=Membership.Role.OWNER))
        chosen = {"agents": agents, "people": ~agents, "nobody": ~owned}.get(self.value() or "")
        return None if chosen is None else rows.filter(chosen)
