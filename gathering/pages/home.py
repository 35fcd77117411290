"""The first page."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from agents.models import Run
from circles.models import Circle, Message
from gathering.web import page
from workspaces import views
from workspaces.models import Workspace

from . import navigation

RECENT = 16
LOOKED_AT = 5  # workspaces, each of which costs a query
OF_EACH = 5  # changes of a workspace, so that a checkout does not fill the page


@require_GET
@page
def home(request: HttpRequest) -> HttpResponse:
    """What is new, and what happens now."""
    around = navigation.around(request.user)
    happened = [*_said(request.user), *_begun(request.user), *_changed(around["workspaces"][:LOOKED_AT])]
    happened.sort(key=lambda each: each["at"], reverse=True)
    return render(request, "home.html", {"nav": around, "happened": happened[:RECENT]})


def _said(user: Any) -> list[dict[str, Any]]:
    circles = Circle.objects.visible_to(user).order_by().values("pk")
    said = Message.objects.filter(circle__in=circles).select_related("author", "circle").order_by("-pk")
    return [{"kind": "message", "at": each.created_at, "row": each} for each in said[:RECENT]]


def _begun(user: Any) -> list[dict[str, Any]]:
    runs = Run.objects.visible_to(user).select_related("agent__user", "circle").order_by("-pk")
    return [{"kind": "run", "at": each.started_at, "row": each} for each in runs[:RECENT]]


def _changed(workspaces: list[Workspace]) -> list[dict[str, Any]]:
    return [{"kind": "file", "at": each["at"], "row": each} for each in views.latest(workspaces, OF_EACH)]
