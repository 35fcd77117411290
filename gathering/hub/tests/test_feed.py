"""A feed gives each event once and in order, however it hears of it."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Sequence

import pytest

from gathering.hub import feed as feed_module
from gathering.hub.feed import PATIENCE, Feed
from gathering.hub.frame import Batch, Frame
from gathering.hub.poll import Poll
from gathering.protocol.cursor import Position, ResetReason

from .fakes import CHANNEL, Listener, Log, in_no_time, now, turn, whisper


def followed(log: Log) -> tuple[Feed, Listener]:
    """A feed of ``log`` with one live subscriber."""
    feed, listener = log.feed(), Listener()
    feed.live.add(listener)
    return feed, listener


async def polled(log: Log, feed: Feed) -> None:
    """One round of the poll, and what it sets off."""
    await Poll({CHANNEL: feed}, log.heads, 1).once([CHANNEL])
    await asyncio.sleep(1)


@in_no_time
async def test_what_is_next_is_passed_on_within_the_tick() -> None:
    log = Log(5)
    feed, listener = followed(log)
    feed.hear(log.append(2))
    await turn()
    assert listener.seqs == [6, 7]
    assert (feed.cursor, feed.known, now(), log.reads) == (7, 7, 0, [])


@in_no_time
async def test_what_is_heard_in_one_tick_is_passed_on_together() -> None:
    log, batches = Log(), []

    class Keeper(Listener):
        def take(self, frames_: Sequence[Frame]) -> bool:
            batches.append(frames_)
            return True

    feed = log.feed()
    feed.live |= {Keeper(), Keeper()}
    for _ in range(3):
        feed.hear(log.append())
    await turn()
    assert [len(batch) for batch in batches] == [3, 3]
    assert isinstance(batches[0], Batch)
    assert batches[0] is batches[1]


@in_no_time
async def test_a_repeated_frame_is_dropped() -> None:
    log = Log()
    feed, listener = followed(log)
    frames = log.append(3)
    feed.hear([*frames, *frames])
    feed.hear(frames)
    await turn()
    assert listener.seqs == [1, 2, 3]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
@in_no_time
async def test_frames_in_any_order_are_put_in_order_without_the_log(order: tuple[int, ...]) -> None:
    log = Log(7)
    feed, listener = followed(log)
    frames = log.append(4)
    for index in order:
        feed.hear([frames[index]])
    await asyncio.sleep(1)
    assert listener.seqs == [8, 9, 10, 11]
    assert log.reads == []


@in_no_time
async def test_an_early_frame_waits_and_then_the_log_is_read() -> None:
    log = Log()
    feed, listener = followed(log)
    feed.hear(log.append(3)[2:])
    assert (feed.cursor, feed.known) == (0, 3)
    await asyncio.sleep(PATIENCE * 0.9)
    assert (listener.seqs, log.reads) == ([], [])
    await asyncio.sleep(PATIENCE * 0.2)
    assert (listener.seqs, log.reads) == ([1, 2, 3], [(0, 3)])


@in_no_time
async def test_an_early_frame_that_was_given_up_on_is_read_from_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed_module, "MAX_EARLY", 2)
    log = Log()
    feed, listener = followed(log)
    feed.hear(log.append(9)[1:])
    await asyncio.sleep(1)
    assert listener.seqs == list(range(1, 10))


@in_no_time
async def test_a_long_gap_is_mended_in_pages() -> None:
    log = Log()
    log.page, log.latency = 10, 0.01
    feed, listener = followed(log)
    feed.hear(log.append(35)[-1:])
    await asyncio.sleep(1)
    assert listener.seqs == list(range(1, 36))


@in_no_time
async def test_what_is_rung_while_the_log_is_read_comes_once() -> None:
    log = Log()
    log.latency = 0.1
    feed, listener = followed(log)
    frames = log.append(5)
    feed.hear(frames[4:])
    await asyncio.sleep(0.05)
    feed.hear(frames[:3])
    feed.hear(log.append(2))
    await asyncio.sleep(1)
    assert listener.seqs == [1, 2, 3, 4, 5, 6, 7]


@in_no_time
async def test_the_poll_finds_what_no_bell_told() -> None:
    log = Log(3)
    feed, listener = followed(log)
    log.append(4)
    await polled(log, feed)
    assert listener.seqs == [4, 5, 6, 7]


@in_no_time
async def test_a_poll_that_is_overtaken_by_the_bell_changes_nothing() -> None:
    log = Log(3)
    feed, listener = followed(log)
    asked_at, position = feed.known, log.position
    feed.hear(log.append(4))
    feed.learn(position, asked_at)
    await asyncio.sleep(1)
    assert (listener.seqs, listener.restarts) == ([4, 5, 6, 7], [])


@in_no_time
async def test_a_database_that_is_away_is_asked_again_at_the_next_poll(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = Log()
    feed, listener = followed(log)
    log.away = True
    feed.hear(log.append(3)[2:])
    await asyncio.sleep(10)
    assert listener.seqs == []
    log.away = False
    await polled(log, feed)
    assert listener.seqs == [1, 2, 3]
    assert "circles.dev cannot be mended yet" in caplog.text


@in_no_time
async def test_a_frame_heard_while_the_database_is_away_heals_as_well() -> None:
    log = Log()
    feed, listener = followed(log)
    log.away = True
    feed.hear(log.append(3)[2:])
    await asyncio.sleep(1)
    log.away = False
    feed.hear(log.append())
    await asyncio.sleep(1)
    assert listener.seqs == [1, 2, 3, 4]


@in_no_time
async def test_another_epoch_restarts_the_subscribers() -> None:
    log = Log(9)
    feed, listener = followed(log)
    feed.hear(log.append())
    log.renew("b", head=2)
    await polled(log, feed)
    feed.hear(log.append())
    await turn()
    assert listener.seqs == [10, 3]
    assert listener.restarts == [(Position("b", 2), ResetReason.EPOCH)]


@in_no_time
async def test_a_head_that_went_back_restarts_the_subscribers() -> None:
    log = Log(9)
    feed, listener = followed(log)
    log.lose(6)
    await polled(log, feed)
    feed.hear(log.append())
    await turn()
    assert listener.seqs == [7]
    assert listener.restarts == [(Position("a", 6), ResetReason.AHEAD)]


@in_no_time
async def test_a_frame_that_a_crash_unsaid_is_not_passed_on_later() -> None:
    """Rung and then lost with the database's last second: its successor has the same seq."""
    log = Log(9)
    feed, listener = followed(log)
    unsaid = log.append(2)[1]
    feed.hear([unsaid])
    log.lose(9)
    await polled(log, feed)
    assert feed.known == 9
    feed.hear(log.append(2))
    await turn()
    assert listener.seqs == [10, 11]
    assert unsaid not in listener.taken


