"""What agents report: what is kept of it, what is passed on, and what is refused."""

import json
import re
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from agents import activity
from agents.models import Activity, Part, Run
from circles.models import Circle
from gathering.accounts.models import User
from gathering.hub import log
from gathering.protocol.errors import BadField, Conflict, NotAllowed, NotFound

RUN = {"threadId": "team", "runId": "r1"}
STARTED = {"type": "RUN_STARTED", **RUN}
FINISHED = {"type": "RUN_FINISHED", **RUN}


def text(kind: str, key: str = "m1", **fields: Any) -> dict[str, Any]:
    return {"type": f"TEXT_MESSAGE_{kind}", "messageId": key, **fields}


def tool(kind: str, key: str = "c1", **fields: Any) -> dict[str, Any]:
    return {"type": f"TOOL_CALL_{kind}", "toolCallId": key, **fields}


@pytest.fixture
def robo(people: SimpleNamespace, circle: Circle) -> Any:
    return people.robo


def report(robo: Any, *events: dict[str, Any]) -> Any:
    return activity.report_all(robo, str(robo.pk), events)


def told(robo: Any) -> list[dict[str, Any]]:
    """The activity that is in the log."""
    frames = [orjson.loads(frame.text) for frame in log.read(robo.agent.channel, 0)]
    return [frame for frame in frames if frame["type"] == "agent_activity"]


def test_a_run_is_kept_with_all_that_is_said_in_it(robo: Any) -> None:
    report(robo, STARTED, text("START", role="assistant"), text("CONTENT", delta="Hel"))
    report(robo, text("CONTENT", delta="lo"), text("END"))
    report(
        robo, tool("START", toolCallName="read"), tool("ARGS", delta='{"path":'), tool("ARGS", delta='"a"}')
    )
    report(robo, tool("END"), tool("RESULT", messageId="t1", content="A file."), FINISHED)
    events = told(robo)
    assert [event["data"]["type"] for event in events] == [
        "RUN_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_END",
        "TOOL_CALL_START",
        "TOOL_CALL_END",
        "TOOL_CALL_RESULT",
        "RUN_FINISHED",
    ]
    contents = {event["data"]["type"]: event["content"] for event in events if "content" in event}
    assert contents == {"TEXT_MESSAGE_END": "Hello", "TOOL_CALL_END": '{"path":"a"}'}
    run = Run.objects.get()
    assert (run.status, run.circle, run.tool_calls) == ("finished", robo.circles.get(), 1)
    assert Part.objects.count() == 0


def test_an_event_is_told_unchanged(robo: Any) -> None:
    event = {**STARTED, "timestamp": 5, "metadata": {"a": None}, "of_mine": [1, "\0", 2.5], "rawEvent": None}
    report(robo, event)
    assert told(robo)[0]["data"] == event


def test_a_delta_is_not_a_row(robo: Any) -> None:
    report(robo, STARTED, text("START"))
    before = log.position(robo.agent.channel).head
    report(robo, *[text("CONTENT", delta="x")] * 20)
    assert log.position(robo.agent.channel).head == before
    assert Activity.objects.count() == 2
    assert Part.objects.get().text == "x" * 20


def test_an_end_may_bring_its_own_text(robo: Any) -> None:
    report(robo, STARTED, text("START"), text("CONTENT", delta="Hel"), text("END", content="Hello"))
    assert told(robo)[-1]["content"] == "Hello"
    assert told(robo)[-1]["data"] == text("END")


