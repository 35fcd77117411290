"""Pages of agents: what one is, what it does, and what it asks."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from gathering.protocol.errors import NotFound
from gathering.web import attempt, back, page

from . import actions, oversight, setup, timeline
from .models import Agent, Approval, Run

RUNS = 20
DECIDED = 20
WAITING = 50
DECISIONS = {"approve": Approval.Decision.APPROVED, "reject": Approval.Decision.REJECTED}


@require_GET
@page
def agent(request: HttpRequest, pk: int) -> HttpResponse:
    """An agent, its runs, and what was done in one of them: the latest, if none is asked for."""
    found = actions.find_agent(request.user, str(pk))
    runs = list(found.runs.select_related("circle")[:RUNS])
    run = _chosen(found, runs, request.GET.get("run", ""))
    owns = found.owner_id == request.user.pk or request.user.is_staff
    shown = {
        "agent": found,
        "runs": runs,
        "run": run,
        "items": timeline.of_run(run) if run else [],
        "owns": owns,
        "may_stop": run is not None and oversight.may_oversee(request.user, found, run.circle_id),
        "budget": timeline.budget(found, run) if found.provider else None,
        "waiting": oversight.asked_of(request.user).filter(errand__agent=found),
        "stream": found.channel,
        **(setup.still_to_do(found, request.user) if owns and not runs else {}),
    }
    return render(request, "agents/agent.html", shown)


@require_POST
@page
def stop(request: HttpRequest, pk: int, run: int) -> HttpResponse:
    """Ask for the end of a run."""
    found = actions.find_agent(request.user, str(pk))
    asked = found.runs.filter(pk=run).first()
    if asked is None:
        raise Http404
    attempt(request, lambda: oversight.stop_run(request.user, str(pk), asked.run_id), "Stop was asked for.")
    return redirect(back(request, "agent", pk))


@require_GET
@page
def approvals(request: HttpRequest) -> HttpResponse:
    """What agents ask for, and what was said to it lately."""
    seen = Approval.objects.visible_to(request.user).exclude(decision="")
    decided = seen.select_related("errand__agent__user", "errand__message__circle", "decided_by")
    waiting = oversight.asked_of(request.user)
    shown = {"waiting": waiting[:WAITING], "decided": decided.order_by("-decided_at")[:DECIDED]}
    return render(request, "agents/approvals.html", shown)


@require_POST
@page
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Say yes or no."""
    decision = DECISIONS.get(request.POST.get("decision", ""))
    if decision is None:
        raise NotFound
    attempt(request, lambda: oversight.decide(request.user, pk, decision))
    return redirect(back(request, "approvals"))


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
