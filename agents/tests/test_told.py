"""Whatever changes of how an agent looks is told on its stream; and who may see that, at once."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from django.test import Client

from agents import actions
from agents.api import snapshot
from agents.models import Agent
from circles import actions as circles
from circles.models import Circle
from gathering.accounts.models import User
from gathering.hub import access, log

Change = Callable[[SimpleNamespace], Any]


def _admin(path: str, fields: Callable[[SimpleNamespace], dict[str, Any]]) -> Change:
    def change(people: SimpleNamespace) -> None:
        client = Client()
        client.force_login(people.sue)
        answer = client.post(path.format(pk=people.robo.pk), fields(people))
        assert answer.status_code == 302, answer.content

    return change


def _set(**values: Any) -> Change:
    return lambda p: Agent.objects.filter(pk=p.robo.pk).update(**values)


CHANGES: dict[str, Change] = {
    "status": lambda p: actions.report_status(p.robo, str(p.robo.pk), "waiting"),
    "description": lambda p: actions.change_agent(p.ada, str(p.robo.pk), description="More."),
    "staff's description": lambda p: actions.change_agent(p.sue, str(p.robo.pk), description="More."),
    "admin's form": _admin(
        "/admin/agents/agent/{pk}/change/",
        lambda p: {"owner": p.bob.pk, "description": "Bob's.", "status": "idle"},
    ),
    "admin's form of its user": _admin(
        "/admin/accounts/user/{pk}/change/",
        lambda p: {"kind": "agent", "display_name": "Robo 2", "email": "", "is_active": "on"},
    ),
    "another owner": lambda p: Agent.objects.filter(pk=p.robo.pk).update(owner=p.bob),
    "another owner by key": lambda p: _set(owner_id=p.bob.pk)(p),
    "an owner who is deleted": lambda p: p.ada.delete(),
    "queryset update": _set(status="error"),
    "shell save": lambda p: _renamed(p.robo.agent).save(),
    "bulk_update": lambda p: Agent.objects.bulk_update([_renamed(p.robo.agent)], ["description"]),
}


def _renamed(agent: Agent) -> Agent:
    agent.description = "From the shell."
    return agent


@pytest.mark.parametrize("name", CHANGES)
def test_old_snapshot_and_events_make_the_fresh_snapshot(name: str, people: SimpleNamespace) -> None:
    agent = Agent.objects.get(pk=people.robo.pk)
    now = old = snapshot(agent)
    CHANGES[name](people)
    for frame in log.read(agent.channel, old["seq"]):
        event = orjson.loads(frame.text)
        assert (event["type"], event["seq"]) == ("agent_status", now["seq"] + 1)
        assert event["data"].pop("previous") == now["agent"]["status"]
        now = {**now, "agent": event["data"], "seq": event["seq"]}
    assert now == snapshot(Agent.objects.get(pk=people.robo.pk))
    assert now["agent"] != old["agent"]


def test_a_new_agent_is_told_from_its_first_status_on(people: SimpleNamespace) -> None:
    agent = actions.create_agent(people.bob, "scout", "Scout", "Looks things up.")
    (frame,) = log.read(agent.channel, 0)
    event = orjson.loads(frame.text)
    assert event["data"].pop("previous") is None
    assert {"agent": event["data"], "seq": event["seq"]}.items() <= snapshot(agent).items()


def test_what_changes_nothing_of_its_looks_is_not_told(people: SimpleNamespace) -> None:
    before = snapshot(people.robo.agent)
    actions.report_status(people.robo, str(people.robo.pk), "offline")
    people.robo.agent.save()
    people.robo.email = "robo@example.org"
    people.robo.save(update_fields=["email"])
    people.bob.display_name = "Bob"
    people.bob.save()
    assert snapshot(people.robo.agent) == before


def test_a_status_that_is_reported_meanwhile_outlives_a_change(people: SimpleNamespace) -> None:
    stale = Agent.objects.get(pk=people.robo.pk)
    actions.report_status(people.robo, str(people.robo.pk), "working")
    stale.description = "More."
    stale.save(update_fields=["description"])
    agent = Agent.objects.get(pk=people.robo.pk)
    assert agent.status == "working"
    event = orjson.loads(log.read(agent.channel, 0)[-1].text)
    assert event["data"]["status"] == "working"


def test_an_agent_that_is_deleted_takes_its_stream_along(people: SimpleNamespace) -> None:
    channel = people.robo.agent.channel
    people.robo.delete()
    assert log.heads([channel]) == {}


# Who loses the sight of it


def withdrawals(act: Callable[[], Any]) -> list[tuple[Any, Any]]:
    """The (user, channel) of what ``act`` withdraws."""
    since = log.position(access.CHANNEL).head
    act()
    events = [orjson.loads(frame.text)["data"] for frame in log.read(access.CHANNEL, since)]
    return [(event["user"], event["channel"]) for event in events]


def test_the_sockets_of_an_agent_are_looked_at_when_it_leaves_a_circle(
    people: SimpleNamespace, circle: Circle
) -> None:
    lost = withdrawals(lambda: circles.remove_member(people.ada, "team", "robo"))
    assert set(lost) == {(people.robo.pk, None), (None, f"agents.{people.robo.pk}")}


def test_all_sockets_of_a_member_are_looked_at_when_it_leaves_a_circle(
    people: SimpleNamespace, circle: Circle
) -> None:
    lost = withdrawals(lambda: circles.remove_member(people.ada, "team", "bob"))
    assert lost == [(people.bob.pk, None)]


def test_the_sockets_of_an_agent_are_looked_at_when_its_owner_changes(people: SimpleNamespace) -> None:
    agent = people.robo.agent
    assert withdrawals(lambda: Agent.objects.update(owner=people.bob)) == [(None, agent.channel)]
    assert withdrawals(lambda: Agent.objects.update(status="idle")) == []


def test_an_agent_is_seen_by_its_own_and_those_in_a_circle_with_it(
    people: SimpleNamespace, circle: Circle
) -> None:
    other = User.objects.create_user("dora")
    circles.create_circle(other, "elsewhere")
    sees = {
        name: Agent.objects.visible_to(user).filter(pk=people.robo.pk).count()
        for name, user in {**vars(people), "dora": other}.items()
    }
    assert sees == {"ada": 1, "bob": 1, "olga": 1, "carol": 0, "sue": 1, "robo": 1, "dora": 0}
