"""The texts that a process is told and has not stored yet."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from agents import activity, texts
from agents.consumers import AGENTS
from agents.models import Part, Run
from circles.models import Circle
from gathering.hub import doorbell, log
from gathering.hub.kinds import Asked
from gathering.protocol.frames import Command

from .test_activity import FINISHED, STARTED, text


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What is passed on; nothing is known of any text before."""
    heard: list[dict[str, Any]] = []
    monkeypatch.setattr(doorbell, "ring", lambda some: heard.extend(orjson.loads(f.text) for f in some))
    texts._texts.clear()
    yield heard
    texts._texts.clear()


@pytest.fixture
def robo(people: SimpleNamespace, circle: Circle, django_capture_on_commit_callbacks: Any) -> Any:
    """In the middle of a message, as this process knows."""
    with django_capture_on_commit_callbacks(execute=True):
        activity.report_all(people.robo, str(people.robo.pk), [STARTED, text("START")])
    return people.robo


def lightly(robo: Any, delta: str, key: str = "m1") -> bool:
    return activity.lightly(Asked(robo, str(robo.pk), {"event": text("CONTENT", key, delta=delta)}))


def content(robo: Any) -> str:
    """The whole text, as the log has it."""
    frames = [orjson.loads(frame.text) for frame in log.read(robo.agent.channel, 0)]
    return [frame["content"] for frame in frames if "content" in frame][-1]


def test_a_delta_costs_no_statement(robo: Any, fresh: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert lightly(robo, "Hel")
        assert lightly(robo, "lo")
    assert [frame["offset"] for frame in fresh if "offset" in frame] == [0, 3]
    assert Part.objects.get().text == ""


def test_all_texts_are_stored_in_a_few_statements(robo: Any, django_assert_max_num_queries: Any) -> None:
    for _ in range(50):
        lightly(robo, "x")
    with django_assert_max_num_queries(5):
        texts.store()
    assert (Part.objects.get().text, Part.objects.get().length) == ("x" * 50, 50)
    with django_assert_max_num_queries(0):
        texts.store()


def test_the_end_brings_what_was_stored_and_what_was_not(robo: Any) -> None:
    lightly(robo, "Hel")
    texts.store()
    lightly(robo, "lo")
    activity.report_all(robo, str(robo.pk), [text("CONTENT", delta=", you."), text("END"), FINISHED])
    assert content(robo) == "Hello, you."


def test_a_delta_of_what_this_process_does_not_know_asks_the_database(robo: Any) -> None:
    assert not lightly(robo, "x", key="m2")
    texts._texts.clear()
    assert not lightly(robo, "x")


def test_a_text_that_another_process_has_ended_is_forgotten(robo: Any) -> None:
    lightly(robo, "late")
    Part.objects.all().delete()
    texts.store()
    assert not lightly(robo, "later")
    assert Run.objects.get().status == "running"


def test_a_text_that_another_process_has_written_to_is_left_as_it_is(robo: Any) -> None:
    lightly(robo, "mine")
    Part.objects.update(text="theirs", length=6)
    texts.store()
    assert Part.objects.get().text == "theirs"
    assert not lightly(robo, "more")


def test_a_transaction_that_fails_loses_nothing_of_it(robo: Any) -> None:
    lightly(robo, "Hello")
    with pytest.raises(Exception, match="is still open"):
        activity.report_all(robo, str(robo.pk), [text("END"), {**STARTED, "runId": "r2"}])
    activity.report(robo, str(robo.pk), text("END"))
    assert content(robo) == "Hello"


def test_a_text_beyond_the_limit_is_counted_and_not_kept(robo: Any, settings: Any) -> None:
    settings.GATHERING_MAX_ACTIVITY = 4
    for _ in range(3):
        lightly(robo, "abc")
    texts.store()
    assert (Part.objects.get().text, Part.objects.get().length) == ("abca", 9)


def test_what_nobody_adds_to_is_forgotten_after_a_while(robo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    later = texts.time.monotonic() + texts.IDLE + 1
    monkeypatch.setattr(texts.time, "monotonic", lambda: later)
    texts.store()
    assert not lightly(robo, "x")


def test_deltas_are_those_that_come_often() -> None:
    def often(event: dict[str, Any]) -> bool:
        command = Command("agent_activity", event, data=event)
        taken = AGENTS.taken(command)
        return taken.often is not None and taken.often(command)

    assert often(text("CONTENT", delta="x"))
    assert often({"type": "TEXT_MESSAGE_CHUNK"})
    assert not often(text("END"))
    assert not often({"type": ["a", "list"]})
