"""Agents that go away without a word."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from django.utils import timezone

from agents import actions, activity, silence
from agents.models import Agent, Run
from circles.models import Circle
from gathering.hub import leases, log
from gathering.hub.leases import Beat, News

from .test_activity import STARTED, text


@pytest.fixture
def robo(people: SimpleNamespace, circle: Circle) -> Any:
    actions.report_status(people.robo, str(people.robo.pk), "working")
    activity.report_all(
        people.robo, str(people.robo.pk), [STARTED, text("START"), text("CONTENT", delta="Hm")]
    )
    return people.robo


def age(robo: Any, seconds: float) -> None:
    """Have it be ``seconds`` ago that the agent spoke."""
    then = timezone.now() - timedelta(seconds=seconds)
    Run.objects.update(reported_at=then)
    row = Agent.objects.get(pk=robo.pk)
    row.reported_at = then
    row.save(update_fields=["reported_at"])


def connect(robo: Any) -> None:
    who = {"id": robo.pk, "name": "robo", "display_name": "", "kind": "agent"}
    leases.beat(Beat("a-process", {("circles.team", robo.pk): who}, News({}, {}), []))


def status(robo: Any) -> tuple[str, str]:
    return Agent.objects.get(pk=robo.pk).status, Run.objects.get().status


def test_who_is_silent_and_has_no_socket_is_offline(robo: Any) -> None:
    age(robo, 61)
    silence.sweep()
    assert status(robo) == ("offline", "running")
    event = orjson.loads(log.read(robo.agent.channel, 0)[-1].text)
    assert (event["type"], event["data"]["status"], event["data"]["previous"]) == (
        "agent_status",
        "offline",
        "working",
    )


def test_a_run_of_who_has_been_silent_for_long_ends_as_an_error(robo: Any) -> None:
    age(robo, 301)
    silence.sweep()
    assert status(robo) == ("offline", "failed")
    assert Run.objects.get().error_code == "abandoned"
    last = [orjson.loads(frame.text) for frame in log.read(robo.agent.channel, 0)][-2:]
    assert [event["data"]["type"] for event in last] == ["TEXT_MESSAGE_END", "RUN_ERROR"]
    assert last[0]["content"] == "Hm"


def test_who_has_a_socket_may_be_silent(robo: Any) -> None:
    age(robo, 10_000)
    connect(robo)
    silence.sweep()
    assert status(robo) == ("working", "running")


def test_who_reports_anything_is_there(robo: Any) -> None:
    age(robo, 301)
    actions.report_status(robo, str(robo.pk), "working")
    silence.sweep()
    assert status(robo) == ("working", "running")
    age(robo, 301)
    activity.report(robo, str(robo.pk), text("CONTENT", delta="m"))
    silence.sweep()
    assert status(robo) == ("working", "running")


def test_an_agent_that_the_server_runs_is_left_to_those_who_run_it(robo: Any) -> None:
    age(robo, 10_000)
    Agent.objects.filter(pk=robo.pk).update(provider="scripted")
    silence.sweep()
    assert status(robo) == ("working", "running")


def test_the_sweep_may_be_switched_off(robo: Any, settings: Any) -> None:
    settings.GATHERING_OFFLINE_AFTER = settings.GATHERING_RUN_TIMEOUT = 0
    age(robo, 10_000)
    silence.sweep()
    assert status(robo) == ("working", "running")


def test_a_sweep_says_it_once(robo: Any) -> None:
    age(robo, 301)
    silence.sweep()
    head = log.position(robo.agent.channel).head
    silence.sweep()
    assert log.position(robo.agent.channel).head == head
