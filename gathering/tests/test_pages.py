"""The pages that the server makes itself, and the ones for what goes wrong."""

import gzip
import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.test import Client, RequestFactory
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from circles.actions import create_circle
from gathering import rest
from gathering.accounts import tokens
from gathering.accounts.models import Token, User
from gathering.hub import log
from gathering.templatetags.pages import fields, until


@pytest.fixture
def ada(client: Client, db: Any) -> Client:
    user = User.objects.create_user("ada", display_name="Ada")
    create_circle(user, "team", "The team")
    client.force_login(user)
    return client


SIGNED_IN = [
    "/",
    "/search/",
    "/connect/",
    "/tokens/",
    "/tokens/try/",
    "/profile/",
    "/new/circle/",
    "/new/agent/",
    "/places/",
]


@pytest.mark.parametrize("path", SIGNED_IN)
def test_whoever_is_not_signed_in_is_asked_to(path: str, client: Client) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/signin/?next={path}")


def test_a_page_is_sent_compressed_to_who_takes_that(ada: Client) -> None:
    answer = ada.get("/", headers={"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content).startswith(b"<!doctype html>")
    assert "Content-Encoding" not in ada.get("/")


@pytest.mark.parametrize("path", SIGNED_IN)
def test_a_page_opens_and_stands_under_a_strict_policy(path: str, ada: Client) -> None:
    answer = ada.get(path)
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", ["/signin/", *SIGNED_IN])
def test_no_page_has_a_script_or_a_style_inside(path: str, ada: Client) -> None:
    page = ada.get(path, follow=True).content.decode()
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=", page)


def test_a_name_and_a_password_sign_in_and_one_goes_where_one_was_going(client: Client, db: Any) -> None:
    User.objects.create_user("ada", "a-long-password")
    form = {"username": "Ada", "password": "a-long-password", "next": "/tokens/"}
    answer = client.post("/signin/", form)
    assert (answer.status_code, answer["Location"]) == (302, "/tokens/")
    assert client.post("/signout/")["Location"] == "/signin/"
    assert client.get("/tokens/").status_code == 302


def test_a_wrong_password_is_refused_with_a_sentence(client: Client, db: Any) -> None:
    page = client.post("/signin/", {"username": "ada", "password": "guess"}).content.decode()
    assert "do not belong together" in page


# Of each converter of our addresses, something that it takes.
TAKEN = {"int": "1", "slug": "abc", "name": "team", "path": "a/b"}


def addresses() -> list[str]:
    """One of each page, those that only take a form among them."""
    pages = [each for each in get_resolver().url_patterns if isinstance(each, URLPattern) and each.name]
    found = [re.sub(r"<(\w+):\w+>", lambda kind: TAKEN[kind[1]], f"/{each.pattern}") for each in pages]
    return [path for path in found if not path.startswith("/api/")]


def test_every_form_needs_its_token(db: Any) -> None:
    user = User.objects.create_user("ada")
    create_circle(user, "team", "The team")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    asked = {path: strict.post(path, {}).status_code for path in addresses()}
    assert {"/tokens/", "/circles/team/", "/approvals/1/", "/agents/1/runs/1/stop/"} <= asked.keys()
    assert {path: status for path, status in asked.items() if status != 403} == {}


def test_the_theme_is_kept_in_a_cookie(client: Client, db: Any) -> None:
    client.post("/theme/", {"theme": "dark", "next": "/signin/"})
    assert 'data-theme="dark"' in client.get("/signin/").content.decode()


def test_times_are_in_the_zone_that_the_browser_says(ada: Client) -> None:
    ada.cookies["zone"] = "Asia/Tokyo"
    assert "JST" in ada.get("/circles/team/members/").content.decode()
    ada.cookies["zone"] = "../../etc/passwd"
    assert "UTC" in ada.get("/circles/team/members/").content.decode()


def test_a_page_says_where_it_is_followed_from(ada: Client) -> None:
    page = ada.get("/circles/team/").content.decode()
    found = re.search(r'data-streams="([^"]+)"', page)
    assert found
    streams = json.loads(unescape(found[1]))
    assert streams["circles.team"]["seq"] == log.position("circles.team").head


# Tokens


def test_a_token_is_shown_once_and_works_until_it_is_revoked(ada: Client) -> None:
    answer = ada.post("/tokens/", {"name": "laptop", "holder": "ada", "days": "30"})
    assert "no-store" in answer["Cache-Control"]
    found = re.search(r'id="secret">([0-9a-f]{64})<', answer.content.decode())
    assert found
    assert 'name="name" value=""' in answer.content.decode()
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {found[1]}"}
    assert Client().get("/api/me/", **bearer).status_code == 200
    page = ada.get("/tokens/").content.decode()
    assert found[1] not in page
    (revoke,) = re.findall(r'action="(/tokens/[^"]+/revoke/)"', page)
    assert ada.post(revoke).status_code == 302
    assert Client().get("/api/me/", **bearer).status_code == 401


def test_tokens_that_are_good_come_first_and_an_end_is_marked(ada: Client) -> None:
    user = User.objects.get(username="ada")
    for name, days in (("ended", 1), ("soon", 2), ("later", 30), ("lasting", None)):
        tokens.mint(user, name=name, expires_in=days and timedelta(days=days))
    Token.objects.filter(name="ended").update(expiry=timezone.now(), created=timezone.now())
    page = ada.get("/tokens/").content.decode()
    assert re.findall(r"<b>(\w+)</b></td>", page) == ["lasting", "later", "soon", "ended"]
    assert [row.count('class="soon"') for row in page.split("<tr id=")[1:]] == [0, 0, 1, 0]
    assert page.count("</span> ended</td>") == 1


def test_a_token_that_is_to_be_tried_cannot_be_sent_by_the_form(ada: Client) -> None:
    page = ada.get("/tokens/try/?stream=circles.team").content.decode()
    (form,) = re.findall(r'<form class="inline" id="try" hidden>.*?</form>', page, re.DOTALL)
    assert " name=" not in form
    assert '<option value="circles.team" selected>' in form
    hostile = ada.get("/tokens/try/?stream=%22%3E%3Cscript%3E").content.decode()
    assert "<script>" not in hostile


def test_a_token_for_anybody_else_is_refused(ada: Client) -> None:
    User.objects.create_user("bob")
    answer = ada.post("/tokens/", {"name": "laptop", "holder": "bob", "days": "30"})
    assert (answer.status_code, Token.objects.count()) == (400, 0)


def test_the_token_of_somebody_else_is_not_there(ada: Client) -> None:
    token, _ = tokens.mint(User.objects.create_user("bob"), name="his")
    assert ada.post(f"/tokens/{token.public_id}/revoke/").status_code == 404
    assert "his" not in ada.get("/tokens/").content.decode()
    assert Token.objects.count() == 1


def test_a_display_name_that_cannot_be_seen_is_not_shown(ada: Client) -> None:
    assert ada.post("/profile/", {"display_name": "\u200b\u202e\u2066"}).status_code == 302
    page = ada.get("/").content.decode()
    assert "\u202e" not in page.split('id="f-')[0]
    assert '<span class="label">ada</span>' in page


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (60, "in 1 min"),
        (2 * 3600, "in 120 min"),
        (30 * 86400, "in 30 days"),
        (47 * 3600, "in 47 h"),
        (0, "ended"),
    ],
)
def test_what_is_to_come_is_said_as_it_was_chosen(seconds: int, said: str) -> None:
    assert said in until(timezone.now() + timedelta(seconds=seconds))


