"""What is told is what is stored, whatever an instance holds in memory and however old that is."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Upper

from circles import actions
from circles.models import Circle, Membership, Message

from .law import replay, take


def test_a_save_of_an_old_instance_is_told(people: SimpleNamespace, circle: Circle) -> None:
    stale = Circle.objects.get(pk=circle.pk)
    actions.change_circle(people.ada, "team", status="paused")
    old = take(circle)
    stale.save()  # writes "active" back, which it never knew to have changed
    assert Circle.objects.get(pk=circle.pk).status == "active"
    assert replay(old) == take(circle)


def test_a_save_of_some_fields_tells_nothing_of_the_others(circle: Circle) -> None:
    old = take(circle)
    circle.title, circle.status = "New", "paused"
    circle.save(update_fields=["title"])
    assert replay(old) == take(circle)
    assert replay(old)["circle"]["status"] == "active"


def test_what_was_not_saved_is_told_when_it_is(circle: Circle) -> None:
    old = take(circle)
    circle.title, circle.status = "New", "paused"
    circle.save(update_fields=["title"])
    circle.save()
    assert replay(old) == take(circle)
    assert replay(old)["circle"]["status"] == "paused"


def test_an_instance_that_was_loaded_in_part_is_told(circle: Circle) -> None:
    old = take(circle)
    partly = Circle.objects.only("title").get(pk=circle.pk)
    partly.title = "New"
    assert partly.description == ""  # loads what was deferred
    partly.save()
    assert replay(old) == take(circle)
    assert replay(old)["circle"]["title"] == "New"


def test_a_save_that_changes_nothing_tells_nothing(circle: Circle) -> None:
    before = take(circle)["seq"]
    circle.save()
    circle.memberships.get(user__username="bob").save()
    assert take(circle)["seq"] == before


def test_a_membership_that_is_gone_is_not_told_to_leave_again(
    people: SimpleNamespace, circle: Circle
) -> None:
    stale = circle.memberships.get(user=people.bob)
    actions.remove_member(people.ada, "team", "bob")
    actions.add_member(people.ada, "team", "bob")
    old = take(circle)
    stale.delete()
    assert replay(old) == take(circle)
    assert "bob" in [member.get("user") for member in take(circle)["members"]]


@pytest.mark.parametrize("value", [F("title"), Value("x"), Upper("title"), F("title") + "x"])
def test_an_expression_is_refused_since_nobody_could_tell_its_value(value: Any, circle: Circle) -> None:
    with pytest.raises(TypeError, match="values, not expressions"):
        Circle.objects.update(description=value)


def test_options_of_bulk_create_are_refused(people: SimpleNamespace, circle: Circle) -> None:
    row = Membership(circle=circle, user=people.carol)
    with pytest.raises(TypeError, match="no options"):
        Membership.objects.bulk_create([row], ignore_conflicts=True)


def _renamed(circle: Circle) -> None:
    circle.name = "other"
    circle.save()


REFUSED = {
    "a new name": _renamed,
    "a new name in bulk": lambda c: Circle.objects.update(name="other"),
    "another circle's key": lambda c: Circle(pk=c.pk, name="other").save(),
    "another user": lambda c: c.memberships.update(user=c.memberships.first().user_id + 99),
    "other words": lambda c: c.messages.update(content="never said"),
    "another message's key": lambda c: Message(
        pk=c.messages.get().pk, circle=c, author=c.messages.get().author, content="never said"
    ).save(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_stays_as_it_is_cannot_be_changed_on_any_path(
    name: str, people: SimpleNamespace, circle: Circle
) -> None:
    actions.post_message(people.ada, "team", "said")
    old = take(circle)
    with pytest.raises(ValidationError):
        REFUSED[name](circle)
    assert take(circle) == old


def test_an_event_that_cannot_be_made_takes_its_row_with_it(circle: Circle) -> None:
    old = take(circle)
    circle.title = F("name")  # works in SQL, and nobody could tell what it became
    with pytest.raises(Exception, match="JSON"), transaction.atomic():
        circle.save()
    assert take(circle) == old


def test_an_owner_who_is_deleted_leaves_its_agent_and_that_is_told(people: SimpleNamespace) -> None:
    from agents.api import snapshot

    agent = people.robo.agent
    before = snapshot(agent)
    people.ada.delete()
    agent.refresh_from_db()
    assert (snapshot(agent)["agent"]["owner"], snapshot(agent)["seq"]) == (None, before["seq"] + 1)


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite lets one write at a time")
@pytest.mark.django_db(transaction=True)
def test_two_who_change_a_circle_at_once_are_both_told(circle: Circle) -> None:
    """The one that waits compares with what the other has stored."""
    from threading import Thread

    old = take(circle)

    def pause() -> None:
        mine = Circle.objects.get(pk=circle.pk)
        started.append(True)
        mine.status = "paused"
        mine.save()
        connection.close()

    started: list[bool] = []
    with transaction.atomic():
        circle.title = "New"
        circle.save()
        other = Thread(target=pause)
        other.start()
        while not started:
            pass
    other.join()
    assert replay(old) == take(circle)
