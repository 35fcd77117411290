"""The parts of torture that a run relies on: plans, journals, clocks."""

import time
from itertools import islice
from pathlib import Path

import pytest
from django.utils import timezone

from torture import clock
from torture.journal import Journal, Tail, read
from torture.plan import deal

NAMES = ["cut", "drain", "prune"]


def plan(seed: str, rounds: int = 4) -> list[str]:
    return [str(each) for dealt in islice(deal(seed, NAMES, 3, 2.5), rounds) for each in dealt]


def test_the_same_seed_deals_the_same_faults_at_the_same_moments() -> None:
    assert plan("one") == plan("one") != plan("two")


def test_every_fault_comes_up_before_any_comes_again() -> None:
    for dealt in islice(deal("one", NAMES, 3, 2.5), 10):
        assert sorted(each.name for each in dealt) == NAMES


def test_a_torn_last_line_is_as_if_it_had_not_been_written(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text('["say", "a"]\n["say", "b')
    journal = Journal(path)
    assert journal.records == [["say", "a"]]
    journal.note("say", "c")
    assert read(path) == [["say", "a"], ["say", "c"]]


def test_a_tail_leaves_a_line_that_is_not_whole_for_later(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    tail = Tail(path)
    assert tail.more() == []
    path.write_text('["a"]\n["b')
    assert tail.more() == [["a"]]
    path.write_text('["a"]\n["b"]\n')
    assert tail.more() == [["b"]]


def test_a_clock_jumps_and_time_outs_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", time.time)  # so that both are given back
    monkeypatch.setattr(timezone, "now", timezone.now)
    file, real, steady = tmp_path / "clock", time.time(), time.monotonic()
    clock.shift(file, 0)
    clock.follow(file)
    clock.shift(file, 3600)
    assert time.time() - real > 3599
    assert timezone.now().timestamp() - real > 3599
    assert time.monotonic() - steady < 600
    clock.shift(file, 0)
    assert time.time() - real < 600
