"""The same client without async."""

import threading
from collections.abc import Iterator
from itertools import islice

import pytest

from gathering_client import MemoryStore, NotAuthenticated, NotFound
from gathering_client.sync import Client, connect
from tests.python_client.reading import ONE_WORLD, hurried
from tests.rooms import Room, Rooms
from tests.servers import World

pytestmark = ONE_WORLD


@pytest.fixture
def place(world: World) -> Room:
    """A room for a test that has no loop."""
    return Rooms(world, None).make()  # type: ignore[arg-type]


@pytest.fixture
def ada(world: World) -> Iterator[Client]:
    with connect(world.steady.http, world.tokens["ada"], **hurried({"store": MemoryStore()})) as ada:
        yield ada


def test_posts_and_events(place: Room, ada: Client) -> None:
    circle = ada.circle(place.name)
    with circle.events() as events:
        posted = [circle.post(str(number)).seq for number in range(3)]
        logged = [event for event in islice(events, 4) if event.seq is not None]
        assert [event.seq for event in logged] == posted
        events.handled()
    circle.post("later")
    assert next(event.data["content"] for event in circle.events() if event.seq is not None) == "later"


def test_snapshots_lists_and_rest(world: World, place: Room, ada: Client) -> None:
    circle = ada.circle(place.name)
    circle.post("Hello")
    assert circle.snapshot().position.seq == place.head + 1
    assert [message["content"] for message in circle.history()] == ["Hello"]
    assert len(circle.members()) == 3
    assert place.name in [found["name"] for found in ada.circles()]
    assert ada.get("/api/me/")["name"] == ada.me()["name"] == "ada"
    # Of another circle: whoever posts in this one has a socket, and is here within a second.
    quiet = Rooms(world, None).make()  # type: ignore[arg-type]
    assert ada.wait(ada.asynchronous.circle(quiet.name).presence()) == []


def test_errors_are_raised_where_one_waits(world: World, place: Room, ada: Client) -> None:
    with pytest.raises(NotFound):
        ada.circle("nowhere").post("Hello")
    with pytest.raises(NotAuthenticated):
        connect(world.steady.http, "wrong", **hurried({}))


def test_nothing_is_left_of_it(world: World) -> None:
    before = threading.active_count()
    with connect(world.steady.http, world.tokens["ada"], **hurried({})):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
