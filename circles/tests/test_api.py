"""REST: who may do what, what is refused and how, and that no answer costs more with more rows."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from circles import actions
from circles.models import Circle, Message

WHO = ("ada", "bob", "olga", "carol", "robo", "sue", None)
# For each request: what it answers to Ada (owner), Bob (member), Olga (observer), Carol (outside), Robo
# (an agent and member), Sue (staff) and nobody.
MAY: dict[str, tuple[str, str, dict[str, Any], tuple[int, ...]]] = {
    "list": ("get", "/api/circles/", {}, (200, 200, 200, 200, 200, 200, 401)),
    "make": ("post", "/api/circles/", {"name": "new"}, (201, 201, 201, 201, 403, 201, 401)),
    "see": ("get", "/api/circles/team/", {}, (200, 200, 200, 404, 200, 200, 401)),
    "change": ("patch", "/api/circles/team/", {"title": "T"}, (200, 403, 403, 404, 403, 200, 401)),
    "members": ("get", "/api/circles/team/members/", {}, (200, 200, 200, 404, 200, 200, 401)),
    "let in": (
        "post",
        "/api/circles/team/members/",
        {"name": "carol"},
        (201, 403, 403, 404, 403, 201, 401),
    ),
    "new role": (
        "patch",
        "/api/circles/team/members/bob/",
        {"role": "observer"},
        (200, 403, 403, 404, 403, 200, 401),
    ),
    "put out": ("delete", "/api/circles/team/members/bob/", {}, (204, 204, 403, 404, 403, 204, 401)),
    "read": ("get", "/api/circles/team/messages/", {}, (200, 200, 200, 404, 200, 200, 401)),
    "search": ("get", "/api/search/?q=hi", {}, (200, 200, 200, 200, 200, 200, 401)),
    "mark read": ("post", "/api/circles/team/read/", {"message": 1}, (204, 204, 204, 404, 204, 204, 401)),
    "post": (
        "post",
        "/api/circles/team/messages/",
        {"content": "hi"},
        (201, 201, 403, 404, 201, 201, 401),
    ),
}


@pytest.mark.parametrize("request_", MAY)
@pytest.mark.parametrize("index", range(len(WHO)), ids=[str(who) for who in WHO])
def test_who_may_do_what(
    request_: str, index: int, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    method, path, data, answers = MAY[request_]
    who = WHO[index]
    client = as_user(getattr(people, who) if who else None)
    answer = getattr(client, method)(path, data, format="json")
    assert answer.status_code == answers[index]
    if answer.status_code >= 400:
        assert set(answer.json()) == {"code", "detail", "retryable"}


BAD_POSTS: dict[str, Any] = {
    "nothing": {},
    "null": {"content": None},
    "number": {"content": 5},
    "list": {"content": ["a"]},
    "object": {"content": {"a": 1}},
    "empty": {"content": ""},
    "blank": {"content": " \n\t"},
    "too long": {"content": "x" * 32_001},
    "NUL": {"content": "a\x00b"},
    "unknown reply": {"content": "x", "reply_to": 999_999},
    "huge reply": {"content": "x", "reply_to": 10**30},
    "worded reply": {"content": "x", "reply_to": "first"},
    "long id": {"content": "x", "id": "i" * 65},
    "id of another kind": {"content": "x", "id": 7},
    "a list": [1, 2],
}


@pytest.mark.parametrize("name", BAD_POSTS)
def test_a_bad_post_is_refused_with_the_field(
    name: str, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    answer = as_user(people.bob).post("/api/circles/team/messages/", BAD_POSTS[name], format="json")
    assert answer.status_code == 400
    assert answer.json()["code"] in ("bad_field", "bad_input")
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "raw", [b"{", b"", b"\xff\xfe", b'"text"', b"[" * 5000], ids=["cut", "empty", "bytes", "text", "deep"]
)
def test_a_body_that_is_no_json_is_refused(
    raw: bytes, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    client = as_user(people.bob)
    answer = client.post("/api/circles/team/messages/", raw, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] in ("bad_input", "bad_field")


def test_a_lone_surrogate_is_refused(people: SimpleNamespace, circle: Circle, as_user: Any) -> None:
    raw = b'{"content": "a\\ud800b"}'
    answer = as_user(people.bob).post("/api/circles/team/messages/", raw, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")


@pytest.mark.parametrize("name", ["Team", "a b", "-x", "", "ä", "a/b", "a.b", "x" * 64, "team", 5])
def test_a_bad_or_taken_name_makes_no_circle(
    name: Any, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    answer = as_user(people.ada).post("/api/circles/", {"name": name}, format="json")
    assert (answer.status_code, answer.json()["fields"].keys()) == (400, {"name"})


@pytest.mark.parametrize(("status", "code"), [("paused", "circle_paused"), ("archived", "circle_archived")])
def test_a_circle_that_is_not_active_refuses_posts(
    status: str, code: str, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    actions.change_circle(people.ada, "team", status=status)
    answer = as_user(people.bob).post("/api/circles/team/messages/", {"content": "x"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert answer.json()["retryable"] is (status == "paused")
    assert as_user(people.bob).get("/api/circles/team/").status_code == 200


@pytest.mark.parametrize("method", ["delete", "patch"])
def test_the_last_owner_stays(method: str, people: SimpleNamespace, circle: Circle, as_user: Any) -> None:
    call = getattr(as_user(people.ada), method)
    answer = call("/api/circles/team/members/ada/", {"role": "member"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_the_same_id_posts_once(people: SimpleNamespace, circle: Circle, as_user: Any) -> None:
    client = as_user(people.bob)
    body = {"content": "once", "id": "one"}
    first = client.post("/api/circles/team/messages/", body, format="json")
    actions.change_circle(people.ada, "team", status="paused")
    again = client.post(
        "/api/circles/team/messages/", {"content": "once"}, "json", HTTP_IDEMPOTENCY_KEY="one"
    )
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert Message.objects.count() == 1


def test_messages_page_both_ways(people: SimpleNamespace, circle: Circle, as_user: Any) -> None:
    ids = [actions.post_message(people.ada, "team", str(n)).pk for n in range(7)]
    client = as_user(people.bob)

    def page(**query: int) -> tuple[list[int], bool]:
        body = client.get("/api/circles/team/messages/", query).json()
        return [message["id"] for message in body["messages"]], body["has_more"]

    assert page(limit=3) == (ids[4:], True)
    assert page(limit=3, before=ids[4]) == (ids[1:4], True)
    assert page(limit=3, before=ids[1]) == (ids[:1], False)
    assert page(limit=3, after=ids[0]) == (ids[1:4], True)
    assert page(limit=3, after=ids[-1]) == ([], False)
    assert page(limit=3, after=0) == (ids[:3], True)


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"before": -1}, {"before": 1, "after": 1}]
)
def test_a_bad_page_is_refused(
    query: dict[str, Any], people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    assert as_user(people.bob).get("/api/circles/team/messages/", query).status_code == 400


@pytest.mark.parametrize("path", ["/api/circles/", "/api/circles/team/", "/api/circles/team/messages/"])
def test_no_answer_costs_more_with_more_rows(
    path: str, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    client = as_user(people.bob)

    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    few = cost()
    for n in range(30):
        actions.post_message(people.ada, "team", f"@bob {n}")
        actions.add_member(people.ada, actions.create_circle(people.ada, f"c{n}").name, "bob")
    assert cost() == few


def test_a_message_is_there_for_its_circle_alone(
    people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    message = actions.post_message(people.ada, "team", "here")
    actions.create_circle(people.carol, "other")
    assert as_user(people.bob).get(f"/api/circles/team/messages/{message.pk}/").json()["content"] == "here"
    assert as_user(people.carol).get(f"/api/circles/other/messages/{message.pk}/").status_code == 404


@pytest.mark.parametrize("path", ["/api/nothing/", "/api/nothing", "/api/circles/team/x/y/z/"])
def test_a_path_that_leads_nowhere_says_so_in_the_one_shape(path: str, db: Any, as_user: Any) -> None:
    answer = as_user(None).get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_method_that_is_not_taken_says_so_in_the_one_shape(
    people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    answer = as_user(people.ada).put("/api/circles/team/", {}, format="json")
    assert (answer.status_code, set(answer.json())) == (405, {"code", "detail", "retryable"})


def test_markup_in_a_message_stays_text(people: SimpleNamespace, circle: Circle, as_user: Any) -> None:
    text = "<script>alert(1)</script> & \u2028 𝄞"
    answer = as_user(people.bob).post("/api/circles/team/messages/", {"content": text}, format="json")
    assert answer.json()["message"]["content"] == text
    assert answer["Content-Type"] == "application/json"
