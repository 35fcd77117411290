"""What the event bus reports of agents."""

from types import SimpleNamespace

import pytest

from agents.models import Agent
from gathering.events import EventBus
from gathering.events.models import DeadLetter

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_status_is_reported_by_the_bus(people: SimpleNamespace) -> None:
    EventBus().publish("agent.status", {"agent_id": people.robo.pk, "status": "working"})
    assert Agent.objects.get(pk=people.robo.pk).status == "working"


def test_a_status_that_is_none_becomes_a_dead_letter(people: SimpleNamespace) -> None:
    EventBus().publish("agent.status", {"agent_id": people.robo.pk, "status": "dancing"})
    assert "dancing" in DeadLetter.objects.get().error
