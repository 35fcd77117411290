"""Readers of the log over HTTP: whatever is pruned while they read, they are told of it."""

import asyncio

from gathering.hub.api import follow
from gathering.protocol.cursor import Position, ResetReason

from .fakes import Log, in_no_time, now

PRUNED = ResetReason.PRUNED


@in_no_time
async def test_pruned_altogether_is_told_to_a_reader_even_if_nothing_more_is_said() -> None:
    log = Log(10)
    feed = log.feed()
    log.prune(10)
    feed.learn(log.position, 10)
    assert await anext(follow(feed, 4, feed.history, 15)) == (Position("a", 10, 10), PRUNED)


@in_no_time
async def test_pruned_altogether_is_told_soon_after_the_poll_knows_it() -> None:
    log = Log(10)
    feed = log.feed()
    log.prune(10)
    pages = follow(feed, 4, feed.history, 15)
    assert await anext(pages) == []
    feed.learn(log.position, 10)
    assert await anext(pages) == (Position("a", 10, 10), PRUNED)
    assert now() < 2


@in_no_time
async def test_a_floor_beyond_what_was_heard_resets_nobody() -> None:
    log = Log(5)
    feed = log.feed()
    log.append(5)
    log.prune(8)
    feed.floor = 8  # as the poll does, before it has mended the gap
    pages = follow(feed, 5, feed.history, 15)
    assert await anext(pages) == []
    feed.learn(log.position, 5)
    await asyncio.sleep(1)
    assert await anext(pages) == (Position("a", 10, 8), PRUNED)
