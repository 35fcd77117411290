"""What an agent does now is said in a few words, whatever it is and however much was done before."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents import activity, doing
from agents.models import Agent
from circles.models import Circle

CALL = {"toolCallId": "c1"}
READS = [
    {"type": "TOOL_CALL_START", **CALL, "toolCallName": "read_file"},
    {"type": "TOOL_CALL_ARGS", **CALL, "delta": '{"path": "app.py"'},
    {"type": "TOOL_CALL_ARGS", **CALL, "delta": "}"},
    {"type": "TOOL_CALL_END", **CALL},
]
RESULT = {"type": "TOOL_CALL_RESULT", **CALL, "messageId": "t1", "content": "print()"}
SPEAKS = [
    {"type": "TEXT_MESSAGE_START", "messageId": "m1", "role": "assistant"},
    {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m1", "delta": "I"},
]


def report(people: SimpleNamespace, *events: dict[str, Any]) -> None:
    activity.report_all(people.robo, str(people.robo.pk), events)


def begin(people: SimpleNamespace, *events: dict[str, Any]) -> None:
    report(people, {"type": "RUN_STARTED", "threadId": "team", "runId": "r1"}, *events)


def calls(name: str, arguments: str, key: str = "c1") -> list[dict[str, Any]]:
    about = {"toolCallId": key}
    return [
        {"type": "TOOL_CALL_START", **about, "toolCallName": name},
        {"type": "TOOL_CALL_ARGS", **about, "delta": arguments},
        {"type": "TOOL_CALL_END", **about},
    ]


def said(people: SimpleNamespace) -> str:
    found = doing.now(Agent.objects.filter(pk=people.robo.pk))[people.robo.pk]
    return f"{found.verb} {found.thing}".strip()


def test_who_has_no_run_does_nothing(people: SimpleNamespace, circle: Circle) -> None:
    assert doing.now(Agent.objects.all()) == {}


def test_it_is_what_was_begun_last_and_has_not_ended(people: SimpleNamespace, circle: Circle) -> None:
    begin(people)
    assert said(people) == "thinking"
    for event, doings in zip(
        [*READS, RESULT, *SPEAKS],
        ["reading a file", *["reading app.py"] * 3, "thinking", *["writing"] * 2],
        strict=True,
    ):
        report(people, event)
        assert said(people) == doings
    report(people, {"type": "TEXT_MESSAGE_END", "messageId": "m1"})
    assert said(people) == "thinking"


def test_of_two_calls_it_is_the_one_that_has_not_answered(people: SimpleNamespace, circle: Circle) -> None:
    begin(people, *READS, *calls("search_files", '{"text": "needle"}', "c2"))
    assert said(people) == "searching needle"
    report(people, {**RESULT, "toolCallId": "c2"})
    assert said(people) == "reading app.py"


def test_a_call_that_nobody_answers_is_over_when_the_agent_speaks(
    people: SimpleNamespace, circle: Circle
) -> None:
    begin(people, *READS, *SPEAKS, {"type": "TEXT_MESSAGE_END", "messageId": "m1"})
    assert said(people) == "thinking"


@pytest.mark.parametrize(
    ("name", "arguments", "doings"),
    [
        ("write_file", '{"path": "a/b.txt", "text": "x"}', "writing a/b.txt"),
        ("list_files", '{"path": ""}', "looking through files"),
        ("read_messages", '{"limit": 3}', "reading messages"),
        ("post_message", '{"content": "hi"}', "posting"),
        ("deploy", '{"path": "prod"}', "calling deploy"),
        ("read_file", "no JSON at all", "reading a file"),
        ("read_file", '{"note": "\\"path\\": \\"other\\"", "path": "mine"}', "reading mine"),
        ("read_file", '{"path": "\\u202egnp.exe\\u0000"}', "reading gnp.exe"),
        ("read_file", '{"path": "\\ud800"}', "reading a file"),
        ("read_file", f'{{"path": "{"d/" * 600}end.py"}}', f"reading …/{'d/' * 26}end.py"),
        ("write_file", f'{{"path": "long.txt", "text": "{"x" * 9000}"}}', "writing long.txt"),
        ("x" * 150, "{}", f"calling {'x' * 59}…"),
    ],
)
def test_a_call_is_told_in_words(
    name: str, arguments: str, doings: str, people: SimpleNamespace, circle: Circle
) -> None:
    begin(people, *calls(name, arguments))
    assert said(people) == doings


def test_who_waits_for_a_yes_says_so(people: SimpleNamespace, circle: Circle) -> None:
    begin(people, *READS)
    Agent.objects.update(status=Agent.Status.WAITING)
    assert said(people) == "waiting for a yes"


def test_it_costs_three_queries_however_much_was_done(people: SimpleNamespace, circle: Circle) -> None:
    agents = list(Agent.objects.all())
    begin(people, {"type": "STEP_STARTED", "stepName": "plan"})
    for number in range(40):
        answered = {**RESULT, "toolCallId": f"c-{number}"}
        report(people, *calls("read_file", '{"path": "old.py"}', f"c-{number}"), answered)
    with CaptureQueriesContext(connection) as queries:
        found = doing.now(agents)[people.robo.pk]
    assert (found.verb, found.thing, len(queries)) == ("at", "plan", 3)


def test_it_stands_on_the_pages_as_text(people: SimpleNamespace, circle: Circle, client: Any) -> None:
    begin(people, *calls("read_file", '{"path": "<b>app.py</b>"}'))
    client.force_login(people.bob)
    for path in ("/", "/places/", "/circles/team/", "/circles/team/side/"):
        assert "reading <code>&lt;b&gt;app.py&lt;/b&gt;</code>" in client.get(path).content.decode(), path


def test_only_who_may_stop_is_offered_it(people: SimpleNamespace, circle: Circle, client: Any) -> None:
    begin(people)
    for user, offered in ((people.olga, 0), (people.bob, 2), (people.sue, 2)):
        client.force_login(user)
        assert client.get("/circles/team/").content.decode().count(">Stop<") == offered, user
