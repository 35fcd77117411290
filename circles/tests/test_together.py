"""Frames that wait in one process share a transaction, and each has its own outcome."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError

from circles.consumers import CIRCLES
from circles.models import Circle, Message
from gathering.accounts.models import User
from gathering.hub import log
from gathering.hub.commands import Job, perform
from gathering.hub.receipts import Outcome
from gathering.protocol.frames import Command

from .law import replay, take


def job(user: User, content: object, ref: str | None = None, kind: str = "message", **fields: Any) -> Job:
    command = Command(kind, {"content": content, **fields}, ref)
    return Job(user, "team", command, CIRCLES.taken(command))


def contents() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("content", flat=True))


def seqs(outcomes: Sequence[object]) -> list[int | None]:
    return [outcome.seq for outcome in outcomes if isinstance(outcome, Outcome)]


def head(circle: Circle) -> int:
    return log.position(circle.channel).head


def test_many_cost_as_many_queries_as_two(
    people: SimpleNamespace, circle: Circle, django_assert_num_queries: Any
) -> None:
    perform([job(people.ada, "first")])
    users = (people.ada, people.bob, people.robo)
    for count in (2, 90):
        jobs = [job(users[n % 3], f"@bob {n}", f"{count}-{n}") for n in range(count)]
        # savepoint, members, mentions, rows, head, events, who of the mentioned answers, receipts, release
        with django_assert_num_queries(9):
            outcomes = perform(jobs)
        assert len(seqs(outcomes)) == count


def test_each_has_its_own_seq_in_the_order_of_asking(people: SimpleNamespace, circle: Circle) -> None:
    old, before = take(circle), head(circle)
    outcomes = perform([job(people.ada, str(n), f"r{n}") for n in range(40)])
    assert seqs(outcomes) == list(range(before + 1, before + 41))
    assert contents() == [str(n) for n in range(40)]
    assert replay(old) == take(circle)
    subjects = [outcome.subject for outcome in outcomes if isinstance(outcome, Outcome)]
    assert subjects == [str(pk) for pk in Message.objects.order_by("pk").values_list("pk", flat=True)]


def test_each_has_its_own_error(people: SimpleNamespace, circle: Circle) -> None:
    before = head(circle)
    outcomes = perform(
        [
            job(people.ada, "one", "a"),
            job(people.olga, "An observer", "b"),
            job(people.carol, "From outside", "c"),
            job(people.ada, " ", "d"),
            job(people.bob, "Of Ada", "e", sender="ada"),
            job(people.bob, "No such message", "f", reply_to=12345),
            job(people.bob, "A person", "g", kind="agent_message"),
            job(people.bob, "two", "h"),
        ]
    )
    codes = [getattr(outcome, "code", None) for outcome in outcomes]
    refused = ["not_allowed", "not_found", "bad_field", "not_allowed", "bad_field", "not_allowed"]
    assert codes == [None, *refused, None]
    assert contents() == ["one", "two"]
    assert seqs(outcomes) == [before + 1, before + 2]


def test_one_that_was_done_before_is_not_done_again(people: SimpleNamespace, circle: Circle) -> None:
    (first,) = perform([job(people.ada, "one", "a")])
    outcomes = perform(
        [job(people.ada, text, ref) for text, ref in (("zero", "z"), ("one", "a"), ("two", "b"))]
    )
    assert contents() == ["one", "zero", "two"]
    assert isinstance(first, Outcome)
    assert outcomes[1] == Outcome(first.seq, first.subject, repeated=True)


def test_the_same_frame_twice_in_one_transaction_is_done_once(
    people: SimpleNamespace, circle: Circle
) -> None:
    outcomes = perform(
        [job(people.ada, "one", "a"), job(people.ada, "one", "a"), job(people.bob, "two", "a")]
    )
    assert contents() == ["one", "two"]
    assert seqs(outcomes)[0] == seqs(outcomes)[1]


def test_what_was_done_stays_done_when_it_would_now_be_refused(
    people: SimpleNamespace, circle: Circle
) -> None:
    (first,) = perform([job(people.bob, "one", "a")])
    circle.memberships.get(user=people.bob).delete()
    again, other = perform([job(people.bob, "one", "a"), job(people.ada, "two", "b")])
    assert isinstance(first, Outcome)
    assert again == Outcome(first.seq, first.subject, repeated=True)
    assert isinstance(other, Outcome)


def test_one_that_breaks_the_transaction_costs_no_other(
    people: SimpleNamespace, circle: Circle, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare = Message.prepare

    def poisoned(rows: Sequence[Message]) -> None:
        if any(row.content == "poison" for row in rows):
            raise ValueError("poison")
        prepare(rows)

    monkeypatch.setattr(Message, "prepare", poisoned)
    outcomes = perform([job(people.ada, text, text) for text in ("one", "poison", "two")])
    assert contents() == ["one", "two"]
    assert [type(outcome) for outcome in outcomes] == [Outcome, ValueError, Outcome]


def test_a_database_that_is_away_is_everybody_s_error(
    people: SimpleNamespace, circle: Circle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(rows: Sequence[Message]) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(Message, "prepare", away)
    with pytest.raises(OperationalError):
        perform([job(people.ada, text, text) for text in ("one", "two")])
    assert contents() == []


def test_frames_of_several_types_keep_their_order(people: SimpleNamespace, circle: Circle) -> None:
    kinds = ("message", "agent_message", "agent_message", "typing", "message")
    outcomes = perform([job(people.robo, str(n), f"r{n}", kind) for n, kind in enumerate(kinds)])
    assert contents() == ["0", "1", "2", "4"]
    assert seqs(outcomes)[3] is None  # typing is told, and not kept
