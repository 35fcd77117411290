"""Finding: the places that are called so, and what was said with some words in it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from circles import searching
from gathering.templatetags.pages import called
from gathering.web import page

from . import navigation

Place = tuple[str, str, str]
MOST_CHARACTERS = 200


@require_GET
@page
def search(request: HttpRequest) -> HttpResponse:
    """Messages, the newest first, so many at a time; and places."""
    text = request.GET.get("q", "")[:MOST_CHARACTERS].strip()
    if not text:
        return render(request, "search.html", {})
    searched = searching.search(request.user, text, _number(request.GET.get("before", "")))
    found = [(each, searching.excerpt(each.content, text)) for each in searched.messages]
    shown = {"q": text, "places": _places(request.user, text), "found": found, "further": searched.further}
    return render(request, "search.html", shown)


def _places(user: Any, text: str) -> list[Place]:
    """Of what stands in the list on the left what is called so: its kind, its name and its address."""
    around = navigation.around(user)
    circles = [each.circle for each in around["memberships"]]
    known: list[Place] = [
        *(("circle", each.title or each.name, reverse("circle", args=[each.name])) for each in circles),
        *(("agent", called(each.user), reverse("agent", args=[each.pk])) for each in around["agents"]),
        *(("workspace", each.title, reverse("workspace", args=[each.pk])) for each in around["workspaces"]),
    ]
    return [each for each in known if text.casefold() in each[1].casefold()]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
