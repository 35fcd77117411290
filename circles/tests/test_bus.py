"""What the event bus says in circles."""

from types import SimpleNamespace
from typing import Any

import pytest

from circles.models import Circle, Message
from gathering.events import EventBus
from gathering.events.models import DeadLetter

pytestmark = pytest.mark.django_db(transaction=True)


def _publish(agent_id: int, **fields: Any) -> None:
    event = {"circle_name": "team", "agent_id": agent_id, "content": "Done", **fields}
    EventBus().publish("agent.message", event)


def test_an_agent_speaks_by_the_bus(people: SimpleNamespace, circle: Circle) -> None:
    _publish(people.robo.pk)
    message = Message.objects.get()
    assert (message.author, message.content) == (people.robo, "Done")


def test_what_the_bus_does_not_know_of_an_event_is_ignored(people: SimpleNamespace, circle: Circle) -> None:
    _publish(people.robo.pk, mood="good")
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", [{"circle_name": "elsewhere"}, {"content": ""}, {"reply_to": 99}, {"agent_id": "robo"}]
)
def test_what_is_wrong_becomes_a_dead_letter(
    people: SimpleNamespace, circle: Circle, wrong: dict[str, Any]
) -> None:
    _publish(**{"agent_id": people.robo.pk, **wrong})
    assert not Message.objects.exists()
    assert DeadLetter.objects.get().type == "agent.message"


def test_the_bus_speaks_for_no_person(people: SimpleNamespace, circle: Circle) -> None:
    _publish(people.bob.pk)
    assert f"There is no agent {people.bob.pk}" in DeadLetter.objects.get().error
