"""What the event bus reports of agents."""

from types import SimpleNamespace

import pytest

from agents.models import Agent, Run
from gathering.events import EventBus
from gathering.events.models import DeadLetter

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_status_is_reported_by_the_bus(people: SimpleNamespace) -> None:
    EventBus().publish("agent.status", {"agent_id": people.robo.pk, "status": "working"})
    assert Agent.objects.get(pk=people.robo.pk).status == "working"


def test_a_status_that_is_none_becomes_a_dead_letter(people: SimpleNamespace) -> None:
    EventBus().publish("agent.status", {"agent_id": people.robo.pk, "status": "dancing"})
    assert "dancing" in DeadLetter.objects.get().error


def test_activity_is_reported_by_the_bus(people: SimpleNamespace) -> None:
    begun = {"type": "RUN_STARTED", "threadId": "elsewhere", "runId": "r1"}
    EventBus().publish("agent.activity", {"agent_id": people.robo.pk, "activity": begun})
    assert Run.objects.get(agent=people.robo.pk).run_id == "r1"


def test_activity_that_is_malformed_becomes_a_dead_letter(people: SimpleNamespace) -> None:
    EventBus().publish("agent.activity", {"agent_id": people.robo.pk, "activity": {"type": "RUN_STARTED"}})
    assert "threadId" in DeadLetter.objects.get().error
