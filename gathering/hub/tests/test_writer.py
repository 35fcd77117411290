"""The portable writer is bounded, and a client's pong is its credit."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gathering.hub.frame import Frame
from gathering.hub.writer import PortableWriter

from .fakes import CHANNEL, Wire, in_no_time, now, turn

PING = "ping!"


def writer_to(wire: Wire, limit: int = 100) -> PortableWriter:
    return PortableWriter(wire.send, limit, lambda: PING)


def frames_of(*sizes: int) -> list[Frame]:
    return [Frame(CHANNEL, index, str(index % 10) * size) for index, size in enumerate(sizes, 1)]


@in_no_time
async def test_frames_arrive_in_order() -> None:
    wire = Wire()
    writer = writer_to(wire, limit=0)
    assert writer.write(frames_of(3, 2)) == 2
    writer.control("c")
    assert writer.write(frames_of(1)) == 1
    await turn(3)
    assert wire.texts == ["111", "22", "c", "1"]


@in_no_time
async def test_writing_never_waits_for_the_socket() -> None:
    wire = Wire()
    wire.block()
    writer = writer_to(wire, limit=0)
    assert writer.write(frames_of(*[1000] * 1000)) == 1000
    await turn(3)
    assert wire.texts == []


@in_no_time
async def test_what_is_unread_is_bounded() -> None:
    wire = Wire()
    writer = writer_to(wire)
    assert writer.write(frames_of(*[20] * 10)) == 4
    assert writer.write(frames_of(20)) == 0
    assert writer.unread <= 100
    assert writer.stalled_since is not None


@in_no_time
async def test_sent_is_not_read() -> None:
    """Daphne's ``send`` returns at once, whatever the client does."""
    wire = Wire()
    writer = writer_to(wire)
    writer.write(frames_of(*[20] * 10))
    await turn(20)
    assert writer.write(frames_of(20)) == 0


@in_no_time
async def test_a_frame_larger_than_the_limit_goes_when_nothing_is_unread() -> None:
    wire = Wire()
    writer = writer_to(wire)
    assert writer.write(frames_of(500, 500)) == 1
    while writer.awaits_pong:
        writer.pong()
    assert (writer.unread, writer.stalled_since) == (0, None)
    assert writer.write(frames_of(500)) == 1


@in_no_time
async def test_a_quarter_of_the_limit_is_followed_by_one_ping() -> None:
    wire = Wire()
    writer = writer_to(wire)
    writer.write(frames_of(25))
    assert not writer.awaits_pong
    writer.write(frames_of(1))
    assert writer.awaits_pong
    writer.write(frames_of(20))
    await turn(5)
    assert wire.texts == ["1" * 25, "1", PING, "1" * 20]


@in_no_time
async def test_a_pong_credits_what_was_sent_up_to_its_ping_and_no_more() -> None:
    wire = Wire()
    writer = writer_to(wire)
    writer.write(frames_of(10))
    writer.ping()
    writer.write(frames_of(7))
    writer.pong()
    assert writer.unread == 7
    assert not writer.awaits_pong


@in_no_time
async def test_pongs_answer_pings_in_order() -> None:
    wire = Wire()
    writer = writer_to(wire, limit=0)
    for _ in range(3):
        writer.write(frames_of(10))
        writer.ping()
    unread = []
    for _ in range(3):
        writer.pong()
        unread.append(writer.unread)
    assert unread == [30, 15, 0]


@in_no_time
async def test_a_pong_that_nobody_asked_for_is_no_credit() -> None:
    wire = Wire()
    writer = writer_to(wire)
    writer.write(frames_of(20))
    writer.pong()
    assert writer.unread == 20


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 10, 19])
@in_no_time
async def test_a_limit_smaller_than_a_ping_is_no_disaster(limit: int) -> None:
    wire = Wire()
    writer = writer_to(wire, limit)
    for frame in frames_of(1, 30, 1, 30):
        while not writer.write([frame]):
            assert writer.awaits_pong
            writer.pong()
    await turn(20)
    assert [text for text in wire.texts if text != PING] == ["1", "2" * 30, "3", "4" * 30]


@in_no_time
async def test_ready_wakes_once_half_of_the_limit_is_free() -> None:
    wire = Wire()
    writer = writer_to(wire)
    assert writer.write(frames_of(*[15] * 10)) < 10
    waiting = asyncio.create_task(writer.ready())
    while writer.unread > 50:
        await turn(3)
        assert not waiting.done()
        writer.pong()
    await waiting
    assert writer.stalled_since is None


