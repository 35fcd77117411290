"""The reader's own pages: signing in, tokens, the profile."""

from datetime import timedelta

from django.contrib.auth.views import LoginView
from django.db.models import Case, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from rest_framework import serializers

from agents.models import Agent
from circles.serializers import Text
from gathering.accounts import tokens
from gathering.accounts.models import PUBLIC_ID_LENGTH, Token, User
from gathering.hub.pages import StrictSerializer
from gathering.protocol.errors import BadField
from gathering.web import Form, back, page

from .navigation import THEMES

DAY = timedelta(days=1)
LIVES = ((7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "a year"), (0, "until it is revoked"))
YEAR = 365 * 24 * 3600
SOON = 3 * DAY  # a token that ends within them is marked
MOST = 200  # tokens that are listed


class SignIn(LoginView):
    template_name = "signin.html"
    redirect_authenticated_user = True


class TokenSerializer(StrictSerializer):
    name = Text(max_length=100)
    holder = Text(max_length=63)
    days = serializers.ChoiceField(LIVES)


class ProfileSerializer(StrictSerializer):
    display_name = Text(max_length=100, allow_blank=True)


@require_http_methods(["GET", "POST"])
@page
def own_tokens(request: HttpRequest) -> HttpResponse:
    """The reader's tokens and those of its agents; a new one is shown once, in the answer that makes it."""
    form = Form(request, TokenSerializer, holder=request.user.username, days=30)
    made = form.does(lambda **fields: _mint(request.user, **fields))
    if made:
        form.values["name"] = ""  # what comes next is for something else
    holders = [request.user, *_agents(request.user)]
    shown = {"form": form, "made": made, "lives": LIVES, "holders": holders}
    answer = render(request, "tokens.html", {**shown, "tokens": _listed(holders)}, status=form.status)
    if made:
        answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@page
def revoke(request: HttpRequest, public_id: str) -> HttpResponse:
    """Revoke a token; what lives on it is closed within a second."""
    whole = len(public_id) == PUBLIC_ID_LENGTH
    token = (
        Token.objects.select_related("user").filter(digest__startswith=public_id).first() if whole else None
    )
    if token is None or not tokens.may_manage(request.user, token.user):
        raise Http404
    tokens.revoke(token)
    return redirect("tokens")


@require_http_methods(["GET", "POST"])
@page
def profile(request: HttpRequest) -> HttpResponse:
    """How the reader is shown to others."""
    form = Form(request, ProfileSerializer, display_name=request.user.display_name)
    if form.does(lambda display_name: _rename(request.user, display_name)):
        return redirect("profile")
    return render(request, "profile.html", {"form": form}, status=form.status)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the system is: kept in a cookie, so that a page is right from its first paint."""
    answer = redirect(back(request, "home"))
    if (chosen := request.POST.get("theme")) in THEMES:
        answer.set_cookie("theme", chosen, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    return answer


def _mint(user: User, name: str, holder: str, days: int) -> tuple[Token, str]:
    known = {each.username: each for each in (user, *_agents(user))}
    if holder not in known:
        raise BadField("Choose yourself or one of your agents.", field="holder")
    return tokens.mint(known[holder], name=name, expires_in=days * DAY if days else None)


def _listed(holders: list[User]) -> QuerySet[Token]:
    """Those that are good, the newest first; then those that have ended."""
    now = timezone.now()
    ended = Case(When(expiry__lte=now, then=True), default=False)
    soon = Case(When(expiry__lte=now + SOON, then=True), default=False)
    rows = Token.objects.filter(user__in=holders).select_related("user")
    return rows.annotate(ended=ended, soon=soon).order_by("ended", "-created")[:MOST]


def _agents(user: User) -> list[User]:
    return list(User.objects.filter(pk__in=Agent.objects.filter(owner=user).values("pk")))


def _rename(user: User, display_name: str) -> User:
    user.display_name = display_name.strip()
    user.save(update_fields=["display_name"])
    return user
