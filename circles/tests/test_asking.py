"""REST: what is asked is heard to the letter, or refused; and every refusal has the one shape."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from circles import actions, api
from circles.models import Circle, Message
from gathering.hub import log, receipts

from .law import take

CIRCLES = "/api/circles/"
TEAM = "/api/circles/team/"
MEMBERS = "/api/circles/team/members/"
MESSAGES = "/api/circles/team/messages/"
SHAPE = {"code", "detail", "retryable"}


def names(answer: Any, key: str = "name") -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row[key] for row in answer.json()]


# Pages


def test_circles_come_in_pages_by_name(people: SimpleNamespace, as_user: Any) -> None:
    for name in ("c", "a", "b", "d"):
        actions.create_circle(people.ada, name)
    ada = as_user(people.ada)
    assert names(ada.get(CIRCLES)) == ["a", "b", "c", "d"]
    assert names(ada.get(CIRCLES, {"limit": 2})) == ["a", "b"]
    assert names(ada.get(CIRCLES, {"limit": 2, "after": "b"})) == ["c", "d"]
    assert names(ada.get(CIRCLES, {"after": "d"})) == []


def test_members_come_in_pages_by_name(people: SimpleNamespace, circle: Circle, as_user: Any) -> None:
    ada = as_user(people.ada)
    assert [m.get("user") or m["agent"] for m in ada.get(MEMBERS).json()] == ["ada", "bob", "olga", "robo"]
    page = ada.get(MEMBERS, {"limit": 2, "after": "bob"}).json()
    assert [m.get("user") or m["agent"] for m in page] == ["olga", "robo"]


def test_streams_come_in_pages_by_name(people: SimpleNamespace, circle: Circle, as_user: Any) -> None:
    actions.create_circle(people.ada, "xyz")
    robo = f"agents.{people.robo.pk}"
    ada = as_user(people.ada)
    assert names(ada.get("/api/streams/"), "channel") == [robo, "circles.team", "circles.xyz"]
    assert names(ada.get("/api/streams/", {"limit": 1}), "channel") == [robo]
    page = ada.get("/api/streams/", {"limit": 1, "after": robo}).json()
    position = log.position("circles.team")
    about = {"epoch": position.epoch, "head": position.head, "floor": position.floor}
    assert page == [{"channel": "circles.team", **about}]


def test_a_stream_that_has_not_begun_is_listed_with_an_epoch(people: SimpleNamespace, as_user: Any) -> None:
    Circle.objects.create(name="silent")
    (stream,) = [s for s in as_user(people.sue).get("/api/streams/").json() if "silent" in s["channel"]]
    assert (stream["head"], stream["epoch"]) == (0, log.position("circles.silent").epoch)


@pytest.mark.parametrize("path", [CIRCLES, MEMBERS, "/api/agents/", "/api/streams/"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=", "limit"),
        ("limit=1e2", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("after=", "after"),
        ("after=a%00b", "after"),
        ("after=" + "a" * 100, "after"),
        ("offset=10", "offset"),
        ("before=a", "before"),
    ],
)
def test_a_bad_page_of_a_list_is_refused(
    path: str, query: str, field: str, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    answer = as_user(people.bob).get(f"{path}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_field")
    assert list(answer.json()["fields"]) == [field]


@pytest.mark.parametrize("query", ["limit=", "befor=5", "before=", "after=x", f"after={2**63}", "before=0"])
def test_a_bad_page_of_messages_is_refused(
    query: str, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    answer = as_user(people.bob).get(f"{MESSAGES}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_field")


def test_a_page_of_messages_names_the_seq_that_it_holds(
    people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    actions.post_message(people.ada, "team", "one")
    page = as_user(people.bob).get(MESSAGES).json()
    assert set(page) == {"messages", "has_more", "seq"}
    assert page["seq"] == log.position("circles.team").head


@pytest.mark.parametrize("path", [MEMBERS, "/api/agents/", "/api/streams/"])
def test_no_list_costs_more_with_more_rows(
    path: str, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    from agents.actions import create_agent

    def cost() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            return len(as_user(people.ada).get(path).json()), len(queries)

    rows, few = cost()
    for number in range(50):
        create_agent(people.ada, f"agent-{number}")
        actions.add_member(people.ada, "team", f"agent-{number}")
    assert cost() == (rows + 50, few)


# Snapshots


def test_a_snapshot_says_where_it_is_true(people: SimpleNamespace, circle: Circle, as_user: Any) -> None:
    actions.post_message(people.bob, "team", "hello")
    snapshot = as_user(people.bob).get(TEAM).json()
    assert set(snapshot) == {"circle", "members", "messages", "has_more", "seq", "epoch", "channel"}
    assert snapshot == take(circle)
    assert snapshot["seq"] == 5  # four who came in, and a message


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_is_a_transaction_of_its_own(
    people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    assert as_user(people.bob).get(TEAM).json() == take(circle)
    ada = as_user(people.ada)
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        ada.get(TEAM)


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite lets nobody write meanwhile")
@pytest.mark.django_db(transaction=True)
def test_a_snapshot_holds_nothing_that_came_after_its_seq(
    people: SimpleNamespace, circle: Circle, as_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from threading import Thread

    def post() -> None:
        actions.post_message(people.ada, "team", "meanwhile")
        connection.close()

    def page_after_a_post(*args: Any, **kwargs: Any) -> dict[str, Any]:
        other = Thread(target=post)
        other.start()
        other.join()
        return page(*args, **kwargs)

    page = api._page
    monkeypatch.setattr(api, "_page", page_after_a_post)
    snapshot = as_user(people.bob).get(TEAM).json()
    assert (snapshot["seq"], snapshot["messages"]) == (4, [])
    assert log.position("circles.team").head == 5


def test_a_circle_without_a_stream_has_a_snapshot(people: SimpleNamespace, as_user: Any) -> None:
    Circle.objects.create(name="silent")
    snapshot = as_user(people.sue).get("/api/circles/silent/").json()
    assert (snapshot["seq"], snapshot["members"]) == (0, [])


# Fields


@pytest.mark.parametrize(
    ("method", "path", "data", "field"),
    [
        ("post", CIRCLES, {"name": "new", "status": "paused"}, "status"),
        ("patch", TEAM, {"titel": "T"}, "titel"),
        ("patch", TEAM, {"name": "other"}, "name"),
        ("post", MEMBERS, {"name": "carol", "rôle": "owner"}, "rôle"),
        ("patch", MEMBERS + "bob/", {"role": "owner", "user": "ada"}, "user"),
        ("post", MESSAGES, {"content": "x", "sender": "ada"}, "sender"),
        ("post", MESSAGES, {"content": "x", "replyTo": 1}, "replyTo"),
    ],
)
def test_a_field_that_is_not_known_is_refused(
    method: str, path: str, data: Any, field: str, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    old = take(circle)
    answer = getattr(as_user(people.ada), method)(path, data, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert take(circle) == old
    assert not Circle.objects.filter(name__in=["new", "other"]).exists()


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("post", CIRCLES, {"name": ["a"]}),
        ("post", CIRCLES, {"name": "new", "title": 5}),
        ("post", CIRCLES, {"name": "new", "title": "x" * 201}),
        ("post", CIRCLES, {"name": "new", "description": "x" * 4001}),
        ("post", CIRCLES, {"name": "new\n"}),
        ("post", CIRCLES, {"name": "n\x00w"}),
        ("patch", TEAM, {"title": None}),
        ("patch", TEAM, {"status": "closed"}),
        ("patch", TEAM, {"status": ["paused"]}),
        ("post", MEMBERS, {"name": "carol", "role": "king"}),
        ("post", MEMBERS, {"name": 7}),
        ("post", MEMBERS, {}),
        ("patch", MEMBERS + "bob/", {}),
        ("patch", MEMBERS + "bob/", {"role": None}),
    ],
)
def test_a_field_of_the_wrong_kind_is_refused(
    method: str, path: str, data: Any, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    old = take(circle)
    answer = getattr(as_user(people.ada), method)(path, data, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_field")
    assert take(circle) == old


def test_a_reply_answers_a_message_of_its_own_circle(
    people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    actions.create_circle(people.ada, "other")
    elsewhere = actions.post_message(people.ada, "other", "?").pk
    answer = as_user(people.ada).post(MESSAGES, {"content": "!", "reply_to": elsewhere}, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["reply_to"])


def test_the_longest_message_is_taken(people: SimpleNamespace, circle: Circle, as_user: Any) -> None:
    answer = as_user(people.bob).post(MESSAGES, {"content": "𝄞" * 32_000}, format="json")
    assert (answer.status_code, len(answer.json()["message"]["content"])) == (201, 32_000)


def test_of_two_who_make_a_circle_at_once_one_is_told_so(
    people: SimpleNamespace, circle: Circle, as_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Circle, "full_clean", lambda self, **_: None)  # each looked before the other made it
    answer = as_user(people.bob).post(CIRCLES, {"name": "team"}, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["name"])


def test_one_who_is_in_already_keeps_the_role_that_is_not_named(
    people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    ada = as_user(people.ada)
    assert ada.post(MEMBERS, {"name": "olga"}, format="json").json()["role"] == "observer"
    assert ada.post(MEMBERS, {"name": "olga", "role": "owner"}, format="json").json()["role"] == "owner"
    assert ada.post(MEMBERS, {"name": "ada"}, format="json").json()["role"] == "owner"


@pytest.mark.parametrize("name", ["nobody", "Bob", "bob ", "gone"])
def test_nobody_is_let_in(name: str, people: SimpleNamespace, circle: Circle, as_user: Any) -> None:
    type(people.bob).objects.create_user("gone", is_active=False)
    answer = as_user(people.ada).post(MEMBERS, {"name": name}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_an_archived_circle_changes_only_by_being_opened_again(
    people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    ada = as_user(people.ada)

    def patch(**data: str) -> int:
        return ada.patch(TEAM, data, format="json").status_code

    assert patch(title="Last words", status="archived") == 200
    assert patch(title="More") == patch(title="More", status="archived") == 409
    assert patch(status="archived") == 200
    assert ada.delete(MEMBERS + "bob/").status_code == 204  # rights can go at any time
    assert patch(title="Again", status="active") == 200


# Once


def post(client: APIClient, content: str, path: str = MESSAGES, **more: Any) -> Any:
    headers = {"headers": {"Idempotency-Key": more.pop("key")}} if "key" in more else {}
    return client.post(path, {"content": content, **more}, format="json", **headers)


def test_an_id_that_was_used_in_another_circle_is_a_conflict(
    people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    actions.create_circle(people.ada, "other")
    ada = as_user(people.ada)
    assert post(ada, "x", id="one").status_code == 201
    answer = post(ada, "x", path="/api/circles/other/messages/", id="one")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert Message.objects.count() == 1


def test_an_id_that_was_used_for_something_else_is_a_conflict(
    people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    receipts.perform(people.bob.pk, "typed", lambda: None)
    assert post(as_user(people.bob), "x", key="typed").status_code == 409
    assert not Message.objects.exists()


def test_the_same_id_of_two_people_posts_twice(people: SimpleNamespace, circle: Circle, as_user: Any) -> None:
    answers = [post(as_user(user), "x", key="one") for user in (people.ada, people.bob)]
    assert [answer.status_code for answer in answers] == [201, 201]


@pytest.mark.parametrize("about", [{"key": "k" * 65}, {"key": ""}, {"key": "a", "id": "b"}, {"id": "a\tb"}])
def test_a_bad_id_posts_nothing(
    about: dict[str, str], people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    answer = post(as_user(people.bob), "x", **about)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["id"])
    assert not Message.objects.exists()


def test_an_id_of_a_refused_post_is_free_again(people: SimpleNamespace, circle: Circle, as_user: Any) -> None:
    actions.change_circle(people.ada, "team", status="paused")
    assert post(as_user(people.bob), "x", key="one").status_code == 409
    actions.change_circle(people.ada, "team", status="active")
    assert post(as_user(people.bob), "x", key="one").status_code == 201


# The one shape


@pytest.mark.parametrize("name", ["TEAM", "te am", "te\x00am", "..", "%", "ä", "t" * 64, "team.x"])
@pytest.mark.parametrize("rest", ["", "members/", "messages/"])
def test_an_odd_address_is_not_found(
    name: str, rest: str, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    answer = as_user(people.ada).get(f"/api/circles/{quote(name)}/{rest}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "rest", ["members/nobody/", "members/a%00/", f"messages/{10**30}/", "messages/0/", "messages/x/"]
)
def test_an_odd_address_in_a_circle_is_not_found(
    rest: str, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    method = "delete" if "members" in rest else "get"
    answer = getattr(as_user(people.ada), method)(TEAM + rest)
    assert (answer.status_code, set(answer.json())) == (404, SHAPE)


def test_a_wrong_content_type_is_refused(people: SimpleNamespace, circle: Circle, as_user: Any) -> None:
    answer = as_user(people.bob).post(MESSAGES, "content=x", content_type="text/plain")
    assert (answer.status_code, set(answer.json())) == (415, SHAPE)


def test_a_body_without_end_is_refused(people: SimpleNamespace, circle: Circle, as_user: Any) -> None:
    body = b'{"content": "' + b"x" * 3_000_000 + b'"}'
    answer = as_user(people.bob).post(MESSAGES, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "frame_too_large")


def test_a_session_without_the_form_s_token_is_refused(people: SimpleNamespace, circle: Circle) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people.bob)
    answer = browser.post(MESSAGES, {"content": "x"}, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert browser.get(TEAM).status_code == 200


def test_a_wrong_token_is_refused(circle: Circle) -> None:
    answer = Client(headers={"authorization": "Bearer wrong"}).get(TEAM)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), [("get", TEAM), ("get", MESSAGES), ("post", MESSAGES)])
def test_a_database_that_is_away_is_a_503_to_be_tried_again(
    method: str,
    path: str,
    people: SimpleNamespace,
    circle: Circle,
    as_user: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(actions, "find_circle", away)
    monkeypatch.setattr(actions, "_open_circles", away)
    as_json: dict[str, Any] = {"get": {}, "post": {"data": {"content": "x"}, "format": "json"}}
    answer = getattr(as_user(people.bob), method)(path, **as_json[method])
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert (answer.json()["retryable"], answer["Retry-After"]) == (True, "1")


def test_our_own_fault_is_a_500_that_says_nothing_of_it(
    people: SimpleNamespace, circle: Circle, as_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "find_circle", lambda *_: 1 / 0)
    client = as_user(people.bob)
    client.raise_request_exception = False
    answer = client.get(TEAM)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "division" not in answer.content.decode()