@in_no_time
async def test_a_page_of_the_old_history_is_thrown_away() -> None:
    log = Log(9)
    log.latency = 1
    feed, listener = followed(log)
    feed.hear(log.append(5)[4:])
    await asyncio.sleep(1.5)  # the page is read, and not here yet
    log.renew("b", head=3)
    feed.learn(log.position, feed.known)
    await asyncio.sleep(5)
    feed.hear(log.append())
    await turn()
    assert listener.seqs == [4]
    assert listener.restarts == [(Position("b", 3), ResetReason.EPOCH)]


@in_no_time
async def test_what_was_heard_before_a_restart_is_passed_on_before_it() -> None:
    log = Log()
    said: list[int | None] = []

    class Diary(Listener):
        def take(self, frames_: Sequence[Frame]) -> bool:
            said.extend(frame.seq for frame in frames_)
            return True

        def restart(self, position: Position, reason: ResetReason) -> None:
            said.append(None)

    feed = log.feed()
    feed.live.add(Diary())
    feed.hear(log.append())
    log.renew("b")
    feed.learn(log.position, feed.known)
    await turn()
    assert said == [1, None]


@in_no_time
async def test_pruned_while_it_was_not_heard_restarts_the_subscribers() -> None:
    log = Log(2)
    feed, listener = followed(log)
    log.append(8)
    log.prune(6)
    await polled(log, feed)
    assert listener.restarts == [(Position("a", 6, 6), ResetReason.PRUNED)]
    assert listener.seqs == [7, 8, 9, 10]


@in_no_time
async def test_pruned_between_two_pages_restarts_the_subscribers() -> None:
    log = Log()
    log.page, log.latency = 2, 1
    feed, listener = followed(log)
    log.append(8)
    feed.learn(log.position, 0)
    await asyncio.sleep(2.5)
    log.prune(5)
    await asyncio.sleep(60)
    assert listener.seqs == [1, 2, 6, 7, 8]
    assert listener.restarts == [(Position("a", 5, 5), ResetReason.PRUNED)]


@in_no_time
async def test_pruned_altogether_is_known_once_the_poll_tells_the_floor() -> None:
    log = Log()
    feed, listener = followed(log)
    feed.hear(log.append(3)[2:])
    log.prune(3)
    await asyncio.sleep(1)
    assert (listener.restarts, feed.cursor) == ([], 0)
    await polled(log, feed)
    assert listener.restarts == [(Position("a", 3, 3), ResetReason.PRUNED)]
    feed.hear(log.append())
    await turn()
    assert listener.seqs == [4]


@in_no_time
async def test_an_ephemeral_event_keeps_its_place() -> None:
    log = Log()
    feed, listener = followed(log)
    feed.hear([*log.append(), whisper(), *log.append(), whisper(), whisper()])
    await turn()
    assert listener.seqs == [1, None, 2, None, None]
    assert feed.cursor == 2


