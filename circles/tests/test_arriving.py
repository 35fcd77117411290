"""Those who come together are looked at together, and each is let in or refused by itself."""

from types import SimpleNamespace
from typing import Any

import pytest

from circles import actions
from circles.models import Circle
from gathering.accounts import tokens
from gathering.accounts.models import User
from gathering.accounts.tokens import Credential
from gathering.hub import kinds, log
from gathering.hub.arrivals import Arrival, Found, Wish, look
from gathering.protocol.cursor import Position


def arrival(credential: Any, channel: str | None = "circles.team") -> Arrival:
    wish = Wish(channel) if channel is not None else None
    return Arrival(wish, credential=credential, authenticate=tokens.identify_all)


def token(user: User) -> Credential:
    return Credential("token", tokens.mint(user)[1])


def outcome(found: Any) -> object:
    """The head of a stream, or the code of an error."""
    if not isinstance(found, Found):
        return found.code
    return (
        found.position.head
        if isinstance(found.position, Position)
        else found.position and found.position.code
    )


@pytest.fixture
def everybody(people: SimpleNamespace) -> list[User]:
    idle = User.objects.create_user("ida", is_active=False)
    boss = User.objects.create_user("boss", is_active=False, is_staff=True)
    return [*vars(people).values(), idle, boss]


def test_many_see_what_each_sees(people: SimpleNamespace, circle: Circle, everybody: list[User]) -> None:
    for name, owner in (("other", people.bob), ("third", people.carol)):
        actions.create_circle(owner, name)
    actions.add_member(people.carol, "third", "robo")
    names = ["team", "other", "third", "nowhere"]
    asked = [(user, name) for user in everybody for name in names]
    one_by_one = [(u, n) for u, n in asked if Circle.objects.visible_to(u).filter(name=n).exists()]
    assert actions.seen_circles(asked) == one_by_one
    refused = kinds.refusals([(user, f"circles.{name}") for user, name in asked])
    assert [pair for pair, error in zip(asked, refused, strict=True) if error is None] == one_by_one


def test_many_cost_as_many_queries_as_two(
    people: SimpleNamespace, circle: Circle, django_assert_num_queries: Any
) -> None:
    for count in (2, 40):
        users = [(people.ada, people.bob, people.robo)[n % 3] for n in range(count)]
        arrivals = [arrival(token(user)) for user in users]
        look(arrivals, {})  # notes the first use of each token
        with django_assert_num_queries(3):  # tokens, circles, heads
            found = look(arrivals, {})
        assert [each.identity.user for each in found if isinstance(each, Found)] == users


def test_each_is_let_in_or_refused_by_itself(people: SimpleNamespace, circle: Circle) -> None:
    row, expired = tokens.mint(people.ada)
    type(row).objects.filter(pk=row.pk).update(expiry=row.created)
    found = look(
        [
            arrival(token(people.ada)),
            arrival(Credential("token", "wrong")),
            arrival(Credential("token", expired)),
            arrival(token(people.carol)),
            arrival(token(people.bob), "circles.nowhere"),
            arrival(token(people.bob), "planets.mars"),
            arrival(Credential("session", "nobody's")),
            arrival(tokens.mint(people.bob)[1], None),
            arrival(token(people.robo), "agents.no-number"),
            arrival(token(people.sue)),
        ],
        {},
    )
    head = log.position("circles.team").head
    refused = [
        "not_authenticated",
        "token_expired",
        "not_found",
        "not_found",
        "not_found",
        "not_authenticated",
    ]
    assert [outcome(each) for each in found] == [head, *refused, None, "not_found", head]


def test_a_stream_that_has_not_begun_has_an_epoch(people: SimpleNamespace) -> None:
    (found,) = look([arrival(token(people.robo), f"agents.{people.robo.pk}")], {})
    assert isinstance(found, Found)
    assert isinstance(found.position, Position)
    assert found.position.epoch