def test_what_is_open_when_a_run_fails_is_ended_with_what_was_said(robo: Any) -> None:
    report(
        robo, STARTED, {"type": "STEP_STARTED", "stepName": "s"}, text("START"), text("CONTENT", delta="Hel")
    )
    report(robo, {"type": "RUN_ERROR", "message": "Out of\0 luck.", "code": "luck"})
    last = told(robo)[-3:]
    assert [event["data"]["type"] for event in last] == ["TEXT_MESSAGE_END", "STEP_FINISHED", "RUN_ERROR"]
    assert last[0]["content"] == "Hel"
    run = Run.objects.get()
    assert (run.status, run.error, run.error_code) == ("failed", "Out of\ufffd luck.", "luck")
    assert run.ended_at is not None


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ({"type": "success"}, "finished"),
        ({"type": "interrupt", "interrupts": [{"id": "i", "reason": "approval"}]}, "interrupted"),
        ({"type": "cancelled"}, "cancelled"),
    ],
)
def test_how_a_run_ended_is_known(outcome: dict[str, Any], status: str, robo: Any) -> None:
    usage = [{"inputTokens": 7, "outputTokens": 5}, {"inputTokens": 1}]
    report(robo, STARTED, {**FINISHED, "outcome": outcome, "usage": usage, "metadata": {"cost": 0.25}})
    run = Run.objects.get()
    assert (run.status, run.input_tokens, run.output_tokens, float(run.cost or 0)) == (status, 8, 5, 0.25)


