"""A subscription delivers without loss, repetition or disorder, however slow its socket is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gathering.hub import feed as feed_module
from gathering.hub.feed import Feed
from gathering.hub.frame import Frame
from gathering.hub.poll import Poll
from gathering.hub.subscription import RETRY, Subscription
from gathering.hub.writer import PortableWriter

from .fakes import CHANNEL, Client, Log, RoomyWriter, Wire, in_no_time, now, runner, turn, whisper


class Follower:
    """A subscription to ``feed`` from ``since`` on, its writer and the client at its end."""

    def __init__(self, log: Log, feed: Feed, since: int | None = None, room: int = 10**9) -> None:
        cursor = feed.cursor if since is None else since
        self.client = Client(log, cursor)
        self.writer = RoomyWriter(self.client.read, room)
        self.subscription = Subscription(feed, self.writer, cursor)
        self.subscription.start()

    @property
    def live(self) -> bool:
        return self.subscription in self.subscription.feed.live


async def polled(log: Log, feed: Feed) -> None:
    await Poll({CHANNEL: feed}, log.heads, 1).once([CHANNEL])
    await asyncio.sleep(1)


@in_no_time
async def test_at_the_head_it_is_live_at_once() -> None:
    log = Log(5)
    feed = log.feed()
    follower = Follower(log, feed)
    assert follower.live
    feed.hear(log.append(2))
    await turn()
    assert follower.client.applied == [6, 7]


@in_no_time
async def test_behind_the_head_it_catches_up_and_goes_live() -> None:
    log = Log(450)
    feed = log.feed()
    follower = Follower(log, feed, since=3)
    assert not follower.live
    await asyncio.sleep(1)
    assert follower.live
    assert follower.client.applied == list(range(4, 451))


@in_no_time
async def test_ahead_of_its_feed_it_skips_what_it_has() -> None:
    log = Log(5)
    feed = log.feed()
    frames = log.append(4)
    follower = Follower(log, feed, since=7)
    assert follower.live
    feed.hear(frames[:1])
    await turn()
    feed.hear(frames[1:])
    await turn()
    assert follower.client.applied == [8, 9]


@in_no_time
async def test_what_is_heard_while_it_reads_is_neither_lost_nor_repeated() -> None:
    log = Log(10)
    log.latency = 1
    feed = log.feed()
    follower = Follower(log, feed, since=0)
    for _ in range(6):
        await asyncio.sleep(0.5)
        feed.hear(log.append())
    await asyncio.sleep(10)
    assert follower.live
    assert follower.client.applied == list(range(1, 17))


@pytest.mark.parametrize("tick", range(16))
@pytest.mark.parametrize("since", [0, 5, 8])
@in_no_time
async def test_nothing_falls_between_catching_up_and_live(since: int, tick: int) -> None:
    """Whichever turn of the loop it is in which an event is heard: 8 is in memory, 5 is not."""
    log = Log(7)
    feed = log.feed()
    feed.hear(log.append(3))
    follower = Follower(log, feed, since=since)
    await turn(tick)
    feed.hear(log.append())
    await turn(tick)
    feed.hear(log.append(2))
    await asyncio.sleep(1)
    assert follower.client.applied == list(range(since + 1, 14))


@in_no_time
async def test_one_that_goes_live_in_the_tick_of_an_event_gets_it_once() -> None:
    log = Log(5)
    feed = log.feed()
    feed.hear(log.append())
    follower = Follower(log, feed, since=5)
    fresh = Follower(log, feed)
    await turn(5)
    assert (follower.client.applied, fresh.client.applied) == ([6], [])
    assert follower.live
    assert fresh.live


@in_no_time
async def test_one_that_cannot_be_written_goes_back_to_catching_up() -> None:
    log = Log()
    feed = log.feed()
    follower, other = Follower(log, feed, room=2), Follower(log, feed)
    for _ in range(5):
        feed.hear(log.append())
        await turn()
    assert not follower.live
    assert (follower.client.applied, other.client.applied) == ([1, 2], [1, 2, 3, 4, 5])
    follower.writer.make_room(100)
    await turn(10)
    assert follower.live
    feed.hear(log.append())
    await turn()
    assert follower.client.applied == [1, 2, 3, 4, 5, 6]


@in_no_time
async def test_what_waits_for_a_slow_client_waits_in_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed_module, "RING_FRAMES", 4)
    log = Log()
    feed = log.feed()
    follower = Follower(log, feed, room=1)
    for _ in range(100):
        feed.hear(log.append())
        await turn()
    for _ in range(100):
        follower.writer.make_room(1)
        await turn(5)
    assert follower.client.applied == list(range(1, 101))
    assert log.reads


@in_no_time
async def test_ephemeral_events_reach_who_is_live_and_has_room() -> None:
    log = Log(5)
    feed = log.feed()
    live, full, behind = Follower(log, feed), Follower(log, feed, room=0), Follower(log, feed, since=0)
    feed.hear([whisper()])
    assert [each.client.whispers for each in (live, full, behind)] == [["psst"], [], []]
    assert full.live  # what is ephemeral may be lost, and nothing has to be caught up


@in_no_time
async def test_while_the_database_is_away_it_tries_again() -> None:
    log = Log(5)
    feed = log.feed()
    log.away = True
    follower = Follower(log, feed, since=0)
    await asyncio.sleep(RETRY * 5.5)
    assert len(log.reads) == 6
    log.away = False
    await asyncio.sleep(RETRY)
    assert follower.client.applied == [1, 2, 3, 4, 5]


@in_no_time
async def test_everything_begins_at_the_floor_and_is_no_reset() -> None:
    log = Log(9, floor=4)
    feed = log.feed()
    follower = Follower(log, feed, since=0)
    await asyncio.sleep(1)
    assert follower.client.applied == [5, 6, 7, 8, 9]
    assert follower.client.resets == []


@pytest.mark.parametrize("told", [True, False])
@in_no_time
async def test_pruned_under_it_is_a_reset(told: bool) -> None:
    log = Log(9)
    feed = log.feed()
    follower = Follower(log, feed, since=3)
    log.prune(6)
    if told:
        await polled(log, feed)
    await asyncio.sleep(1)
    assert (follower.client.resets, follower.client.cursor) == (["pruned"], 9)
    assert follower.live


@pytest.mark.parametrize("since", [0, 3])
@in_no_time
async def test_pruned_altogether_under_it_ends_once_the_floor_is_known(since: int) -> None:
    log = Log(9)
    feed = log.feed()
    follower = Follower(log, feed, since=since)
    log.prune(9)
    await asyncio.sleep(RETRY * 3)
    assert not follower.live
    await polled(log, feed)
    feed.hear(log.append())
    await turn()
    assert follower.live
    assert follower.client.applied == [10]
    assert follower.client.resets == (["pruned"] if since else [])


@in_no_time
async def test_another_epoch_while_it_is_live_is_a_reset() -> None:
    log = Log(9)
    feed = log.feed()
    follower = Follower(log, feed)
    log.renew("b", head=2)
    await polled(log, feed)
    feed.hear(log.append())
    await turn()
    assert (follower.client.resets, follower.client.applied) == (["epoch"], [3])


@pytest.mark.parametrize("head", [0, 2, 9, 20])
@in_no_time
async def test_another_epoch_while_it_reads_is_a_reset(head: int) -> None:
    log = Log(9)
    log.latency = 1
    feed = log.feed()
    follower = Follower(log, feed, since=3)
    await asyncio.sleep(1.5)  # the page is read, and not here yet
    log.renew("b", head=head)
    await polled(log, feed)
    await asyncio.sleep(5)
    feed.hear(log.append())
    await turn()
    assert (follower.client.resets, follower.client.applied) == (["epoch"], [head + 1])


@in_no_time
async def test_another_epoch_while_its_socket_is_full_is_a_reset() -> None:
    log = Log()
    feed = log.feed()
    follower = Follower(log, feed, room=2)
    feed.hear(log.append(5))
    await turn()
    log.renew("b", head=9)
    await polled(log, feed)
    assert follower.client.resets == []
    follower.writer.make_room(100)
    await asyncio.sleep(1)
    assert (follower.client.resets, follower.client.cursor) == (["epoch"], 9)
    assert follower.live


@in_no_time
async def test_a_head_that_went_back_while_it_reads_is_a_reset() -> None:
    """Else it would go live beyond the head, and skip what comes until the head is there again."""
    log = Log(9)
    log.latency = 1
    feed = log.feed()
    follower = Follower(log, feed, since=3)
    await asyncio.sleep(1.5)
    log.lose(5)
    await polled(log, feed)
    await asyncio.sleep(5)
    feed.hear(log.append(3))
    await turn()
    assert (follower.client.resets, follower.client.applied) == (["ahead"], [6, 7, 8])


@in_no_time
async def test_stopped_it_delivers_no_more() -> None:
    log = Log(9)
    feed = log.feed()
    followers = [Follower(log, feed), Follower(log, feed, since=3), Follower(log, feed, room=1)]
    feed.hear(log.append(2))
    await turn()
    delivered = [list(follower.client.applied) for follower in followers]
    assert feed.followers == 3
    for follower in followers:
        follower.subscription.stop()
    feed.hear(log.append())
    followers[2].writer.make_room(10)
    await asyncio.sleep(1)
    assert [follower.client.applied for follower in followers] == delivered
    assert (feed.live, feed.followers) == (set(), 0)


@in_no_time
async def test_one_slow_reader_does_not_hold_the_loop() -> None:
    log = Log(2000)
    log.page = 1
    feed = log.feed()
    follower = Follower(log, feed, since=0)
    rounds = 0
    while not follower.live:
        await turn()
        rounds += 1
    assert rounds > 2000
    assert now() == 0


class Socket:
    """A follower on a real writer: its client reads and answers pings only when it is told to."""

    def __init__(self, log: Log, feed: Feed, since: int | None, limit: int) -> None:
        cursor = feed.cursor if since is None else since
        self.client = Client(log, cursor)
        self.wire = Wire()
        self.writer = PortableWriter(self.wire.send, limit, lambda: '{"type":"ping"}')
        self.subscription = Subscription(feed, self.writer, cursor)
        self.subscription.start()

    def read(self, count: int) -> None:
        for _ in range(min(count, len(self.wire.sent))):
            if self.client.read(self.wire.sent.popleft()["text"]) == "ping":
                self.writer.pong()


class Hub(RuleBasedStateMachine):
    """A log, a feed, a doorbell that is late, lossy and disorderly, and sockets that come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(feed_module, "RING_FRAMES", 5)
        self.patch.setattr(feed_module, "MAX_EARLY", 4)
        self.runner = runner()
        self.sockets: list[Socket] = []
        self.rung: list[Frame] = []
        self.epochs = 0

    @initialize(head=st.integers(0, 12), floor=st.integers(0, 12), page=st.integers(1, 6))
    def begin(self, head: int, floor: int, page: int) -> None:
        self.log = Log(head, floor=floor)
        self.log.page = page
        self.feed = self.do(self.log.feed)

    @rule(count=st.integers(1, 6), bell=st.sampled_from(["at once", "late", "late", "lost"]))
    def publish(self, count: int, bell: str) -> None:
        frames = self.log.append(count)
        if bell == "at once":
            self.do(lambda: self.feed.hear(frames))
        elif bell == "late":
            self.rung += frames

    @precondition(lambda self: self.rung)
    @rule(data=st.data(), again=st.booleans())
    def ring(self, data: st.DataObject, again: bool) -> None:
        chosen = data.draw(st.lists(st.sampled_from(self.rung), max_size=5))
        self.do(lambda: self.feed.hear(chosen))
        if not again:
            self.rung = [frame for frame in self.rung if frame not in chosen]

    @rule()
    def whisper(self) -> None:
        self.do(lambda: self.feed.hear([whisper()]))

    @rule(data=st.data(), limit=st.sampled_from([0, 100, 300, 1000]))
    def join(self, data: st.DataObject, limit: int) -> None:
        floor = self.log.floor
        seqs = st.sampled_from([0, *range(floor, self.feed.cursor + 1)])
        since = data.draw(st.none() | seqs) if self.feed.epoch == self.log.epoch else None
        self.sockets.append(self.do(lambda: Socket(self.log, self.feed, since, limit)))
        self.sockets[-1].client.epoch = self.feed.epoch

    @precondition(lambda self: self.sockets)
    @rule(data=st.data(), count=st.integers(1, 8))
    def read(self, data: st.DataObject, count: int) -> None:
        socket = data.draw(st.sampled_from(self.sockets))
        self.do(lambda: socket.read(count))

    @precondition(lambda self: self.sockets)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        socket = data.draw(st.sampled_from(self.sockets))
        self.sockets.remove(socket)
        self.do(socket.subscription.stop)

    @precondition(lambda self: not self.log.away)
    @rule(slow=st.booleans())
    def poll(self, slow: bool) -> None:
        async def ask() -> None:
            await Poll({CHANNEL: self.feed}, self.log.heads, 1).once([CHANNEL])
            await turn(8 if slow else 0)

        self.runner.run(ask())

    @rule(latency=st.sampled_from([0, 0.01, 0.1]), away=st.booleans())
    def trouble(self, latency: float, away: bool) -> None:
        self.log.latency, self.log.away = latency, away

    @rule(floor=st.integers(1, 30))
    def prune(self, floor: int) -> None:
        self.log.prune(floor)

    @precondition(lambda self: not self.log.away)
    @rule(head=st.integers(0, 20), crash=st.booleans())
    def restore(self, head: int, crash: bool) -> None:
        """What was rung before is no longer true, and the poll is the first to look."""
        self.rung.clear()
        if crash:
            self.log.lose(head)
        else:
            self.epochs += 1
            self.log.renew(f"e{self.epochs}", head)
        self.poll(slow=False)

    @rule(seconds=st.sampled_from([0, 0, 0.005, 0.03, 1]))
    def wait(self, seconds: float) -> None:
        self.runner.run(asyncio.sleep(seconds))

    @invariant()
    def nothing_is_kept_without_a_bound(self) -> None:
        if hasattr(self, "feed"):
            assert len(self.feed._recent) <= 5
            assert len(self.feed._early) <= 4
            assert self.feed.cursor <= self.feed.known
            assert self.feed.followers == len(self.sockets)

    def teardown(self) -> None:
        try:
            if hasattr(self, "feed"):
                self.runner.run(self.settle())
        finally:
            self.runner.close()
            self.patch.undo()

    async def settle(self) -> None:
        """Once all is well again, everybody has everything."""
        self.log.away, self.log.latency = False, 0
        for _ in range(10 + 2 * self.log.head):  # at the least one frame in two rounds
            await polled(self.log, self.feed)
            for socket in self.sockets:
                socket.read(10**6)
        assert (self.feed.epoch, self.feed.cursor) == (self.log.epoch, self.log.head)
        for socket in self.sockets:
            assert socket.subscription in self.feed.live
            assert socket.client.epoch == self.log.epoch
            nothing_to_send = socket.client.cursor == 0 and not self.log.holds_anything
            assert socket.client.cursor == self.log.head or nothing_to_send

    def do(self, act: Callable[[], Any]) -> Any:
        async def inside() -> Any:
            return act()

        return self.runner.run(inside())


TestHub = Hub.TestCase
TestHub.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