@in_no_time
async def test_an_ephemeral_event_does_not_wait_for_what_is_missing() -> None:
    log = Log()
    feed, listener = followed(log)
    feed.hear([log.append(2)[1], whisper()])
    assert listener.seqs == [None]


@in_no_time
async def test_a_subscriber_that_refuses_is_left_out() -> None:
    log = Log()
    feed, listener = followed(log)
    deaf = Listener(most=1)
    feed.live.add(deaf)
    for _ in range(3):
        feed.hear(log.append())
        await turn()
    assert (listener.seqs, deaf.seqs) == ([1, 2, 3], [1])
    assert feed.live == {listener}


@in_no_time
async def test_recent_frames_come_from_memory() -> None:
    log = Log(10)
    feed = log.feed()
    feed.hear(log.append(5))
    assert [frame.seq for frame in await feed.after(12)] == [13, 14, 15]
    assert [frame.seq for frame in await feed.after(10)] == [11, 12, 13, 14, 15]
    assert await feed.after(15) == []
    assert await feed.after(99) == []
    assert log.reads == []


@in_no_time
async def test_older_frames_come_from_the_log_and_never_from_beyond_the_cursor() -> None:
    log = Log(10)
    feed = log.feed()
    feed.hear(log.append(2))
    feed.hear(log.append(3)[2:])
    assert [frame.seq for frame in await feed.after(8)] == [9, 10, 11, 12]
    assert log.reads == [(8, 12)]


@in_no_time
async def test_a_floor_that_was_learned_first_does_not_stand_above_the_head() -> None:
    log = Log(3)
    feed = log.feed()
    log.append(5)
    log.prune(6)
    feed.learn(log.position, feed.known)
    assert feed.position == Position("a", 3, 3)
    await asyncio.sleep(1)
    assert feed.position == Position("a", 8, 6)


def ring_of(feed: Feed) -> list[int | None]:
    return [frame.seq for frame in feed._recent]


@in_no_time
async def test_the_ring_is_bounded_in_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "RING_FRAMES", 3)
    log = Log()
    feed = log.feed()
    feed.hear(log.append(10))
    assert ring_of(feed) == [8, 9, 10]
    assert [frame.seq for frame in await feed.after(5)] == [6, 7, 8, 9, 10]
    assert log.reads == [(5, 10)]


@in_no_time
async def test_the_ring_is_bounded_in_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    frames = log.append(9)
    monkeypatch.setattr(feed_module, "RING_SIZE", 2 * frames[0].size)
    feed, listener = Feed(CHANNEL, Position("a", 0), log.read), Listener()
    feed.live.add(listener)
    feed.hear(frames[:6])
    assert ring_of(feed) == [5, 6]
    feed.hear([Frame(CHANNEL, 7, "x" * 10_000)])
    assert (ring_of(feed), feed._recent_size) == ([], 0)
    feed.hear(frames[7:])
    assert ring_of(feed) == [8, 9]
    await turn()
    assert listener.seqs == list(range(1, 10))


@in_no_time
async def test_news_wakes_everybody_who_waits() -> None:
    log = Log()
    feed = log.feed()
    waiting = [asyncio.create_task(feed.news()) for _ in range(3)]
    await turn()
    waiting.pop().cancel()
    feed.hear(log.append())
    await asyncio.gather(*waiting)
    later = asyncio.create_task(feed.news())
    await turn(3)
    assert not later.done()
    log.renew("b")
    feed.learn(log.position, feed.known)
    await later


@pytest.mark.parametrize("seed", range(200))
@in_no_time
async def test_whatever_the_bells_do_each_event_comes_once_and_in_order(seed: int) -> None:
    """Bells that are late, lost, doubled and reversed, a slow log, and a poll every second."""
    dice = random.Random(seed)
    log = Log(dice.randrange(5))
    log.latency, log.page = dice.choice([0, 0.001, 0.3]), dice.choice([1, 3, 200])
    feed, listener = followed(log)
    first = log.head + 1
    rung: list[Frame] = []
    for _ in range(dice.randrange(1, 60)):
        rung += log.append(dice.randrange(4))
        dice.shuffle(rung)
        feed.hear([rung[0]] * 2 if dice.random() < 0.2 and rung else [])
        feed.hear(rung.pop() for _ in range(dice.randrange(len(rung) + 1)))
        del rung[: dice.choice([0, 0, 0, 1])]
        log.away = dice.random() < 0.1
        await asyncio.sleep(dice.choice([0, 0, 0.001, PATIENCE, 0.2]))
        if dice.random() < 0.1 and not log.away:
            await polled(log, feed)
    log.away = False
    await polled(log, feed)
    await asyncio.sleep(200)
    assert listener.seqs == list(range(first, log.head + 1))
    assert (feed.cursor, feed.known, feed._early) == (log.head, log.head, {})
    assert listener.restarts == []