@in_no_time
async def test_ready_returns_at_once_while_there_is_room() -> None:
    wire = Wire()
    writer = writer_to(wire)
    writer.write(frames_of(1))
    await writer.ready()
    assert now() == 0


@in_no_time
async def test_a_stalled_writer_has_always_asked_for_credit() -> None:
    """Else it would wait for the heartbeat: 30 s."""
    wire = Wire()
    writer = writer_to(wire)
    writer.write(frames_of(20))
    assert writer.write(frames_of(90)) == 0
    assert writer.awaits_pong


@in_no_time
async def test_who_asks_and_does_not_read_the_answers_is_stalled() -> None:
    wire = Wire()
    wire.block()
    writer = writer_to(wire)
    for _ in range(30):
        writer.control("x" * 10)
    assert writer.stalled_since is not None


@in_no_time
async def test_a_close_comes_after_what_is_queued() -> None:
    wire = Wire()
    writer = writer_to(wire)
    writer.write(frames_of(1, 1))
    await writer.close(4001, 5)
    assert wire.texts == ["1", "2"]
    assert wire.closed_with == [4001]


@in_no_time
async def test_after_a_close_nothing_more_is_sent() -> None:
    wire = Wire()
    writer = writer_to(wire)
    await writer.close(1012, 5)
    assert writer.write(frames_of(1)) == 1
    writer.control("c")
    writer.ping()
    await turn(3)
    assert (wire.texts, wire.closed_with) == ([], [1012])
    assert not writer.awaits_pong


@in_no_time
async def test_a_close_that_is_not_taken_in_time_is_given_up() -> None:
    wire = Wire()
    wire.block()
    writer = writer_to(wire)
    writer.write(frames_of(1, 1))
    await writer.close(4001, 5)
    assert now() == 5
    wire.unblock()
    await turn(3)
    assert not wire.sent


@pytest.mark.parametrize("first_send", [True, False])
@in_no_time
async def test_a_close_of_a_socket_that_has_gone_returns(first_send: bool) -> None:
    wire = Wire()
    writer = writer_to(wire)
    if first_send:
        writer.write(frames_of(1))
        await turn(3)
    wire.hang_up()
    writer.write(frames_of(1, 1))
    await turn(3)
    await writer.close(1000, 5)
    assert now() == 0


@in_no_time
async def test_a_close_returns_when_the_socket_goes_meanwhile() -> None:
    wire = Wire()
    wire.block()
    writer = writer_to(wire)
    writer.write(frames_of(1))
    closing = asyncio.create_task(writer.close(1000, 5))
    await turn(3)
    writer.abandon()
    wire.hang_up()
    await closing
    assert now() == 0


@in_no_time
async def test_abandoned_it_drops_what_is_queued() -> None:
    wire = Wire()
    wire.block()
    writer = writer_to(wire)
    writer.write(frames_of(1, 1))
    await turn()
    writer.abandon()
    wire.unblock()
    await turn(3)
    assert not wire.sent
    assert writer.write(frames_of(1)) == 1


@in_no_time
async def test_a_socket_that_refuses_to_send_is_abandoned() -> None:
    wire = Wire()
    wire.hang_up()
    writer = writer_to(wire)
    writer.write(frames_of(1, 1))
    await turn(3)
    assert not wire.sent


steps = st.tuples(st.sampled_from(["write", "ping", "pong", "pong", "turn"]), st.integers(1, 120))


@settings(deadline=None)
@given(st.integers(1, 300), st.lists(steps, max_size=60))
def test_whatever_happens_it_stays_bounded_in_order_and_awake(
    limit: int, script: list[tuple[str, int]]
) -> None:
    @in_no_time
    async def check() -> None:
        wire, written = Wire(), []
        writer = writer_to(wire, limit)
        for step, size in script:
            if step == "write":
                some = frames_of(size, size)
                taken = writer.write(some)
                written += [frame.text for frame in some[:taken]]
            elif step == "turn":
                await turn()
            else:
                getattr(writer, step)()
            assert writer.unread <= max(limit, 120) + len(PING) * len(writer._marks)
            assert writer.stalled_since is None or writer.awaits_pong
        while writer.awaits_pong:
            writer.pong()
        await writer.ready()
        assert writer.unread <= limit // 4
        await writer.close(1000, 1)
        assert [text for text in wire.texts if text != PING] == written

    check()
