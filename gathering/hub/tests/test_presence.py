"""Who is here: what one process tells its sockets, and what several make of each other."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gathering.hub import leases, presence
from gathering.hub.leases import Beat, News
from gathering.hub.models import Here, Lease
from gathering.hub.presence import Presence
from gathering.hub.tests.fakes import RoomyWriter, in_no_time
from gathering.protocol.errors import Unavailable

DEV = "circles.dev"


def who(actor: int) -> dict[str, Any]:
    return {"id": actor, "name": f"n{actor}", "display_name": "", "kind": "person"}


# What is stored


def said(process: str, *actors: int, known: News | None = None, **options: Any) -> Beat:
    here = {(DEV, actor): who(actor) for actor in actors}
    return Beat(process, here, known or News({}, {}), [DEV], **options)


def expire(process: str) -> None:
    Lease.objects.filter(process=process).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_a_process_learns_what_another_holds(db: Any) -> None:
    leases.beat(said("a", 1, 2))
    news = leases.beat(said("b", 3))
    assert set(news.changed["a"][DEV]) == {1, 2}
    assert [each["id"] for each in leases.present(DEV)] == [1, 2, 3]


def test_what_has_not_changed_is_not_read_again(db: Any) -> None:
    leases.beat(said("a", 1))
    news = leases.beat(said("b"))
    assert leases.beat(said("b", known=news)).changed == {}


def test_a_beat_without_news_costs_one_reading(db: Any, django_assert_num_queries: Any) -> None:
    news = leases.beat(said("a", 1))
    with django_assert_num_queries(2):
        leases.beat(said("a", 1, known=news, renew=False))


def test_who_leaves_is_no_more_there(db: Any) -> None:
    first = leases.beat(said("a", 1, 2))
    leases.beat(said("a", 2, known=first))
    assert [each["id"] for each in leases.present(DEV)] == [2]


def test_a_process_that_died_is_swept_by_another(db: Any) -> None:
    leases.beat(said("a", 1))
    expire("a")
    assert leases.present(DEV) == []
    news = leases.beat(said("b"))
    assert (news.versions, Here.objects.count()) == ({}, 0)


def test_a_process_that_was_believed_dead_comes_back_with_all_it_holds(db: Any) -> None:
    first = leases.beat(said("a", 1, 2))
    expire("a")
    leases.beat(said("b"))
    leases.beat(said("a", 1, 2, known=first))
    assert [each["id"] for each in leases.present(DEV)] == [1, 2]


def test_who_is_connected_anywhere_is_known(db: Any) -> None:
    leases.beat(said("a", 1))
    leases.beat(said("b", 2))
    expire("b")
    assert leases.connected([1, 2, 3]) == {1}


# What is told


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Database:
    """Instead of a database: what processes say of themselves is kept in memory."""

    def __init__(self) -> None:
        self.said: dict[str, Beat] = {}
        self.clock = Clock()
        self.away = False

    async def run(self, function: Any, *args: Any) -> Any:
        if self.away:
            raise Unavailable
        return function(*args)

    read = run

    def beat(self, beat: Beat) -> News:
        self.said[beat.process] = beat
        others = {name: other for name, other in self.said.items() if name != beat.process}
        changed: dict[str, Any] = {name: self.rows(other, beat.channels) for name, other in others.items()}
        return News({}, dict.fromkeys(others, 1), changed)

    def look(self, process: str, channels: Any) -> Any:
        return {name: self.rows(each, channels) for name, each in self.said.items() if name != process}

    def rows(self, beat: Beat, channels: Any) -> Any:
        found: dict[str, Any] = {}
        for (channel, actor), person in beat.here.items():
            if channel in channels:
                found.setdefault(channel, {})[actor] = person
        return found


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    fake = Database()
    monkeypatch.setattr(leases, "beat", fake.beat)
    monkeypatch.setattr(leases, "look", fake.look)
    monkeypatch.setattr(presence, "time", fake.clock)
    return fake


class Socket:
    """A greeted socket, and what it believes."""

    def __init__(self, here: Presence, actor: int) -> None:
        self.seen: dict[int, Any] = {}
        self.frames: list[str] = []
        self.writer = RoomyWriter(self.read)
        self.visitor = here.enter(DEV, who(actor), self.writer)

    def read(self, text: str) -> None:
        frame = json.loads(text)
        assert (frame["type"], frame["channel"], "seq" in frame) == ("presence", DEV, False)
        ((what, people),) = ((what, some) for what, some in frame["data"].items() if what != "more")
        self.frames.append(what)
        if what == "here":
            self.seen = {}
        for each in people:
            self.seen.pop(each["id"], None) if what == "left" else self.seen.update({each["id"]: each})


async def process(database: Database) -> Presence:
    made = Presence(database)  # type: ignore[arg-type]
    await made.know(DEV)
    return made


@in_no_time
async def test_a_greeted_socket_sees_itself_and_who_comes(database: Database) -> None:
    here = await process(database)
    ada = Socket(here, 1)
    assert set(ada.seen) == {1}
    Socket(here, 2)
    await here._beat()
    assert (set(ada.seen), ada.frames) == ({1, 2}, ["here", "came"])


@in_no_time
async def test_who_is_back_within_the_grace_has_not_been_away(database: Database) -> None:
    here = await process(database)
    ada, bob = Socket(here, 1), Socket(here, 2)
    await here._beat()
    here.leave(bob.visitor)
    await here._beat()
    Socket(here, 2)
    database.clock.now += leases.GRACE + 1
    await here._beat()
    assert ada.frames == ["here", "came"]


@in_no_time
async def test_who_stays_away_has_left(database: Database) -> None:
    here = await process(database)
    ada, bob = Socket(here, 1), Socket(here, 2)
    await here._beat()
    here.leave(bob.visitor)
    database.clock.now += leases.GRACE + 1
    await here._beat()
    assert (set(ada.seen), ada.frames[-1]) == ({1}, "left")


@in_no_time
async def test_of_two_sockets_of_one_person_the_last_counts(database: Database) -> None:
    here = await process(database)
    ada, first, _ = Socket(here, 1), Socket(here, 2), Socket(here, 2)
    here.leave(first.visitor)
    database.clock.now += leases.GRACE + 1
    await here._beat()
    assert set(ada.seen) == {1, 2}


@in_no_time
async def test_the_pictures_of_two_processes_agree(database: Database) -> None:
    one, other = await process(database), await process(database)
    ada, bob = Socket(one, 1), Socket(other, 2)
    for each in (one, other, one):
        await each._beat()
    assert set(ada.seen) == set(bob.seen) == {1, 2}
    carol = Socket(one, 3)
    assert set(carol.seen) == {1, 2, 3}
    del database.said[other._process]  # swept
    await one._beat()
    assert set(ada.seen) == set(carol.seen) == {1, 3}


@in_no_time
async def test_who_had_no_room_for_the_news_is_given_the_whole_picture(database: Database) -> None:
    here = await process(database)
    ada = Socket(here, 1)
    ada.writer.room = 0
    for actor in (2, 3):
        Socket(here, actor)
        await here._beat()
    assert set(ada.seen) == {1}
    ada.writer.room = 10
    await here._beat()
    assert (set(ada.seen), ada.frames) == ({1, 2, 3}, ["here", "here"])


@in_no_time
async def test_after_the_database_was_away_nobody_is_swept_at_once(database: Database) -> None:
    here = await process(database)
    here._was_away = True
    await here._beat()
    assert database.said[here._process].sweep is False


@in_no_time
async def test_a_crowd_is_named_in_part_and_counted(database: Database) -> None:
    here = await process(database)
    sockets = [Socket(here, actor) for actor in range(1, presence.MOST + 50)]
    await here._beat()
    assert len(sockets[0].seen) == presence.MOST + 49
    late = Socket(here, 10_000)
    assert len(late.seen) == presence.MOST
    assert 10_000 in late.seen
