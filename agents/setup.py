"""Pages on which an agent is made and set up by its owner."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from circles.models import Circle, Membership
from gathering.accounts.models import User
from gathering.web import Form, page

from . import actions, questions
from .guards import BOUNDS, bounded
from .models import Agent
from .oversight_serializers import MindSerializer
from .providers import catalog
from .running import tools
from .serializers import AgentChangeSerializer, NewAgentSerializer

GUARDS = {
    "turns": "Turns of a run",
    "run_tokens": "Tokens of a run",
    "day_tokens": "Tokens of a day",
    "seconds": "Seconds of a run",
    "cooldown": "Seconds of rest",
    "hops": "Agents in a row",
}
ABOUT = ("display_name", "description")
MIND = ("provider", "model", "persona", "temperature", "history", "answers", "needs_approval", *GUARDS)
MOST_CIRCLES = 8


class SettingsSerializer(AgentChangeSerializer, MindSerializer):
    """All that the owner of an agent may change, on one page."""


@require_http_methods(["GET", "POST"])
@page
def new(request: HttpRequest) -> HttpResponse:
    """Make an agent; its own page then says what comes next."""
    form = Form(request, NewAgentSerializer)
    made = form.does(lambda **fields: actions.create_agent(request.user, **fields))
    if made:
        return redirect("agent", made.pk)
    return render(request, "agents/new.html", {"form": form}, status=form.status)


@require_http_methods(["GET", "POST"])
@page
def settings_of(request: HttpRequest, pk: int) -> HttpResponse:
    """What an agent is for and what answers for it."""
    found = questions.see_mind(request.user, str(pk))
    form = Form(request, SettingsSerializer, **_values(found))
    if form.does(lambda **fields: _change(request.user, found, fields)):
        messages.success(request, "Saved.")
        return redirect("agent", pk)
    staff = request.user.is_staff
    shown = {
        "agent": found,
        "form": form,
        "providers": _providers(found, staff),
        "answers": Agent.Answers.choices,
        "guards": _guards(found, staff),
        "tools": _tools(found),
    }
    return render(request, "agents/settings.html", shown, status=form.status)


def still_to_do(agent: Agent, user: User) -> dict[str, Any]:
    """Of an agent that has not run yet: where it belongs, and where its owner may let it in."""
    belongs = agent.user.memberships.order_by().values("circle")
    owned = Circle.objects.filter(
        memberships__user=user, memberships__role=Membership.Role.OWNER, status=Circle.Status.ACTIVE
    )
    return {
        "belongs": Circle.objects.visible_to(user).filter(pk__in=belongs).order_by("name")[:MOST_CIRCLES],
        "lets_in": owned.exclude(pk__in=belongs).order_by("name")[:MOST_CIRCLES],
    }


@transaction.atomic
def _change(user: User, agent: Agent, fields: dict[str, Any]) -> Agent:
    """Change what differs: a form sends all of its fields, also those that stay as they are."""
    before = _values(agent)
    changed = {name: value for name, value in fields.items() if value != before[name]}
    about = {name: changed.pop(name) for name in ABOUT if name in changed}
    if about:
        actions.change_agent(user, str(agent.pk), **about)
    return questions.change_mind(user, str(agent.pk), **changed)


def _values(agent: Agent) -> dict[str, Any]:
    mind = {name: getattr(agent, name) for name in MIND}
    return {"display_name": agent.user.display_name, "description": agent.description, **mind}


def _providers(agent: Agent, staff: bool) -> list[tuple[str, str]]:
    """The present one is always among them; those that cost are for staff to give."""
    names = [name for name in catalog.names() if staff or not catalog.costs(name) or name == agent.provider]
    if agent.provider and agent.provider not in names:
        names.append(agent.provider)
    free = {catalog.SCRIPTED: "scripted, a demonstration"}
    return [("", "elsewhere, with a token"), *((name, f"here: {free.get(name, name)}") for name in names)]


def _guards(agent: Agent, staff: bool) -> list[dict[str, Any]]:
    """Each with the ends that the reader may move it between: more of what costs is for staff to give."""
    found = []
    for name, label in GUARDS.items():
        bound, now = BOUNDS[name], getattr(agent, name)
        least, most = bound.least, bound.most
        if not staff:
            least, most = (now, most) if name == "cooldown" else (least, now)
        ceiling = bounded(name, bound.most)
        lowered = f" This server allows {ceiling:,}." if ceiling < most else ""
        hint = f"{bound.about} From {least:,} to {most:,}.{lowered}"
        found.append({"name": name, "label": label, "least": least, "most": most, "hint": hint})
    return found


def _tools(agent: Agent) -> list[tuple[str, str]]:
    """The tools that there are, and those that are named though there are none."""
    unknown = [name for name in agent.needs_approval if name not in tools.OFFERS]
    known = [(name, offer.about) for name, offer in tools.OFFERS.items()]
    return [*known, *((name, "There is no such tool now.") for name in unknown)]
