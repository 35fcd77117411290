"""The log: gap-free, in the writer's transaction, pruned without a lie."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gathering.hub import log
from gathering.hub.announce import publish
from gathering.hub.log import Draft
from gathering.hub.models import Event
from gathering.protocol.cursor import Position
from gathering.protocol.errors import BadField, BadName

NAME = "circles.team"


def say(count: int, channel: str = NAME) -> list[int | None]:
    drafts = [Draft(channel, "said", {"n": n}) for n in range(count)]
    with transaction.atomic():
        return [frame.seq for frame in publish(drafts)]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_appended_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError):
        publish(Draft(NAME, "said", {}))
    assert log.heads([NAME]) == {}


def test_seq_counts_from_1_for_each_stream(db: Any) -> None:
    assert [say(2), say(1), say(2, "circles.other"), say(1)] == [[1, 2], [3], [1, 2], [4]]
    assert [frame.seq for frame in log.read(NAME, 1, limit=2)] == [2, 3]
    assert [frame.seq for frame in log.read(NAME, 0, until=2)] == [1, 2]


def test_several_streams_are_locked_in_the_order_of_their_names(db: Any) -> None:
    drafts = [Draft(f"circles.{name}", "said", {"n": n}) for n, name in enumerate("caba")]
    with CaptureQueriesContext(connection) as queries:
        frames = publish(drafts)
    locks = [query["sql"] for query in queries if query["sql"].startswith("UPDATE hub_stream")]
    assert [re.findall(r"circles\.(.)", lock) for lock in locks] == [["a"], ["b"], ["c"]]
    assert [(frame.channel[-1], frame.seq) for frame in frames] == [("c", 1), ("a", 1), ("b", 1), ("a", 2)]


@pytest.mark.parametrize("data", [{"x": object()}, {"x": 10**40}, {1: 2}, {"x": "\ud800"}])
def test_a_body_that_is_no_json_leaves_no_hole(data: Any, db: Any) -> None:
    say(1)
    with pytest.raises(BadField), transaction.atomic():
        publish(Draft(NAME, "said", data))
    assert say(1) == [2]


@pytest.mark.parametrize("name", ["team", "Circles.x", "circles.", "circles." + "x" * 100, "a b.c"])
def test_a_bad_name_begins_no_stream(name: str, db: Any) -> None:
    with pytest.raises(BadName), transaction.atomic():
        publish(Draft(name, "said", {}))


def test_prune_moves_the_floor_and_forgets_what_is_older(db: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(log, "PRUNE_BATCH", 3)
    say(10)
    old = timezone.now() - timedelta(days=10)
    Event.objects.filter(seq__lte=7).update(created_at=old)
    assert log.prune(NAME, before=timezone.now() - timedelta(days=1)) == 7
    at = log.position(NAME)
    assert (at.head, at.floor) == (10, 7)
    assert [frame.seq for frame in log.read(NAME, 0)] == [8, 9, 10]
    assert log.prune(NAME, before=timezone.now() - timedelta(days=1)) == 0


def test_what_is_out_of_order_in_time_is_kept(db: Any) -> None:
    say(4)
    old = timezone.now() - timedelta(days=10)
    Event.objects.filter(seq__in=[1, 3]).update(created_at=old)
    assert log.prune(NAME, before=timezone.now() - timedelta(days=1)) == 1
    assert log.position(NAME).floor == 1


def test_the_command_prunes_by_days_and_keeps_for_ever_without(db: Any, capsys: Any, settings: Any) -> None:
    say(3)
    call_command("prune_events")
    assert capsys.readouterr().out == "0\n"
    call_command("prune_events", "--days", "0")
    assert capsys.readouterr().out == "3\n"
    assert log.position(NAME).floor == 3
    assert say(1) == [4]


def test_a_new_epoch_keeps_the_events(db: Any) -> None:
    say(2)
    before = log.position(NAME)
    assert log.renew(NAME) != before.epoch
    assert log.position(NAME) == Position(log.position(NAME).epoch, 2, 0)
