"""How programs and agents are brought in: ready commands, and a page that tries a token."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from agents.models import Agent
from circles.models import Circle
from gathering.web import page


@require_GET
@page
def connect(request: HttpRequest) -> HttpResponse:
    """Commands that bring a program in, with this server's address and a circle of the reader."""
    active = Circle.objects.visible_to(request.user).filter(status=Circle.Status.ACTIVE)
    chosen = active.filter(name=request.GET.get("circle", "")).first() or active.first()
    base = _base(request)
    mine = Agent.objects.filter(owner=request.user, user__memberships__circle=chosen).select_related("user")
    shown = {"base": base, "sockets": base.replace("http", "ws", 1), "circle": chosen, "agent": mine.first()}
    return render(request, "connect.html", shown)


@require_GET
@page
def try_token(request: HttpRequest) -> HttpResponse:
    """A page that lives on a token's own socket; the token stays in the page, and is never sent here."""
    return render(request, "try.html", {"base": _base(request), "chosen": request.GET.get("stream", "")})


def _base(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"
