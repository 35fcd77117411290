"""What stands around every page: the circles, agents and workspaces of the reader."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_GET

from agents import doing, oversight
from agents.models import Agent
from circles import history
from gathering.web import part
from workspaces.models import Workspace

THEMES = ("system", "light", "dark")
MOST = 50  # of a kind in the navigation; the rest is on the home page


def navigation(request: HttpRequest) -> dict[str, Any]:
    """A context processor; what no template asks for is not looked up."""
    theme = request.COOKIES.get("theme", "system")
    return {
        "here": request.path,
        "theme": theme if theme in THEMES else "system",
        "themes": THEMES,
        "streams": getattr(request, "streams", None),
        "nav": SimpleLazyObject(lambda: around(request.user)),
    }


@require_GET
@part
def places(request: HttpRequest) -> HttpResponse:
    """The list alone, for a page that keeps it true; ``at`` is the page that it is for."""
    return render(request, "parts/places.html", {"here": request.GET.get("at", "")})


def around(user: Any) -> dict[str, Any]:
    """A fixed number of queries, each bounded."""
    agents = list(Agent.objects.visible_to(user).select_related("user")[:MOST])
    asked = oversight.asked_of(user)
    return {
        "memberships": list(history.memberships_of(user)[:MOST]),
        "agents": agents,
        "at_work": {agent.pk: agent for agent in agents},
        "doing": doing.now(agents),
        "turns": doing.TURNS,
        "workspaces": list(Workspace.objects.visible_to(user).select_related("circle")[:MOST]),
        "waiting": asked.filter(may_decide=True)[:MOST].count(),
        "asked": asked[:MOST],  # looked up where it is shown
    }
