"""Dead letters in the admin."""

import pytest
from django.test import Client

from gathering.accounts.models import User
from gathering.events import BusEvent, EventBus
from gathering.events.delivery import bury
from gathering.events.models import DeadLetter

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/admin/events/deadletter/"


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("sue"))
    return client


def test_the_list_shows_what_failed_and_why(staff: Client) -> None:
    bury("1-0", "agent.message", "{}", "1-0", "There is <b>no</b> such circle.", tries=5)
    page = staff.get(PAGE).content.decode()
    assert "agent.message" in page
    assert "There is &lt;b&gt;no&lt;/b&gt; such circle." in page
    assert "handlers run where it is published" in page


def test_a_letter_is_retried_by_those_alone_who_had_failed(staff: Client, event_bus: EventBus) -> None:
    heard: list[str] = []
    mended = False

    @event_bus.subscribe("x")
    def sound(event: BusEvent) -> None:
        heard.append("sound")

    @event_bus.subscribe("x")
    def broken(event: BusEvent) -> None:
        if not mended:
            raise ValueError
        heard.append("mended")

    event_bus.publish("x", {})
    mended = True
    staff.post(PAGE, {"action": "retry", "_selected_action": [DeadLetter.objects.get().pk]})
    assert heard == ["sound", "mended"]
    assert not DeadLetter.objects.exists()


def test_a_letter_that_is_no_event_stays_and_says_why(staff: Client, event_bus: EventBus) -> None:
    bury("1-0", "x", "not JSON", "1-0", "'data' is not JSON", tries=1)
    chosen = {"action": "retry", "_selected_action": [DeadLetter.objects.get().pk]}
    page = staff.post(PAGE, chosen, follow=True).content.decode()
    assert "1-0: Expecting value" in page
    assert DeadLetter.objects.count() == 1
