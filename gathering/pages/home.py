"""The first page, and how programs and agents are brought in."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from circles.models import Circle, Message
from gathering.web import page

RECENT = 12


@require_GET
@page
def home(request: HttpRequest) -> HttpResponse:
    """What is new, and what happens now."""
    return render(request, "home.html", {"happened": _happened(request.user)})


@require_GET
@page
def connect(request: HttpRequest) -> HttpResponse:
    """Commands that bring a program in, with this server's address and a circle of the reader."""
    mine = Circle.objects.visible_to(request.user).filter(status=Circle.Status.ACTIVE)
    chosen = mine.filter(name=request.GET.get("circle", "")).first() or mine.first()
    base = f"{request.scheme}://{request.get_host()}"
    shown = {"base": base, "sockets": base.replace("http", "ws", 1), "circle": chosen}
    return render(request, "connect.html", shown)


def _happened(user: Any) -> list[Message]:
    circles = Circle.objects.visible_to(user).values("pk")
    said = Message.objects.filter(circle__in=circles).select_related("author", "circle")
    return list(said.order_by("-pk")[:RECENT])
