"""Positions, whatever is asked."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gathering.protocol.cursor import (
    MAX_SEQ,
    Judgement,
    Position,
    ResetReason,
    Since,
    judge,
    parse_since,
    why_refused,
)
from gathering.protocol.errors import BadCursor

from .reader import Reader

digits = st.integers(-2, 2**65).map(str) | st.from_regex(r"\A[+-]?[0-9 _.]{0,22}\n?\Z")
anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
seqs = st.integers(0, 20)


@given(anything | digits | st.lists(st.integers()), anything | st.from_regex(r"\A[\w-]{0,41}\Z"))
def test_anything_is_a_position_or_refused(seq: object, epoch: object) -> None:
    try:
        since = parse_since(seq, epoch)
    except BadCursor:
        return
    if since is None:
        assert (seq, epoch) == (None, None)
    else:
        assert 0 <= since.seq <= MAX_SEQ
        assert type(since.seq) is int
        assert since.seq == int(str(seq))
        assert since.epoch == epoch


@given(st.integers(0, MAX_SEQ), st.none() | st.from_regex(r"\A[A-Za-z0-9_-]{1,40}\Z"))
def test_a_position_comes_back_as_number_and_as_digits(seq: int, epoch: str | None) -> None:
    assert parse_since(seq, epoch) == parse_since(str(seq), epoch) == Since(seq, epoch)


@given(seqs, seqs)
def test_exactly_one_seq_is_next(cursor: int, seq: int) -> None:
    assert (judge(cursor, seq) is Judgement.NEXT) == (seq == cursor + 1)
    assert (judge(cursor, seq) is Judgement.OLD) == (seq <= cursor)


@given(seqs, seqs, seqs, st.sampled_from([None, "a", "b"]))
def test_a_position_is_honoured_if_all_after_it_is_retained(
    seq: int, head: int, floor: int, epoch: str | None
) -> None:
    floor = min(floor, head)
    reason = why_refused(Since(seq, epoch), Position("a", head, floor))
    honoured = epoch != "b" and seq <= head and (seq == 0 or seq >= floor)
    assert honoured == (reason is None)
    assert reason is not ResetReason.INVALID


def event(seq: int) -> dict[str, Any]:
    return {"type": "user_message", "data": {}, "channel": "circles.dev", "seq": seq}


@given(seqs, st.lists(st.integers(1, 25), max_size=30))
def test_a_clients_loop_applies_each_once_and_in_order(cursor: int, arriving: list[int]) -> None:
    reader = Reader("circles.dev", cursor, "a")
    reader.read(map(event, arriving))
    end = cursor + len(reader.applied)
    assert reader.applied == list(range(cursor + 1, end + 1))
    assert reader.cursor == end
    assert (reader.gap is None) or reader.gap > end + 1


@given(seqs, st.integers(0, 10), st.data())
def test_at_least_once_and_in_order_is_enough(cursor: int, count: int, data: st.DataObject) -> None:
    """A server may go back as often as it likes, so long as it leaves nothing out."""
    arriving: list[int] = []
    for seq in range(cursor + 1, cursor + count + 1):
        arriving += range(data.draw(st.integers(max(1, seq - 5), seq)), seq + 1)
    reader = Reader("circles.dev", cursor, "a")
    reader.read(map(event, arriving))
    assert reader.gap is None
    assert reader.applied == list(range(cursor + 1, cursor + count + 1))
