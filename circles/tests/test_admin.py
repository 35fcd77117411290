"""Circles in the admin: every page opens, at a constant price, and what is done there is told."""

import re
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents.actions import create_agent
from circles import actions
from circles.admin.circles import MOST_INLINE
from circles.models import Circle, Membership, Message
from gathering.accounts import tokens
from gathering.accounts.models import User
from gathering.hub import access, log

CIRCLES = "/admin/circles/circle/"
MESSAGES = "/admin/circles/message/"
MEMBERS = "/admin/circles/membership/"


@pytest.fixture
def sue(people: SimpleNamespace, client: Client) -> Client:
    client.force_login(people.sue)
    return client


def change(circle: Circle) -> str:
    return f"{CIRCLES}{circle.pk}/change/"


def act(client: Client, path: str, action: str, *rows: Any, **more: Any) -> Any:
    body = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(path, body, follow=True)


def told(circle: Circle, since: int) -> list[Any]:
    return [orjson.loads(frame.text) for frame in log.read(circle.channel, since)]


def cost(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


# Pages


def test_every_page_of_the_admin_opens(sue: Client, people: SimpleNamespace, circle: Circle) -> None:
    actions.post_message(people.ada, "team", "<b>hello</b>")
    tokens.mint(people.ada)
    for model, page in admin.site._registry.items():
        path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        row = model._default_manager.first()
        assert sue.get(path).status_code == 200, path
        assert sue.get(path, {"q": "a"}).status_code == 200, path
        assert sue.get(f"{path}add/").status_code == (200 if _may_add(page) else 403), path
        if row is not None:
            assert sue.get(f"{path}{row.pk}/change/").status_code == 200, path


def _may_add(page: Any) -> bool:
    kept = ("message", "stream", "run", "activity", "errand", "approval", "deadletter")
    return page.model._meta.model_name not in kept


def test_no_page_costs_more_with_more_rows(sue: Client, people: SimpleNamespace, circle: Circle) -> None:
    actions.post_message(people.ada, "team", "first")
    channel = log.heads(["circles.team"])
    paths = [CIRCLES, MESSAGES, MEMBERS, "/admin/agents/agent/", "/admin/hub/stream/"]
    paths += ["/admin/accounts/user/", "/admin/accounts/token/", change(circle)]
    for path in paths:
        sue.get(path)  # Django keeps content types from the first look on, of whatever test that is
    few = [cost(sue, path) for path in paths]
    for number in range(50):
        agent = create_agent(people.ada, f"agent-{number}")
        actions.add_member(people.ada, "team", agent.user.username)
        actions.create_circle(people.ada, f"circle-{number}")
        actions.post_message(people.ada, "team", str(number))
        tokens.mint(agent.user)
    assert [cost(sue, path) for path in paths] == few
    assert channel


def test_nobody_else_is_let_in(people: SimpleNamespace, circle: Circle, client: Client) -> None:
    client.force_login(people.ada)
    assert client.get(change(circle)).status_code == 302


def test_staff_do_what_their_permissions_say(people: SimpleNamespace, circle: Circle, client: Client) -> None:
    stan = User.objects.create_user("stan", is_staff=True)
    stan.user_permissions.set(Permission.objects.filter(codename__in=["view_circle", "view_stream"]))
    client.force_login(stan)
    assert client.get(change(circle)).status_code == 200
    act(client, CIRCLES, "archive", circle)
    act(client, "/admin/hub/stream/", "renew", *type(circle).objects.none())
    circle.refresh_from_db()
    assert circle.status == "active"


# Circles


def test_a_circle_that_is_made_has_an_owner(sue: Client, people: SimpleNamespace) -> None:
    body = {"name": "fresh", "title": "", "description": "", "status": "active"}
    form = {"memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 0}
    member = {"memberships-0-user": people.bob.pk, "memberships-0-role": "member"}
    assert sue.post(f"{CIRCLES}add/", {**body, **form, **member}).status_code == 302
    circle = Circle.objects.get(name="fresh")
    roles = dict(circle.memberships.values_list("user__username", "role"))
    assert roles == {"bob": "member", "sue": "owner"}
    assert [event["type"] for event in told(circle, 0)] == ["member_joined", "member_joined"]


def test_a_bad_name_is_refused_with_a_sentence(sue: Client) -> None:
    form = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    page = sue.post(f"{CIRCLES}add/", {"name": "Bad name", "status": "active", **form})
    assert "lower-case letters" in page.content.decode()


def test_a_name_is_text_once_made(sue: Client, circle: Circle) -> None:
    page = sue.get(change(circle)).content.decode()
    assert 'name="name"' not in page
    assert 'name="title"' in page


def test_one_who_is_in_already_is_refused_with_a_sentence(
    sue: Client, people: SimpleNamespace, circle: Circle
) -> None:
    form = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    new = {"memberships-2-TOTAL_FORMS": 1, "memberships-2-INITIAL_FORMS": 0}
    twice = {"memberships-2-0-user": people.bob.pk, "memberships-2-0-role": "member"}
    body = {"title": "Team", "description": "", "status": "active"}
    page = sue.post(change(circle), {**body, **form, **new, **twice})
    assert page.status_code == 200
    assert "bob is in already." in page.content.decode()


def test_circles_are_found_and_filtered(sue: Client, people: SimpleNamespace, circle: Circle) -> None:
    actions.create_circle(people.ada, "other", "Something else")
    actions.change_circle(people.ada, "other", status="paused")

    def found(**query: str) -> list[str]:
        return re.findall(r"change/[^>]*>([a-z]+)</a>", sue.get(CIRCLES, query).content.decode())

    assert found(q="team") == ["team"]
    assert found(q="something") == ["other"]
    assert found(status__exact="paused") == ["other"]


@pytest.mark.parametrize(
    ("action", "status"), [("pause", "paused"), ("archive", "archived"), ("resume", "active")]
)
def test_a_bulk_action_is_told_in_each_circle(
    action: str, status: str, sue: Client, people: SimpleNamespace, circle: Circle
) -> None:
    before = "paused" if status == "active" else "active"
    circles = [actions.create_circle(people.ada, name) for name in ("zebra", "apple")]
    for each in circles:
        actions.change_circle(people.ada, each.name, status=before)
    seqs = [log.position(each.channel).head for each in circles]
    act(sue, CIRCLES, action, *circles)
    for each, since in zip(circles, seqs, strict=True):
        (event,) = told(each, since)
        assert (event["data"]["status"], event["data"]["previous"]) == (status, before)
    act(sue, CIRCLES, action, *circles)
    assert [log.position(each.channel).head for each in circles] == [since + 1 for since in seqs]


def test_deleting_a_circle_counts_what_goes_along_and_ends_its_stream(
    sue: Client, people: SimpleNamespace, circle: Circle
) -> None:
    first = actions.post_message(people.ada, "team", "a question")
    actions.post_message(people.bob, "team", "an answer", reply_to=first.pk)
    page = sue.get(f"{CIRCLES}{circle.pk}/delete/").content.decode()
    assert "Messages: 2" in page
    assert "a question" not in page
    sue.post(f"{CIRCLES}{circle.pk}/delete/", {"post": "yes"})
    assert [model.objects.count() for model in (Circle, Membership, Message)] == [0, 0, 0]
    assert log.heads(["circles.team"]) == {}


def test_circles_are_deleted_in_bulk(sue: Client, people: SimpleNamespace, circle: Circle) -> None:
    other = actions.create_circle(people.ada, "other")
    assert "Memberships: 5" in act(sue, CIRCLES, "delete_selected", circle, other).content.decode()
    act(sue, CIRCLES, "delete_selected", circle, other, post="yes")
    assert not Circle.objects.exists()
    assert log.heads(["circles.team", "circles.other"]) == {}


def test_a_crowd_has_a_page_of_its_own(sue: Client, people: SimpleNamespace, circle: Circle) -> None:
    users = User.objects.bulk_create([User(username=f"u{n}") for n in range(MOST_INLINE)])
    Membership.objects.bulk_create([Membership(circle=circle, user=user) for user in users])
    assert "memberships-0-role" in (page := sue.get(change(circle)).content.decode())
    assert "memberships-99-role" not in page
    assert "u42" in sue.get(MEMBERS, {"q": "u42"}).content.decode()


def test_a_member_who_is_put_out_loses_its_sockets(
    sue: Client, people: SimpleNamespace, circle: Circle
) -> None:
    since = log.position(access.CHANNEL).head
    act(sue, MEMBERS, "delete_selected", circle.memberships.get(user=people.bob), post="yes")
    (frame,) = log.read(access.CHANNEL, since)
    assert orjson.loads(frame.text)["data"]["user"] == people.bob.pk


# Messages


def test_messages_can_only_be_read(sue: Client, people: SimpleNamespace, circle: Circle) -> None:
    message = actions.post_message(people.ada, "team", "<script>alert(1)</script>")
    path = f"{MESSAGES}{message.pk}/"
    page = sue.get(f"{path}change/").content.decode()
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert sue.post(f"{path}change/", {"content": "never said"}).status_code == 403
    assert sue.post(f"{path}delete/", {"post": "yes"}).status_code == 403
    assert sue.get(f"{MESSAGES}add/").status_code == 403
    act(sue, MESSAGES, "delete_selected", message, post="yes")
    assert Message.objects.get().content == "<script>alert(1)</script>"


def test_messages_are_found_and_filtered(sue: Client, people: SimpleNamespace, circle: Circle) -> None:
    other = actions.create_circle(people.ada, "other")
    actions.post_message(people.ada, "team", "needle")
    actions.post_message(people.ada, "other", "haystack")

    def found(**query: Any) -> list[str]:
        return re.findall(r"field-__str__\">([a-z]+)<", sue.get(MESSAGES, query).content.decode())

    assert found() == ["haystack", "needle"]
    assert found(q="needle") == ["needle"]
    assert found(circle__id__exact=other.pk) == ["haystack"]


def test_the_list_of_messages_does_not_count_them_all(
    sue: Client, people: SimpleNamespace, circle: Circle
) -> None:
    actions.post_message(people.ada, "team", "one")
    with CaptureQueriesContext(connection) as queries:
        sue.get(MESSAGES)
    counts = [query["sql"] for query in queries if "COUNT(*)" in query["sql"]]
    assert counts
    assert all("LIMIT" in sql for sql in counts)


# People


def test_a_user_who_has_spoken_is_kept_and_one_who_has_not_can_go(
    sue: Client, people: SimpleNamespace, circle: Circle
) -> None:
    actions.post_message(people.bob, "team", "hello")
    seq = log.position("circles.team").head
    for user in (people.bob, people.olga):
        sue.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"})
    assert set(User.objects.values_list("username", flat=True)) >= {"bob"} - {"olga"}
    assert not User.objects.filter(username="olga").exists()
    assert [event["type"] for event in told(circle, seq)] == ["member_left"]


@pytest.mark.parametrize("path", ["/admin/accounts/user/", "/admin/agents/agent/"])
def test_sockets_are_closed_by_an_action(path: str, sue: Client, people: SimpleNamespace) -> None:
    since = log.position(access.CHANNEL).head
    row = people.robo if "user" in path else people.robo.agent
    act(sue, path, "close_sockets", row)
    (frame,) = log.read(access.CHANNEL, since)
    data = orjson.loads(frame.text)["data"]
    assert data == {"user": people.robo.pk, "channel": None, "kick": True}


def test_tokens_of_agents_are_revoked(sue: Client, people: SimpleNamespace) -> None:
    for user in (people.robo, people.ada):
        tokens.mint(user)
    page = act(sue, "/admin/agents/agent/", "revoke_tokens", people.robo.agent).content.decode()
    assert "Tokens revoked: 1." in page
    assert not people.robo.auth_token_set.exists()
    assert people.ada.auth_token_set.exists()


def test_a_person_cannot_be_made_an_agent(sue: Client, people: SimpleNamespace) -> None:
    body = {"user": people.bob.pk, "owner": people.ada.pk, "description": "", "status": "idle"}
    assert "Select a valid choice" in sue.post("/admin/agents/agent/add/", body).content.decode()
    body["user"] = User.objects.create_agent("scout").pk
    assert sue.post("/admin/agents/agent/add/", body).status_code == 302
