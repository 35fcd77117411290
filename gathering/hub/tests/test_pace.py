"""A client may send so fast, and so much at once."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gathering.hub.pace import Pace, Verdict


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Clock:
    """``time.monotonic`` as the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


def verdicts(pace: Pace, count: int) -> list[Verdict]:
    return [pace.admit() for _ in range(count)]


def test_a_burst_is_fine_and_more_is_too_fast(clock: Clock) -> None:
    pace = Pace(2, 3)
    assert verdicts(pace, 4) == [Verdict.FINE] * 3 + [Verdict.TOO_FAST]


def test_it_is_fine_again_at_the_rate(clock: Clock) -> None:
    pace = Pace(2, 3)
    verdicts(pace, 4)
    clock.now += 0.5
    assert verdicts(pace, 2) == [Verdict.FINE, Verdict.TOO_FAST]


def test_silence_saves_up_no_more_than_a_burst(clock: Clock) -> None:
    pace = Pace(2, 3)
    clock.now += 3600
    assert verdicts(pace, 4) == [Verdict.FINE] * 3 + [Verdict.TOO_FAST]


def test_a_whole_burst_refused_is_abuse(clock: Clock) -> None:
    pace = Pace(2, 3)
    verdicts(pace, 3)
    assert verdicts(pace, 4) == [Verdict.TOO_FAST] * 3 + [Verdict.ABUSE]


def test_one_that_was_fine_forgives_what_was_refused(clock: Clock) -> None:
    pace = Pace(1, 3)
    verdicts(pace, 6)
    clock.now += 1
    assert verdicts(pace, 4) == [Verdict.FINE] + [Verdict.TOO_FAST] * 3


def test_a_rate_of_zero_admits_everything(clock: Clock) -> None:
    assert set(verdicts(Pace(0, 3), 1000)) == {Verdict.FINE}


@settings(deadline=None)
@given(
    rate=st.floats(0.1, 100),
    burst=st.integers(1, 20),
    pauses=st.lists(st.floats(0, 2), max_size=60),
)
def test_in_any_time_no_more_is_fine_than_a_burst_and_the_rate(
    rate: float, burst: int, pauses: list[float]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock, fine = Clock(patch), 0
        pace, began = Pace(rate, burst), 1000.0
        for pause in pauses:
            clock.now += pause
            fine += pace.admit() is Verdict.FINE
            assert fine <= burst + (clock.now - began) * rate + 1e-6
