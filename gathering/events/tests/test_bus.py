"""The bus without Redis: handlers run where it is published, each once for an id."""

from typing import Any

import pytest
from django.db import transaction

from gathering.accounts.models import User
from gathering.events import BusEvent, EventBus
from gathering.events.models import DeadLetter
from gathering.protocol.errors import BadField, NotFound

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_handler_is_given_what_was_published(event_bus: EventBus) -> None:
    heard: list[BusEvent] = []
    event_bus.subscribe("agent.message")(heard.append)
    given = event_bus.publish("agent.message", {"content": "Hello"})
    assert heard == [{"content": "Hello"}]
    assert (heard[0].type, heard[0].id) == ("agent.message", given)


def test_only_handlers_of_its_type_hear_of_an_event(event_bus: EventBus) -> None:
    heard: list[BusEvent] = []
    event_bus.subscribe("agent.status")(heard.append)
    event_bus.publish("agent.message", {})
    assert heard == []


def test_the_decorated_function_stays_itself(event_bus: EventBus) -> None:
    def handler(event: BusEvent) -> None: ...

    assert event_bus.subscribe("x")(handler) is handler


def test_an_async_handler_writes_in_the_transaction_of_its_delivery(event_bus: EventBus) -> None:
    @event_bus.subscribe("x")
    async def handler(event: BusEvent) -> None:
        await User.objects.acreate(username="made")
        raise ValueError("after it had written")

    event_bus.publish("x", {})
    assert not User.objects.filter(username="made").exists()
    assert "after it had written" in DeadLetter.objects.get().error


async def test_a_program_in_a_loop_publishes_too(event_bus: EventBus) -> None:
    heard: list[BusEvent] = []

    @event_bus.subscribe("x")
    async def handler(event: BusEvent) -> None:
        heard.append(event)

    await event_bus.apublish("x", {"n": 1})
    assert heard == [{"n": 1}]


def test_an_id_is_handled_once(event_bus: EventBus) -> None:
    heard: list[BusEvent] = []
    event_bus.subscribe("x")(heard.append)
    assert [event_bus.publish("x", {}, id="mine") for _ in range(2)] == ["mine", "mine"]
    assert len(heard) == 1


def test_what_a_transaction_takes_back_is_not_published(event_bus: EventBus) -> None:
    heard: list[BusEvent] = []
    event_bus.subscribe("x")(heard.append)
    with transaction.atomic():
        event_bus.publish("x", {})
        transaction.set_rollback(True)
    assert heard == []


def test_one_handler_that_fails_stops_no_other_and_is_not_silent(event_bus: EventBus) -> None:
    heard: list[BusEvent] = []

    @event_bus.subscribe("x")
    def broken(event: BusEvent) -> None:
        raise NotFound("No such circle.")

    event_bus.subscribe("x")(heard.append)
    event_bus.publish("x", {"a": 1}, id="mine")
    letter = DeadLetter.objects.get()
    assert len(heard) == 1
    assert (letter.type, letter.data, letter.ref, letter.tries) == ("x", '{"a": 1}', "mine", 1)
    assert "No such circle." in letter.error


@pytest.mark.parametrize(
    ("type_", "event", "id_"),
    [
        ("", {}, None),
        ("two\nlines", {}, None),
        ("x" * 101, {}, None),
        ("x", {"not": {1, 2}}, None),
        ("x", {"long": "y" * 1024 * 1024}, None),
        ("x", {}, ""),
        ("x", {}, "y" * 65),
    ],
)
def test_what_cannot_be_published_is_refused(
    event_bus: EventBus, type_: str, event: dict[str, Any], id_: str | None
) -> None:
    with pytest.raises(BadField):
        event_bus.publish(type_, event, id=id_)
