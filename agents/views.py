"""Pages of agents: what one is, what it does, and making one."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from gathering.web import Form, page

from . import actions, timeline
from .models import Agent, Run
from .serializers import AgentChangeSerializer, NewAgentSerializer

RUNS = 20


@require_GET
@page
def agent(request: HttpRequest, pk: int) -> HttpResponse:
    """An agent, its runs, and what was done in one of them: the latest, if none is asked for."""
    found = actions.find_agent(request.user, str(pk))
    runs = list(found.runs.select_related("circle")[:RUNS])
    run = _chosen(found, runs, request.GET.get("run", ""))
    shown = {
        "agent": found,
        "runs": runs,
        "run": run,
        "items": timeline.of_run(run) if run else [],
        "owns": found.owner_id == request.user.pk or request.user.is_staff,
        "stream": found.channel,
    }
    return render(request, "agents/agent.html", shown)


@require_http_methods(["GET", "POST"])
@page
def new(request: HttpRequest) -> HttpResponse:
    """Make an agent."""
    form = Form(request, NewAgentSerializer)
    made = form.does(lambda **fields: actions.create_agent(request.user, **fields))
    if made:
        return redirect("agent", made.pk)
    return render(request, "agents/new.html", {"form": form}, status=form.status)


@require_http_methods(["GET", "POST"])
@page
def settings_of(request: HttpRequest, pk: int) -> HttpResponse:
    """What an agent is for, told by its owner."""
    found = actions.find_agent(request.user, str(pk))
    form = Form(request, AgentChangeSerializer, description=found.description)
    if form.does(lambda **fields: actions.change_agent(request.user, str(pk), **fields)):
        return redirect("agent", pk)
    return render(request, "agents/settings.html", {"agent": found, "form": form}, status=form.status)


def _chosen(found: Agent, runs: list[Run], asked: str) -> Run | None:
    if not asked:
        return runs[0] if runs else None
    run = (
        found.runs.filter(pk=asked).first()
        if asked.isascii() and asked.isdigit() and len(asked) < 19
        else None
    )
    if run is None:
        raise Http404
    return run