def test_a_name_that_is_taken_is_said_beside_its_field(ada: Client) -> None:
    page = ada.post("/new/circle/", {"name": "team"})
    assert page.status_code == 400
    assert '<p class="wrong" id="e-name">There is a circle of this name already.' in page.content.decode()


# What goes wrong


@pytest.mark.parametrize("path", ["/nothing", "/nothing/", "/admins/"])
def test_an_unknown_page_is_a_page(path: str, client: Client) -> None:
    answer = client.get(path)
    assert (answer.status_code, "Nothing is here" in answer.content.decode()) == (404, True)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (400, lambda request: rest.bad_request(request, SuspiciousOperation("secret"))),
        (403, lambda request: rest.permission_denied(request, PermissionDenied("secret"))),
        (500, rest.server_error),
    ],
)
def test_what_goes_wrong_is_a_page_that_tells_nothing(status: int, answer: Any) -> None:
    made = answer(RequestFactory().get("/page/"))
    page = made.content.decode()
    assert (made.status_code, "<h1>" in page) == (status, True)
    assert "secret" not in page


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["/api/nothing/", "/api/circles", "/api/", "/api/circles//"])
def test_an_unknown_address_of_the_api_is_json_and_no_redirect(
    method: str, path: str, client: Client
) -> None:
    """A POST that was redirected would come back as a GET, and look as if it had worked."""
    answer = getattr(Client(enforce_csrf_checks=True), method)(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"path": "a", "lines": 3, "text": "x\\ny"}', [("path", "a"), ("lines", "3"), ("text", "x\ny")]),
        ("[1]", []),
        ("{cut", []),
        ("", []),
        ('{"a": {"b": null}}', [("a", '{\n  "b": null\n}')]),
    ],
)
def test_arguments_are_shown_by_their_fields(text: str, found: list[Any]) -> None:
    assert fields(text) == found


@pytest.mark.parametrize("path", ["/connect/?circle=%00", "/circles/team/?at=%00", "/places/?at=%00"])
def test_what_no_database_could_look_for_is_refused(path: str, ada: Client) -> None:
    assert ada.get(path).status_code == 400


@pytest.mark.parametrize(
    "asked", ["https://evil.example/", "//evil.example", "/\\evil.example", "999", "home"]
)
def test_a_form_leads_back_to_a_page_of_ours_and_nowhere_else(asked: str, client: Client, db: Any) -> None:
    assert client.post("/theme/", {"theme": "dark", "next": asked})["Location"] == "/"


def test_a_form_from_before_one_signed_in_says_what_to_do(db: Any) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.create_user("ada"))
    answer = strict.post("/profile/", {"display_name": "Ada"})
    assert answer.status_code == 403
    assert "<h1>This form is out of date</h1>" in answer.content.decode()
