"""How far a member has read: remembered on the server, for every device."""

from types import SimpleNamespace
from typing import Any

from circles import actions
from circles.models import Circle
from gathering.hub import log


def marker(circle: Circle, user: Any) -> int:
    return circle.memberships.get(user=user).read_to


def test_what_was_read_stays_read(people: SimpleNamespace, circle: Circle) -> None:
    first, second = (actions.post_message(people.ada, "team", text) for text in ("one", "two"))
    actions.mark_read(people.bob, "team", second.pk)
    actions.mark_read(people.bob, "team", first.pk)
    assert marker(circle, people.bob) == second.pk
    assert marker(circle, people.ada) == 0


def test_what_is_not_there_yet_is_not_read(people: SimpleNamespace, circle: Circle) -> None:
    only = actions.post_message(people.ada, "team", "one")
    actions.mark_read(people.bob, "team", only.pk + 1000)
    assert marker(circle, people.bob) == only.pk


def test_reading_tells_nobody(people: SimpleNamespace, circle: Circle) -> None:
    only = actions.post_message(people.ada, "team", "one")
    before = log.position(circle.channel)
    actions.mark_read(people.bob, "team", only.pk)
    assert log.position(circle.channel) == before
