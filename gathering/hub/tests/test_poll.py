"""The poll asks where all streams stand, whatever happens to the database or to a feed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence

import pytest

from gathering.hub import poll as poll_module
from gathering.hub.feed import Feed
from gathering.hub.poll import CHUNK, Poll
from gathering.protocol.cursor import Position, ResetReason
from gathering.protocol.errors import Unavailable

from .fakes import CHANNEL, Listener, Log, in_no_time, now, turn


class Heads:
    """Answers as a database would, and keeps what it was asked."""

    def __init__(self, *problems: Exception | None) -> None:
        self.asked: list[list[str]] = []
        self.problems = list(problems)
        self.positions: dict[str, Position] = {}

    async def __call__(self, channels: Sequence[str]) -> dict[str, Position]:
        self.asked.append(list(channels))
        problem = self.problems.pop(0) if self.problems else None
        if problem is not None:
            raise problem
        return {name: self.positions[name] for name in channels if name in self.positions}


def some_feeds(count: int) -> dict[str, Feed]:
    log = Log()
    return {f"agents.{key}": Feed(f"agents.{key}", log.position, log.read) for key in range(count)}


@contextlib.asynccontextmanager
async def running(poll: Poll) -> AsyncIterator[None]:
    task = asyncio.create_task(poll.run())
    yield
    assert not task.done()
    task.cancel()


@in_no_time
async def test_it_asks_once_in_each_interval() -> None:
    heads = Heads()
    async with running(Poll(some_feeds(2), heads, interval=2)):
        await asyncio.sleep(7)
    assert heads.asked == [["agents.0", "agents.1"]] * 3
    assert now() == 7


@in_no_time
async def test_without_feeds_it_asks_nothing() -> None:
    heads = Heads()
    async with running(Poll({}, heads, interval=1)):
        await asyncio.sleep(5)
    assert heads.asked == []


@pytest.mark.parametrize("count", [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 1])
@in_no_time
async def test_it_asks_in_chunks(count: int) -> None:
    heads, feeds = Heads(), some_feeds(count)
    await Poll(feeds, heads, 1).once(list(feeds))
    assert [name for chunk in heads.asked for name in chunk] == list(feeds)
    assert len(heads.asked) == -(-count // CHUNK)
    assert max(map(len, heads.asked)) <= CHUNK


@in_no_time
async def test_a_stream_without_a_row_is_left_alone() -> None:
    feeds = some_feeds(1)
    await Poll(feeds, Heads(), 1).once(["agents.0"])
    assert feeds["agents.0"].known == 0


@in_no_time
async def test_a_name_that_nobody_follows_is_ignored() -> None:
    heads = Heads()
    heads.positions["agents.9"] = Position("a", 5)
    await Poll(some_feeds(1), heads, 1).once(["agents.9"])
    assert heads.asked == [["agents.9"]]


@in_no_time
async def test_a_feed_that_is_closed_while_it_asks_is_ignored() -> None:
    feeds = some_feeds(1)

    async def heads(channels: Sequence[str]) -> dict[str, Position]:
        feeds.clear()
        return {"agents.0": Position("a", 5)}

    await Poll(feeds, heads, 1).once(["agents.0"])
    assert feeds == {}


@in_no_time
async def test_what_is_heard_while_it_asks_is_no_head_that_went_back() -> None:
    log, listener = Log(5), Listener()
    feed = log.feed()
    feed.live.add(listener)

    async def heads(channels: Sequence[str]) -> dict[str, Position]:
        before = log.position
        feed.hear(log.append(3))
        return {CHANNEL: before}

    await Poll({CHANNEL: feed}, heads, 1).once([CHANNEL])
    await turn()
    assert (listener.seqs, listener.restarts) == ([6, 7, 8], [])


@in_no_time
async def test_a_head_below_what_was_known_when_it_asked_went_back() -> None:
    log, listener = Log(5), Listener()
    feed = log.feed()
    feed.live.add(listener)
    feed.hear(log.append(2)[1:])
    log.lose(5)
    await Poll({CHANNEL: feed}, log.heads, 1).once([CHANNEL])
    assert listener.restarts == [(Position("a", 5), ResetReason.AHEAD)]


@in_no_time
async def test_a_database_that_is_away_is_logged_once_and_once_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heads = Heads(None, Unavailable(), Unavailable(), Unavailable(), None, None, Unavailable())
    with caplog.at_level(logging.WARNING, poll_module.__name__):
        async with running(Poll(some_feeds(1), heads, interval=1)):
            await asyncio.sleep(7.5)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["the database is away", "the database is back", "the database is away"]


@in_no_time
async def test_it_goes_on_after_an_error_that_nobody_foresaw(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heads = Heads(ValueError("no idea"))
    async with running(Poll(some_feeds(1), heads, interval=1)):
        await asyncio.sleep(3.5)
    assert len(heads.asked) == 3
    assert "no idea" in caplog.text
