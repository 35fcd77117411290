"""What an agent shows while it writes."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from circles import actions, drafts
from circles.consumers import CIRCLES
from circles.models import Circle
from gathering.hub import doorbell, log
from gathering.hub.kinds import Asked
from gathering.protocol.errors import BadField, CirclePaused, NotAllowed, NotFound
from gathering.protocol.frames import Command

DRAFTS = "/api/circles/team/drafts/"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What is passed on."""
    heard: list[dict[str, Any]] = []
    monkeypatch.setattr(doorbell, "ring", lambda some: heard.extend(orjson.loads(f.text) for f in some))
    drafts._believed.clear()
    yield heard
    drafts._believed.clear()


def asked(user: Any, **fields: Any) -> Asked:
    command = Command("message_delta", fields)
    return Asked(user, "team", CIRCLES.taken(command).check(command))


def test_a_delta_is_passed_on_and_not_kept(people: SimpleNamespace, circle: Circle, told: Any) -> None:
    head = log.position(circle.channel).head
    drafts.write(people.robo, "team", draft="d1", delta="Hel", offset=0, ended=False)
    (frame,) = told
    assert (frame["type"], frame["channel"], "seq" in frame) == ("message_delta", "circles.team", False)
    assert frame["data"] == {
        "draft": "d1",
        "agent_id": people.robo.pk,
        "sender": "robo",
        "delta": "Hel",
        "offset": 0,
    }
    assert log.position(circle.channel).head == head


def test_what_it_will_answer_is_passed_on(people: SimpleNamespace, circle: Circle, told: Any) -> None:
    drafts.write(people.robo, "team", draft="d", delta="x", offset=0, ended=False, reply_to=7)
    assert drafts.lightly(asked(people.robo, draft="d", delta="y", offset=1, reply_to=7))
    assert drafts.lightly(asked(people.robo, draft="d", delta="z", offset=2, reply_to=None))
    assert [frame["data"].get("reply_to") for frame in told] == [7, 7, None]


def test_the_message_names_its_draft(people: SimpleNamespace, circle: Circle, as_user: Any) -> None:
    body = {"content": "Hello", "draft": "d1"}
    posted = as_user(people.robo).post("/api/circles/team/messages/", body, format="json").json()
    assert posted["message"]["draft"] == "d1"
    (event,) = [orjson.loads(frame.text) for frame in log.read(circle.channel, posted["seq"] - 1)]
    assert event["data"] == posted["message"]
    plain = actions.post_message(people.robo, "team", "Hello")
    assert plain.draft == ""


def test_only_an_agent_has_drafts(people: SimpleNamespace, circle: Circle, told: Any) -> None:
    with pytest.raises(NotAllowed):
        drafts.write(people.bob, "team", draft="d", delta="x", offset=0, ended=False)
    with pytest.raises(BadField):
        actions.post_message(people.bob, "team", "Hello", draft="d")
    assert told == []


def test_who_may_not_post_may_not_show_what_it_writes(
    people: SimpleNamespace, circle: Circle, told: Any
) -> None:
    actions.change_circle(people.ada, "team", status="paused")
    with pytest.raises(CirclePaused):
        drafts.write(people.robo, "team", draft="d", delta="x", offset=0, ended=False)
    with pytest.raises(NotFound):
        drafts.write(people.robo, "nowhere", draft="d", delta="x", offset=0, ended=False)
    assert told == []


def test_a_right_is_believed_for_a_moment_and_then_asked_again(
    people: SimpleNamespace,
    circle: Circle,
    told: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    more = asked(people.robo, draft="d", delta="x", offset=1)
    assert not drafts.lightly(more)
    drafts.write(people.robo, "team", draft="d", delta="x", offset=0, ended=False)
    with django_assert_num_queries(0):
        assert drafts.lightly(more)
    assert len(told) == 2
    later = drafts.time.monotonic() + drafts.BELIEVED + 0.1
    monkeypatch.setattr(drafts.time, "monotonic", lambda: later)
    assert not drafts.lightly(more)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"delta": "x", "offset": 0}, "draft"),
        ({"draft": "", "delta": "x", "offset": 0}, "draft"),
        ({"draft": "a\nb", "delta": "x", "offset": 0}, "draft"),
        ({"draft": "x" * 65, "delta": "x", "offset": 0}, "draft"),
        ({"draft": "d"}, "delta"),
        ({"draft": "d", "delta": "x", "offset": 0, "ended": True}, "delta"),
        ({"draft": "d", "delta": "x"}, "offset"),
        ({"draft": "d", "delta": "x", "offset": -1}, "offset"),
        ({"draft": "d", "delta": 5, "offset": 0}, "delta"),
        ({"draft": "d", "delta": "x" * 8001, "offset": 0}, "delta"),
        ({"draft": "d", "delta": "x", "offset": 32_000}, "delta"),
        ({"draft": "d", "delta": "x", "offset": 0, "reply_to": 0}, "reply_to"),
        ({"draft": "d", "delta": "x", "offset": 0, "reply_to": "m"}, "reply_to"),
        ({"draft": "d", "delta": "x", "offset": 0, "reply_to": 2**63}, "reply_to"),
    ],
)
def test_a_bad_field_is_named(
    fields: dict[str, Any], wrong: str, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    with pytest.raises(BadField) as refused:
        asked(people.robo, **fields)
    assert refused.value.field == wrong
    answer = as_user(people.robo).post(DRAFTS, fields, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [wrong])


@pytest.mark.parametrize(
    ("who", "status"), [("robo", 204), ("bob", 403), ("ada", 403), ("carol", 403), (None, 401)]
)
def test_who_shows_a_draft_by_rest(
    who: str | None, status: int, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    client = as_user(getattr(people, who) if who else None)
    body = {"draft": "d", "delta": "x", "offset": 0}
    assert client.post(DRAFTS, body, format="json").status_code == status
