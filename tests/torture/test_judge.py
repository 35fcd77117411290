"""The judge sees each way in which a stream can go wrong, and nothing where it went right."""

from dataclasses import replace
from typing import Any

import pytest

from torture.judge import Case, Event, Reset, Snapshot, Verdict, judge

A, B, C = Event(11, "a"), Event(12, "b"), Event(13, "c")
GOOD = Case(
    channel="circles.one",
    base=10,
    head=13,
    floor=0,
    log=[(11, "a"), (12, "b"), (13, "c")],
    stored=["a", "b", "c"],
    acks={"a": 11, "b": 12, "c": 13},
    given={"client": [A, B, C]},
)


def found(**changes: Any) -> Verdict:
    return judge(replace(GOOD, **changes))


def given(*given: Any, **changes: Any) -> Verdict:
    return found(given={"client": given}, **changes)


def counts(verdict: Verdict) -> tuple[int, int, int, int]:
    return len(verdict.lost), len(verdict.duplicated), len(verdict.reordered), len(verdict.strange)


def test_what_went_right_is_counted() -> None:
    verdict = found()
    assert (verdict.acknowledged, verdict.applied, verdict.findings) == (3, 3, [])


def test_an_event_that_never_came_is_lost() -> None:
    assert counts(given(A, C)) == (1, 0, 0, 0)
    assert counts(given(A, B)) == (1, 0, 0, 0)
    assert counts(given()) == (3, 0, 0, 0)


def test_an_event_that_nobody_acknowledged_is_lost_as_well() -> None:
    assert counts(given(A, C, acks={"a": 11, "c": 13})) == (1, 0, 0, 0)


def test_an_event_that_comes_twice_is_duplicated() -> None:
    assert counts(given(A, B, B, C)) == (0, 1, 0, 0)
    assert counts(given(A, B, C, A)) == (0, 1, 0, 0)


def test_an_event_of_an_earlier_round_is_duplicated() -> None:
    assert counts(given(Event(10, "z"), A, B, C)) == (0, 1, 0, 0)


def test_an_event_that_comes_late_is_reordered() -> None:
    assert counts(given(A, C, B)) == (0, 0, 1, 0)


def test_two_clients_that_are_told_different_orders_are_reordered() -> None:
    verdict = found(given={"one": [A, B, C], "two": [A, Event(12, "c"), Event(13, "b")]})
    assert len(verdict.reordered) == 2


@pytest.mark.parametrize("acks", [{"a": 11, "b": 12, "c": 13}, {}])
def test_a_message_that_is_stored_twice_is_duplicated(acks: dict[str, int]) -> None:
    assert counts(found(stored=["a", "b", "b", "c"], acks=acks)) == (0, 1, 0, 0)


def test_a_message_that_is_logged_twice_is_duplicated() -> None:
    twice = [A, B, C, Event(14, "b")]
    verdict = given(*twice, head=14, log=[*GOOD.log, (14, "b")])
    assert counts(verdict) == (0, 2, 0, 0)  # in the log, and at the client


def test_a_message_that_was_acknowledged_and_is_not_stored_is_lost() -> None:
    assert counts(found(stored=["a", "b"])) == (1, 0, 0, 0)


def test_a_message_that_was_acknowledged_and_is_not_logged_is_lost() -> None:
    verdict = given(A, B, head=12, log=GOOD.log[:2])
    assert counts(verdict) == (1, 0, 0, 0)


def test_a_message_that_nobody_acknowledged_need_not_be_there() -> None:
    assert found(acks={"a": 11, "b": 12}).findings == []


def test_a_hole_in_the_log_is_strange() -> None:
    verdict = given(A, C, log=[(11, "a"), (13, "c")], stored=["a", "c"], acks={"a": 11, "c": 13})
    assert counts(verdict) == (1, 0, 0, 1)


def test_what_a_snapshot_tells_is_not_lost() -> None:
    verdict = given(A, Reset("pruned"), Snapshot(12, ["b"], ["a"]), C, floor=11, log=GOOD.log[1:])
    assert (verdict.findings, verdict.resets, verdict.applied) == ([], 1, 2)


def test_what_a_snapshot_lacks_is_lost() -> None:
    assert counts(given(A, Reset("pruned"), Snapshot(12, []), C, floor=12, log=GOOD.log[2:])) == (1, 0, 0, 0)


def test_what_is_in_a_snapshot_and_comes_again_is_duplicated() -> None:
    assert counts(given(A, Reset("pruned"), Snapshot(12, ["b", "c"]), C)) == (0, 1, 0, 0)


def test_a_snapshot_that_goes_back_is_strange() -> None:
    assert counts(given(A, B, Reset("pruned"), Snapshot(11, ["a"]), C)) == (0, 0, 0, 1)


def test_a_reset_for_another_reason_than_pruning_is_strange() -> None:
    assert counts(given(A, Reset("ahead"), Snapshot(13, ["b", "c"]))) == (0, 0, 0, 1)