REFUSED: dict[str, tuple[list[dict[str, Any]], dict[str, Any], str]] = {
    "END without START": ([], text("END"), "TEXT_MESSAGE_START of 'm1' comes before TEXT_MESSAGE_END."),
    "CONTENT without START": ([], text("CONTENT", delta="x"), "comes before TEXT_MESSAGE_CONTENT"),
    "ARGS without START": ([], tool("ARGS", delta="x"), "TOOL_CALL_START of 'c1' comes before"),
    "a START that is open": ([text("START")], text("START"), "has no end yet"),
    "an id used twice": ([text("START"), text("END")], text("START"), "was there already"),
    "a second END": ([text("START"), text("END")], text("END"), "comes before"),
    "a second run": ([], {**STARTED, "runId": "r2"}, "'r1' is still open"),
    "the end of another run": ([], {**FINISHED, "runId": "r9"}, "The open run is 'r1', not 'r9'"),
    "the end in another thread": ([], {**FINISHED, "threadId": "x"}, "belongs to 'team'"),
    "an end before the end of a part": ([tool("START", toolCallName="t")], FINISHED, "has no end yet"),
    "a chunk that continues nothing": (
        [],
        {"type": "TEXT_MESSAGE_CHUNK", "delta": "x"},
        "goes on with nothing",
    ),
    "a step that did not start": ([], {"type": "STEP_FINISHED", "stepName": "s"}, "STEP_STARTED of 's'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_out_of_order_is_refused_and_changes_nothing(name: str, robo: Any) -> None:
    before, event, sentence = REFUSED[name]
    report(robo, STARTED, *before)
    rows = (list(Activity.objects.values()), list(Part.objects.values()), list(Run.objects.values()))
    with pytest.raises(Conflict, match=re.escape(sentence)):
        report(robo, event)
    assert rows == (list(Activity.objects.values()), list(Part.objects.values()), list(Run.objects.values()))


@pytest.mark.parametrize("event", [text("START"), {"type": "STATE_SNAPSHOT", "snapshot": 1}, FINISHED])
def test_nothing_happens_outside_of_a_run(event: dict[str, Any], robo: Any) -> None:
    with pytest.raises(Conflict, match="No run is open"):
        report(robo, event)


def test_a_custom_event_needs_no_run(robo: Any) -> None:
    report(robo, {"type": "CUSTOM", "name": "hello", "value": None})
    assert Activity.objects.get().run is None


def test_an_id_of_a_run_is_used_once(robo: Any) -> None:
    report(robo, STARTED, FINISHED)
    with pytest.raises(Conflict, match="a run 'r1' already"):
        report(robo, STARTED)
    with pytest.raises(Conflict, match="a run 'r2' already"):
        report(robo, {**STARTED, "runId": "r2"}, {**FINISHED, "runId": "r2"}, {**STARTED, "runId": "r2"})


def test_the_ids_of_another_run_are_free(robo: Any) -> None:
    report(robo, STARTED, text("START"), text("END"), FINISHED)
    report(robo, {**STARTED, "runId": "r2"}, text("START"), text("END"))
    assert Run.objects.count() == 2


def test_a_batch_is_taken_as_a_whole_or_not_at_all(robo: Any) -> None:
    with pytest.raises(Conflict, match="Event 3 of 3"):
        report(robo, STARTED, text("START"), text("START"))
    assert not Run.objects.exists()
    assert told(robo) == []


def test_an_unknown_type_is_kept_as_custom(robo: Any) -> None:
    event = {"type": "THINKING_START", "title": "hm"}
    report(robo, event)
    assert told(robo)[-1]["data"] == {"type": "CUSTOM", "name": "THINKING_START", "value": event}


def test_chunks_leave_a_start_and_an_end(robo: Any) -> None:
    report(
        robo, STARTED, {"type": "TEXT_MESSAGE_CHUNK", "messageId": "m1", "role": "assistant", "delta": "Hel"}
    )
    report(robo, {"type": "TEXT_MESSAGE_CHUNK", "delta": "lo"})
    report(
        robo, {"type": "TOOL_CALL_CHUNK", "toolCallId": "c1", "toolCallName": "read", "delta": "{}"}, FINISHED
    )
    events = [(event["data"]["type"], event.get("content")) for event in told(robo)]
    assert events == [
        ("RUN_STARTED", None),
        ("TEXT_MESSAGE_START", None),
        ("TEXT_MESSAGE_END", "Hello"),
        ("TOOL_CALL_START", None),
        ("TOOL_CALL_END", "{}"),
        ("RUN_FINISHED", None),
    ]


def test_a_result_that_is_too_long_is_cut_and_says_so(robo: Any, settings: Any) -> None:
    settings.GATHERING_MAX_ACTIVITY = 1000
    report(robo, STARTED, tool("RESULT", messageId="t", content="x" * 5000))
    event = told(robo)[-1]
    assert (event["data"]["content"], event["truncated"]) == ("x" * 1000, True)


def test_a_text_that_is_too_long_is_cut_and_says_so(robo: Any, settings: Any) -> None:
    settings.GATHERING_MAX_ACTIVITY = 1000
    report(robo, STARTED, text("START"), *[text("CONTENT", delta="x" * 400)] * 4, text("END"))
    assert (told(robo)[-1]["content"], told(robo)[-1]["truncated"]) == ("x" * 1000, True)


def test_any_other_event_that_is_too_long_is_refused(robo: Any, settings: Any) -> None:
    settings.GATHERING_MAX_ACTIVITY = 1000
    with pytest.raises(BadField, match="at most 1000"):
        report(robo, STARTED, {"type": "STATE_SNAPSHOT", "snapshot": "x" * 1000})


def test_an_agent_reports_on_itself_alone(people: SimpleNamespace, robo: Any) -> None:
    with pytest.raises(NotAllowed):
        activity.report(people.ada, str(robo.pk), STARTED)
    with pytest.raises(NotFound):
        activity.report(people.carol, str(robo.pk), STARTED)


def test_a_run_of_a_circle_that_the_agent_does_not_belong_to_has_none(robo: Any) -> None:
    Circle.objects.create(name="other")
    report(robo, {**STARTED, "threadId": "other"})
    assert (Run.objects.get().circle, Run.objects.get().thread) == (None, "other")


def test_json_of_the_log_is_what_came(robo: Any) -> None:
    event = {**STARTED, "metadata": {"ü": "\u2028"}}
    report(robo, event)
    assert json.loads(Activity.objects.get().data) == event


def test_a_user_that_no_agent_stands_on_reports_nothing(robo: Any) -> None:
    bare = User.objects.create_agent("bare")
    with pytest.raises(NotFound):
        activity.report(bare, str(bare.pk), STARTED)
