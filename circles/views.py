"""Pages of circles: the conversation, who is in it, and making one."""

import secrets
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from gathering.hub import receipts
from gathering.protocol.errors import NotFound
from gathering.web import Form, attempt, page, part

from . import actions, fragments, history
from .models import Circle, Membership, Message
from .serializers import (
    MAX_ID,
    CircleChangeSerializer,
    NewCircleSerializer,
    NewMemberSerializer,
    NewMessageSerializer,
)

Role = Membership.Role
NEAR = 8  # messages that stand on one screen


@require_http_methods(["GET", "POST"])
@page
def circle(request: HttpRequest, name: str) -> HttpResponse:
    """The conversation; a POST says something in it."""
    found = actions.find_circle(request.user, name)
    form = Form(request, NewMessageSerializer)
    if form.does(lambda **fields: _post(request, name, **fields)):
        return redirect(f"{request.path}#end")
    return render(request, "circles/circle.html", _shown(request, found) | {"form": form}, status=form.status)


@require_GET
@part
def messages(request: HttpRequest, name: str) -> HttpResponse:
    """Part of the conversation, for a page that is there already: ``ids`` or what is ``before`` one."""
    found = actions.find_circle(request.user, name)
    if "before" not in request.GET:
        return HttpResponse(fragments.of(found, _numbers(request.GET.get("ids", ""))))
    window = history.before(found, _number(request, "before"))
    shown = {"circle": found, "window": window, "said": history.laid_out(window.messages)}
    return render(request, "circles/parts/messages.html", shown)


@require_GET
@part
def side(request: HttpRequest, name: str) -> HttpResponse:
    """What stands beside the conversation, and who works at its end, for a page that is there already."""
    about = _about(request, actions.find_circle(request.user, name))
    return render(request, "circles/parts/around.html", about)


@require_http_methods(["GET", "POST"])
@page
def new(request: HttpRequest) -> HttpResponse:
    """Make a circle."""
    form = Form(request, NewCircleSerializer)
    made = form.does(lambda **fields: actions.create_circle(request.user, **fields))
    if made:
        return redirect("circle", made.name)
    return render(request, "circles/new.html", {"form": form}, status=form.status)


@require_http_methods(["GET", "POST"])
@page
def members(request: HttpRequest, name: str) -> HttpResponse:
    """Who is in a circle; its owner lets in, puts out and gives roles."""
    found = actions.find_circle(request.user, name)
    form = Form(request, NewMemberSerializer, role=Role.MEMBER)
    if form.does(lambda **fields: actions.add_member(request.user, name, fields.pop("name"), **fields)):
        return redirect("members", name)
    shown = {"form": form, "roles": Role.choices, **_about(request, found)}
    return render(request, "circles/members.html", shown, status=form.status)


@require_POST
@page
def member(request: HttpRequest, name: str, member: str) -> HttpResponse:
    """Give a member another role, or put it out; anybody may leave."""
    actions.find_circle(request.user, name)
    if role := request.POST.get("role"):
        if role not in Role.values:
            raise NotFound
        attempt(request, lambda: actions.change_role(request.user, name, member, role))
        return redirect("members", name)
    gone = attempt(request, lambda: actions.remove_member(request.user, name, member))
    left = gone and member == request.user.username
    return redirect("home") if left else redirect("members", name)


@require_http_methods(["GET", "POST"])
@page
def settings_of(request: HttpRequest, name: str) -> HttpResponse:
    """What a circle is called and about, and whether it takes messages."""
    found = actions.find_circle(request.user, name)
    now = {"title": found.title, "description": found.description, "status": found.status}
    form = Form(request, CircleChangeSerializer, **now)
    if form.does(lambda **fields: actions.change_circle(request.user, name, **fields)):
        return redirect("circle", name)
    shown = {"form": form, "statuses": Circle.Status.choices, **_about(request, found)}
    return render(request, "circles/settings.html", shown, status=form.status)


@require_POST
@part
def read(request: HttpRequest, name: str) -> HttpResponse:
    """Remember how far the reader has seen."""
    actions.mark_read(request.user, name, _number(request, "message"))
    return HttpResponse(status=204)


def _post(request: HttpRequest, name: str, id: str = "", **fields: Any) -> Any:
    """Post once, however often the form is sent."""
    return receipts.perform(
        request.user.pk, id or None, lambda: actions.post_message(request.user, name, **fields)
    )


def _shown(request: HttpRequest, found: Circle) -> dict[str, Any]:
    about = _about(request, found)
    mine = about["mine"]
    unread = history.first_unread(found, request.user, mine.read_to) if mine else None
    window = _window(request, found)
    return {
        **about,
        "window": window,
        "said": history.laid_out(window.messages),
        "reply": _replied(request, found),
        "once": secrets.token_hex(16),
        "request_base": f"{request.scheme}://{request.get_host()}",
        "unread": unread,
        "in_sight": unread in [message.pk for message in window.messages],
        "near": unread in [message.pk for message in window.messages[-NEAR:]],
        "at": request.GET.get("at", ""),
        "read_to": mine.read_to if mine else None,
        "most": settings.GATHERING_MAX_CONTENT,
        "stream": found.channel,
    }


def _about(request: HttpRequest, found: Circle) -> dict[str, Any]:
    members = list(found.memberships.select_related("user").order_by("user__kind", "user__username"))
    mine = next((each for each in members if each.user_id == request.user.pk), None)
    owns = request.user.is_staff or bool(mine and mine.role == Role.OWNER)
    observes = bool(mine and mine.role == Role.OBSERVER)
    return {
        "circle": found,
        "members": members,
        "mine": mine,
        "owns": owns,
        "observes": observes,
        "may_post": found.status == Circle.Status.ACTIVE and not observes,
        "may_stop": request.user.is_staff or bool(mine and not observes),
    }


def _replied(request: HttpRequest, found: Circle) -> Message | None:
    """The message that the form answers, as the link beside it says."""
    asked = _numbers(request.GET.get("reply", ""))
    return found.messages.select_related("author").filter(pk__in=asked[:1]).first() if asked else None


def _window(request: HttpRequest, found: Circle) -> history.Window:
    if "before" in request.GET:
        return history.before(found, _number(request, "before"))
    if "at" in request.GET:
        return history.around(found, _number(request, "at"))
    return history.latest(found)


def _number(request: HttpRequest, name: str) -> int:
    (number,) = _numbers(request.POST.get(name) or request.GET.get(name, ""))[:1] or [0]
    if not number:
        raise NotFound
    return number


def _numbers(text: str) -> list[int]:
    """The ids in a list with commas; what is none is left out."""
    ids = (int(each) for each in text.split(",") if each.isascii() and each.isdigit() and len(each) < 20)
    return [each for each in ids if 0 < each <= MAX_ID]
