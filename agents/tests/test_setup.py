"""The pages on which an owner makes an agent and sets it up."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from agents.models import Agent, Following
from agents.setup import GUARDS
from circles import actions as circles
from circles.models import Circle, Membership
from gathering.accounts.models import Token
from gathering.hub import log


@pytest.fixture
def page(people: SimpleNamespace, circle: Circle) -> str:
    return f"/agents/{people.robo.pk}/settings/"


@pytest.fixture
def ada(people: SimpleNamespace, client: Client) -> Client:
    client.force_login(people.ada)
    return client


def form_of(people: SimpleNamespace, **changes: Any) -> dict[str, Any]:
    """What a browser sends if only ``changes`` are made."""
    agent = Agent.objects.get(pk=people.robo.pk)
    names = ("provider", "persona", "answers", "history", "needs_approval", "description", *GUARDS)
    values = {name: getattr(agent, name) for name in names}
    return {**values, "display_name": agent.user.display_name, "temperature": "", **changes}


def error_of(answer: Any, name: str) -> str:
    found = re.search(rf'id="e-{name}">([^<]+)<', answer.content.decode())
    return found[1] if found else ""


def test_an_owner_sets_up_what_answers(page: str, people: SimpleNamespace, ada: Client) -> None:
    changes = {"display_name": "Robo", "provider": "scripted", "persona": "Be brief.\r\nBe kind."}
    changes |= {"temperature": "0.5", "answers": "always", "needs_approval": ["post_message"], "turns": "5"}
    assert ada.post(page, form_of(people, **changes)).status_code == 302
    agent = Agent.objects.select_related("user").get(pk=people.robo.pk)
    assert (agent.user.display_name, agent.provider, agent.persona) == (
        "Robo",
        "scripted",
        "Be brief.\nBe kind.",
    )
    assert (agent.temperature, agent.answers, agent.needs_approval) == (0.5, "always", ["post_message"])
    assert (agent.turns, agent.run_tokens) == (5, 60_000)
    assert Following.objects.filter(agent=agent).count() == 1
    assert ada.post(page, form_of(people, needs_approval=[])).status_code == 302
    agent.refresh_from_db()
    assert (agent.temperature, agent.needs_approval) == (None, [])


def test_a_form_that_changes_nothing_tells_nothing(page: str, people: SimpleNamespace, ada: Client) -> None:
    head = log.position(people.robo.agent.channel).head
    assert ada.post(page, form_of(people)).status_code == 302
    assert log.position(people.robo.agent.channel).head == head


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("temperature", "3"),
        ("temperature", "warm"),
        ("history", "0"),
        ("answers", "sometimes"),
        ("persona", "x" * 8001),
        ("turns", "0"),
        ("turns", "13"),
        ("cooldown", "0"),
        ("provider", "nowhere"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    name: str, wrong: str, page: str, people: SimpleNamespace, ada: Client
) -> None:
    answer = ada.post(page, form_of(people, description="new", **{name: wrong}))
    assert answer.status_code in (400, 403)
    assert error_of(answer, name) != ""
    assert Agent.objects.get(pk=people.robo.pk).description == ""


def test_what_spends_more_is_shown_to_an_owner_and_set_by_staff(
    page: str, people: SimpleNamespace, ada: Client, settings: Any
) -> None:
    settings.GATHERING_LLM_ENDPOINTS = {"local": "http://127.0.0.1:1/v1"}
    shown = ada.get(page).content.decode()
    assert "staff gives an agent one" in shown
    assert "here: local" not in shown
    assert 'name="model"' not in shown
    assert "From 1 to 12." in shown
    assert error_of(ada.post(page, form_of(people, provider="local", model="m")), "provider") != ""
    ada.force_login(people.sue)
    assert "From 1 to 50." in ada.get(page).content.decode()
    assert ada.post(page, form_of(people, provider="local", model="m", turns="50")).status_code == 302
    ada.force_login(people.ada)
    shown = ada.get(page).content.decode()
    assert "<code>m</code>" in shown
    assert 'value="local" selected' in shown
    assert ada.post(page, form_of(people, persona="Still his.")).status_code == 302
    agent = Agent.objects.get(pk=people.robo.pk)
    assert (agent.provider, agent.model, agent.turns, agent.persona) == ("local", "m", 50, "Still his.")


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("olga", 403), ("carol", 404)])
def test_nobody_else_sees_or_sets_it(
    who: str, status: int, page: str, people: SimpleNamespace, client: Client
) -> None:
    client.force_login(getattr(people, who))
    assert client.get(page).status_code == status
    assert client.post(page, form_of(people, persona="mine now")).status_code == status
    assert Agent.objects.get(pk=people.robo.pk).persona == ""


def test_a_ceiling_of_the_server_is_said(page: str, ada: Client, settings: Any) -> None:
    settings.GATHERING_AGENT_CEILINGS = {"day_tokens": 5000}
    assert "This server allows 5,000." in ada.get(page).content.decode()


def test_a_new_agent_leads_on_to_its_token_and_its_circle(
    people: SimpleNamespace, circle: Circle, ada: Client
) -> None:
    made = ada.post("/new/agent/", {"name": "scout", "display_name": "", "description": ""})
    shown = ada.get(made["Location"]).content.decode()
    assert "Let it into Team" in shown
    assert f"{made['Location']}settings/" in shown
    token = {"name": "for scout", "holder": "scout", "days": "90"}
    for name, value in token.items():
        assert f'name="{name}" value="{value}"' in shown
    assert 'id="secret"' in ada.post("/tokens/", token).content.decode()
    assert Token.objects.get().user.username == "scout"
    ada.post("/circles/team/members/", {"name": "scout", "role": "member"})
    assert Membership.objects.filter(circle=circle, user__username="scout").exists()
    assert "Let it into Team" not in ada.get(made["Location"]).content.decode()


def test_who_owns_no_circle_is_told_so(people: SimpleNamespace, client: Client) -> None:
    client.force_login(people.carol)
    made = client.post("/new/agent/", {"name": "scout", "display_name": "", "description": ""})
    assert "You own no circle" in client.get(made["Location"]).content.decode()
    circles.create_circle(people.carol, "hers")
    assert "Let it into hers" in client.get(made["Location"]).content.decode()
