"""On PostgreSQL: a post refers to rows that others change, and neither waits for the other for ever."""

from collections.abc import Callable
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction

from agents import activity
from agents.models import Agent, Errand
from circles import actions as circles
from circles.models import Circle, Message

pytestmark = [
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite lets one write at a time"),
    pytest.mark.django_db(transaction=True),
]


def report(people: SimpleNamespace) -> Any:
    event = {"type": "CUSTOM", "name": "note", "value": 1}
    return activity.report(people.robo, str(people.robo.pk), event)


def entitle(people: SimpleNamespace) -> Any:
    return circles.change_circle(people.ada, "team", title="New")


@pytest.mark.parametrize("change", [report, entitle])
def test_a_post_and_a_change_of_what_it_refers_to_both_succeed(
    change: Callable[[SimpleNamespace], Any], people: SimpleNamespace, circle: Circle
) -> None:
    Agent.objects.filter(pk=people.robo.pk).update(provider="scripted")
    posted, changed = Event(), Event()

    def post() -> None:
        with transaction.atomic():
            circles.post_message(people.bob, "team", "@robo hello")  # holds the circle's stream
            posted.set()
            changed.wait(1)  # what comes in this time has the row, or waits for the stream
        connection.close()

    person = Thread(target=post)
    person.start()
    assert posted.wait(10)
    with transaction.atomic():
        change(people)
        changed.set()
        circles.post_message(people.robo, "team", "answer")
    person.join()
    assert Message.objects.count() == 2
    assert Errand.objects.count() == 1
