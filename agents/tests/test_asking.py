"""REST: who may do what with agents, and what is refused."""

from types import SimpleNamespace
from typing import Any

import pytest

from agents.models import Agent
from circles.models import Circle
from gathering.accounts.models import User

WHO = ("ada", "bob", "olga", "carol", "robo", "sue", None)
# For each request: what it answers to Ada (who owns Robo), Bob and Olga (in a circle with it), Carol
# (outside), Robo itself, Sue (staff) and nobody.
MAY: dict[str, tuple[str, str, dict[str, Any], tuple[int, ...]]] = {
    "list": ("get", "/api/agents/", {}, (200, 200, 200, 200, 200, 200, 401)),
    "make": ("post", "/api/agents/", {"name": "new"}, (201, 201, 201, 201, 403, 201, 401)),
    "see": ("get", "/api/agents/{pk}/", {}, (200, 200, 200, 404, 200, 200, 401)),
    "change": ("patch", "/api/agents/{pk}/", {"description": "D"}, (200, 403, 403, 404, 403, 200, 401)),
    "report": ("post", "/api/agents/{pk}/status/", {"status": "idle"}, (403, 403, 403, 404, 200, 403, 401)),
}


@pytest.mark.parametrize("request_", MAY)
@pytest.mark.parametrize("index", range(len(WHO)), ids=[str(who) for who in WHO])
def test_who_may_do_what(
    request_: str, index: int, people: SimpleNamespace, circle: Circle, as_user: Any
) -> None:
    method, path, data, answers = MAY[request_]
    client = as_user(getattr(people, WHO[index]) if WHO[index] else None)
    answer = getattr(client, method)(path.format(pk=people.robo.pk), data, format="json")
    assert answer.status_code == answers[index]
    if answer.status_code >= 400:
        assert set(answer.json()) == {"code", "detail", "retryable"}


def test_an_agent_that_is_made_is_ones_own(people: SimpleNamespace, as_user: Any) -> None:
    fields = {"name": "scout", "display_name": "Scout", "description": "Looks things up."}
    made = as_user(people.carol).post("/api/agents/", fields, format="json").json()
    key = User.objects.get(username="scout").pk
    assert made == {
        "agent_id": key,
        "agent": "scout",
        "display_name": "Scout",
        "description": "Looks things up.",
        "owner": "carol",
        "status": "offline",
    }
    snapshot = as_user(people.carol).get(f"/api/agents/{key}/").json()
    assert snapshot.pop("epoch")
    assert snapshot == {"agent": made, "seq": 1, "channel": f"agents.{key}"}


def test_a_change_of_nothing_changes_nothing(people: SimpleNamespace, as_user: Any) -> None:
    path = f"/api/agents/{people.robo.pk}/"
    before = as_user(people.ada).get(path).json()
    assert as_user(people.ada).patch(path, {}, format="json").status_code == 200
    assert as_user(people.ada).get(path).json() == before


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("post", "", {}),
        ("post", "", {"name": 5}),
        ("post", "", {"name": "a\x00"}),
        ("post", "", {"name": "x" * 64}),
        ("post", "", {"name": "ada"}),
        ("post", "", {"name": "new", "owner": "bob"}),
        ("post", "", {"name": "new", "display_name": "x" * 101}),
        ("post", "", {"name": "new", "description": None}),
        ("patch", "{pk}/", {"display_name": "x" * 101}),
        ("patch", "{pk}/", {"display_name": None}),
        ("patch", "{pk}/", {"description": 5}),
        ("patch", "{pk}/", {"description": "x" * 4001}),
        ("patch", "{pk}/", {"description": "D", "status": "idle"}),
    ],
)
def test_a_bad_field_changes_nothing(
    method: str, path: str, data: Any, people: SimpleNamespace, as_user: Any
) -> None:
    before = list(Agent.objects.values())
    call = getattr(as_user(people.ada), method)
    answer = call("/api/agents/" + path.format(pk=people.robo.pk), data, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_field")
    assert list(Agent.objects.values()) == before


@pytest.mark.parametrize("data", [{}, {"status": "busy"}, {"status": None}, {"status": "idle", "note": "x"}])
def test_a_bad_status_is_refused(data: Any, people: SimpleNamespace, as_user: Any) -> None:
    answer = as_user(people.robo).post(f"/api/agents/{people.robo.pk}/status/", data, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_field")


@pytest.mark.parametrize("key", ["0", "00{pk}", "0{pk}", "-1", "x", "1.5", "9" * 40, "٣", "a%00"])
def test_an_odd_address_is_not_found(key: str, people: SimpleNamespace, as_user: Any) -> None:
    """``007`` would be another stream than ``7``, on which nothing ever happens."""
    answer = as_user(people.ada).get(f"/api/agents/{key.format(pk=people.robo.pk)}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_of_two_who_take_a_name_at_once_one_is_told_so(
    people: SimpleNamespace, as_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = User.objects.none()
    monkeypatch.setattr(User.objects, "filter", lambda **_: nobody)  # looked before the other made it
    answer = as_user(people.bob).post("/api/agents/", {"name": "robo"}, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["name"])


def test_agents_come_in_pages_by_name(people: SimpleNamespace, as_user: Any) -> None:
    ada = as_user(people.ada)
    for name in ("zeta", "alpha"):
        ada.post("/api/agents/", {"name": name}, format="json")
    assert [agent["agent"] for agent in ada.get("/api/agents/").json()] == ["alpha", "robo", "zeta"]
    page = ada.get("/api/agents/", {"limit": 1, "after": "alpha"}).json()
    assert [agent["agent"] for agent in page] == ["robo"]
