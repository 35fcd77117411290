"""Agents: who sees and changes them, and what is said of them."""

from typing import Any

import orjson
import pytest
from rest_framework.test import APIClient

from agents import actions
from agents.api import snapshot
from agents.models import Agent
from circles import actions as circles
from gathering.accounts import tokens
from gathering.accounts.models import User
from gathering.hub import log
from gathering.protocol.errors import BadField, NotAllowed, NotFound


@pytest.fixture
def cast(db: Any) -> dict[str, User]:
    users = {name: User.objects.create_user(name) for name in ("ada", "bob", "carol")}
    users["robo"] = actions.create_agent(users["ada"], "robo", "Robo", "Runs tests.").user
    users["scout"] = actions.create_agent(users["carol"], "scout").user
    circles.create_circle(users["ada"], "team")
    for name in ("bob", "robo"):
        circles.add_member(users["ada"], "team", name)
    return users


def rest(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


CHANGES = {
    "status": lambda cast, key: actions.report_status(cast["robo"], key, "working"),
    "same status": lambda cast, key: actions.report_status(cast["robo"], key, "offline"),
    "description": lambda cast, key: actions.change_agent(cast["ada"], key, description="More."),
    "name": lambda cast, key: actions.change_agent(cast["ada"], key, display_name="Robot"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_old_snapshot_and_events_make_the_fresh_snapshot(name: str, cast: dict[str, User]) -> None:
    agent = cast["robo"].agent
    old = snapshot(agent)
    CHANGES[name](cast, str(agent.pk))
    for frame in log.read(agent.channel, old["seq"]):
        event = orjson.loads(frame.text)
        event["data"].pop("previous")
        old |= {"agent": event["data"], "seq": event["seq"]}
    assert old == snapshot(Agent.objects.get(pk=agent.pk))


@pytest.mark.parametrize(
    ("who", "status"), [("ada", 200), ("bob", 200), ("robo", 200), ("carol", 404), ("scout", 404)]
)
def test_who_sees_an_agent(who: str, status: int, cast: dict[str, User]) -> None:
    assert rest(cast[who]).get(f"/api/agents/{cast['robo'].pk}/").status_code == status


def test_an_agent_reports_on_itself_alone(cast: dict[str, User]) -> None:
    key = str(cast["robo"].pk)
    actions.report_status(cast["robo"], key, "working")
    with pytest.raises(NotAllowed):
        actions.report_status(cast["ada"], key, "idle")
    with pytest.raises(NotFound):
        actions.report_status(cast["scout"], key, "idle")


@pytest.mark.parametrize("key", ["x", "", "-1", "٣", "9" * 40, "0", "1.5"])
def test_a_key_that_is_no_id_finds_nothing(key: str, cast: dict[str, User]) -> None:
    with pytest.raises(NotFound):
        actions.find_agent(cast["ada"], key)


@pytest.mark.parametrize("name", ["robo", "ada", "Upper", "a b", ""])
def test_a_bad_or_taken_name_makes_no_agent(name: str, cast: dict[str, User]) -> None:
    with pytest.raises(BadField):
        actions.create_agent(cast["ada"], name)
    assert rest(cast["ada"]).post("/api/agents/", {"name": name}, format="json").status_code == 400


def test_an_owner_makes_tokens_for_its_agent_and_nobody_else_does(cast: dict[str, User]) -> None:
    made = rest(cast["ada"]).post("/api/tokens/", {"agent": "robo", "name": "ci"}, format="json")
    assert tokens.verify(made.json()["token"]).user == cast["robo"]
    refused = rest(cast["bob"]).post("/api/tokens/", {"agent": "robo"}, format="json")
    assert refused.status_code == 404


def test_the_streams_of_ones_own_are_listed(cast: dict[str, User]) -> None:
    channels = [stream["channel"] for stream in rest(cast["bob"]).get("/api/streams/").json()]
    assert channels == [f"agents.{cast['robo'].pk}", "circles.team"]
