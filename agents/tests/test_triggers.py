"""What calls an agent: exactly one errand for each trigger, in the transaction of the message."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from agents import triggers
from agents.actions import create_agent
from agents.models import Agent, Errand, Following
from circles import actions as circles
from circles.models import Circle
from gathering.accounts.models import User
from gathering.hub.kinds import Asked


@pytest.fixture
def scout(people: SimpleNamespace, circle: Circle) -> Agent:
    agent = create_agent(people.ada, "scout")
    Agent.objects.filter(pk=agent.pk).update(provider="scripted")
    circles.add_member(people.ada, "team", "scout")
    return Agent.objects.get(pk=agent.pk)


def say(user: User, content: str, **fields: Any) -> Any:
    return circles.post_message(user, "team", content, **fields)


def errands() -> list[tuple[str, str, int]]:
    rows = Errand.objects.order_by("pk").values_list("agent__user__username", "reason", "hops")
    return [tuple(row) for row in rows]


def be(agent: Agent, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(agent, name, value)
    agent.save()


def test_a_mention_calls_an_agent_once(people: SimpleNamespace, scout: Agent) -> None:
    message = say(people.bob, "@scout and @scout again, and @robo, who runs elsewhere")
    assert errands() == [("scout", "mentioned", 0)]
    assert Errand.objects.get().message == message


def test_a_mention_in_a_batch_calls_as_well(people: SimpleNamespace, scout: Agent) -> None:
    asked = [Asked(people.bob, "team", {"content": content}) for content in ("@scout one", "two", "@scout 3")]
    circles.post_messages(asked)
    assert errands() == [("scout", "mentioned", 0)] * 2


def test_a_message_that_is_rolled_back_calls_nobody(people: SimpleNamespace, scout: Agent) -> None:
    with transaction.atomic():
        say(people.bob, "@scout hello")
        transaction.set_rollback(True)
    assert errands() == []


def test_a_person_who_replies_to_an_agent_asks_it(people: SimpleNamespace, scout: Agent) -> None:
    said = say(scout.user, "Done.")
    say(people.bob, "And now?", reply_to=said.pk)
    say(people.robo, "Indeed.", reply_to=said.pk)
    assert errands() == [("scout", "replied", 0)]


@pytest.mark.parametrize(
    "change",
    [{"provider": ""}, {"answers": "never"}],
    ids=["elsewhere", "never"],
)
def test_an_agent_that_does_not_answer_is_not_called(
    change: dict[str, str], people: SimpleNamespace, scout: Agent
) -> None:
    be(scout, **change)
    say(people.bob, "@scout hello")
    assert errands() == []


def test_an_agent_that_may_not_post_or_is_off_is_not_called(people: SimpleNamespace, scout: Agent) -> None:
    circles.change_role(people.ada, "team", "scout", "observer")
    say(people.bob, "@scout hello")
    circles.change_role(people.ada, "team", "scout", "member")
    scout.user.is_active = False
    scout.user.save()
    say(people.bob, "@scout hello")
    assert errands() == []


def test_an_agent_does_not_call_itself(people: SimpleNamespace, scout: Agent) -> None:
    say(scout.user, "I am @scout")
    assert errands() == []


def test_a_post_that_calls_nobody_costs_nothing_more(people: SimpleNamespace, scout: Agent) -> None:
    with CaptureQueriesContext(connection) as queries:
        say(people.bob, "just so")
    assert len(queries) == 4  # who may post, the row, the head of the stream, the event


def test_hops_count_agents_since_a_person_spoke(people: SimpleNamespace, scout: Agent) -> None:
    say(people.bob, "@robo please ask")
    say(people.robo, "@scout please look")
    say(scout.user, "@robo what exactly?")
    say(people.robo, "@scout the file")
    say(people.bob, "@scout never mind")
    assert [hops for _, _, hops in errands()] == [1, 3, 0]


def test_what_an_agent_says_on_an_errand_counts_from_that_wherever_it_says_it(
    people: SimpleNamespace, scout: Agent
) -> None:
    other = create_agent(people.ada, "helper")
    be(other, provider="scripted")
    circles.create_circle(people.ada, "quiet")
    for name in ("scout", "helper"):
        circles.add_member(people.ada, "quiet", name)
    message = say(people.robo, "@scout ask over there")
    Errand.objects.update(state="running", started_at=message.created_at, hops=2)
    circles.post_message(scout.user, "quiet", "@helper please")
    assert errands()[-1] == ("helper", "mentioned", 3)


class TestAlways:
    @pytest.fixture(autouse=True)
    def always(self, scout: Agent) -> None:
        be(scout, answers="always")

    def test_every_message_calls_once_from_then_on(self, people: SimpleNamespace) -> None:
        say(people.bob, "just so")
        say(people.bob, "@scout hello")
        say(people.robo, "I ran the tests.")
        assert triggers.follow() == 3
        assert errands() == [("scout", "mentioned", 0), ("scout", "always", 0), ("scout", "always", 1)]
        assert triggers.follow() == 0

    def test_what_was_said_before_calls_nobody(self, people: SimpleNamespace, scout: Agent) -> None:
        be(scout, answers="mentioned")
        assert not Following.objects.exists()
        say(people.bob, "earlier")
        be(scout, answers="always")
        say(people.bob, "later")
        triggers.follow()
        assert [errand.message.content for errand in Errand.objects.all()] == ["later"]

    def test_a_circle_is_followed_from_the_joining_to_the_leaving(self, people: SimpleNamespace) -> None:
        circles.create_circle(people.ada, "second")
        circles.add_member(people.ada, "second", "scout")
        circles.post_message(people.ada, "second", "hello")
        assert triggers.follow() == 1
        circles.remove_member(people.ada, "second", "scout")
        circles.post_message(people.ada, "second", "hello again")
        assert triggers.follow() == 0

    def test_a_post_costs_nothing_more_either(self, people: SimpleNamespace) -> None:
        with CaptureQueriesContext(connection) as queries:
            say(people.bob, "just so")
        assert len(queries) == 4
