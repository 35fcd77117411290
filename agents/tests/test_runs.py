"""REST: reporting activity, and looking at runs."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest

from agents.models import Activity, Run
from circles.models import Circle

from .test_activity import FINISHED, STARTED, text, tool

WORK = [
    STARTED,
    text("START"),
    text("CONTENT", delta="Let me see."),
    text("END"),
    tool("START", toolCallName="read_file"),
    tool("ARGS", delta='{"path":"a"}'),
    tool("END"),
    tool("RESULT", messageId="t1", content="A file."),
    {**FINISHED, "usage": [{"inputTokens": 10, "outputTokens": 4}]},
]


@pytest.fixture
def robo(people: SimpleNamespace, circle: Circle, as_user: Any) -> Any:
    client = as_user(people.robo)
    client.base = f"/api/agents/{people.robo.pk}"
    client.report = lambda body, **extra: client.post(
        f"{client.base}/activity/", body, format="json", **extra
    )
    return client


def test_one_event_or_a_list_is_reported(robo: Any) -> None:
    answer = robo.report(STARTED)
    assert (answer.status_code, answer.json()) == (201, {"seq": 2})
    assert robo.report(WORK[1:]).json() == {"seq": 8}
    assert robo.report({**STARTED, "runId": "r2"}).json() == {"seq": 9}
    assert robo.report([text("START"), text("CONTENT", delta="x")]).json() == {"seq": 10}
    assert robo.report(text("CONTENT", delta="y")).json() == {"seq": None}


def test_a_run_shows_its_outcome_its_calls_and_its_events(robo: Any) -> None:
    robo.report(WORK)
    detail = robo.get(f"{robo.base}/runs/r1/").json()
    run = detail["run"]
    assert (run["run_id"], run["circle"], run["status"]) == ("r1", "team", "finished")
    assert (run["input_tokens"], run["output_tokens"], run["tool_calls"], run["error"]) == (10, 4, 1, None)
    (call,) = detail["calls"]
    assert call["ended_at"] is not None
    assert (call["tool"], call["arguments"], call["result"]) == ("read_file", '{"path":"a"}', "A file.")
    assert [event["data"]["type"] for event in detail["events"]][:3] == [
        "RUN_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_END",
    ]
    assert detail["events"][2]["content"] == "Let me see."
    assert detail["has_more"] is False


def test_runs_come_in_pages_the_newest_first(robo: Any) -> None:
    for number in range(5):
        robo.report([{**STARTED, "runId": f"r{number}"}, {**FINISHED, "runId": f"r{number}"}])
    page = robo.get(f"{robo.base}/runs/", {"limit": 2}).json()
    assert ([run["run_id"] for run in page["runs"]], page["has_more"]) == (["r4", "r3"], True)
    rest = robo.get(f"{robo.base}/runs/", {"limit": 3, "before": "r3"}).json()
    assert ([run["run_id"] for run in rest["runs"]], rest["has_more"]) == (["r2", "r1", "r0"], False)


@pytest.mark.parametrize("run_id", ["a/b", "ü ?#", "events", "r1/events/x"])
def test_a_run_is_found_by_whatever_its_agent_called_it(run_id: str, robo: Any) -> None:
    robo.report({**STARTED, "runId": run_id})
    assert robo.get(f"{robo.base}/runs/{quote(run_id, safe='')}/").json()["run"]["run_id"] == run_id


def test_the_same_key_reports_once(robo: Any) -> None:
    first = robo.report(WORK, HTTP_IDEMPOTENCY_KEY="k1")
    again = robo.report(WORK, HTTP_IDEMPOTENCY_KEY="k1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ([], 400, None),
        (5, 400, "data"),
        ({}, 400, "type"),
        ([STARTED, {"type": "TEXT_MESSAGE_START"}], 400, "1.messageId"),
        ([STARTED] * 1001, 400, None),
        ([STARTED, STARTED], 409, "runId"),
        ([STARTED, text("END")], 409, "messageId"),
    ],
)
def test_a_bad_report_says_what_is_wrong_and_changes_nothing(
    body: Any, status: int, field: str | None, robo: Any
) -> None:
    answer = robo.report(body)
    assert answer.status_code == status
    assert list(answer.json().get("fields", [None])) == [field]
    assert not Activity.objects.exists()


def test_a_result_of_five_megabytes_is_refused(robo: Any) -> None:
    robo.report(STARTED)
    answer = robo.report(tool("RESULT", messageId="t", content="x" * 5_000_000))
    assert (answer.status_code, answer.json()["code"]) == (413, "frame_too_large")


def test_a_result_of_two_megabytes_is_cut_and_says_so(robo: Any) -> None:
    robo.report([STARTED, tool("START", toolCallName="cat"), tool("END")])
    assert robo.report(tool("RESULT", messageId="t", content="x" * 2_000_000)).status_code == 201
    (call,) = robo.get(f"{robo.base}/runs/r1/").json()["calls"]
    assert (len(call["result"]), call["truncated"]) == (256 * 1024, True)


@pytest.mark.parametrize(
    ("who", "report", "look"),
    [("ada", 403, 200), ("bob", 403, 200), ("carol", 404, 404), ("sue", 403, 200), (None, 401, 401)],
)
def test_who_may_report_and_who_may_look(
    who: str | None, report: int, look: int, robo: Any, people: SimpleNamespace, as_user: Any
) -> None:
    robo.report(STARTED)
    client = as_user(getattr(people, who) if who else None)
    assert client.post(f"{robo.base}/activity/", FINISHED, format="json").status_code == report
    for path in ("runs/", "runs/r1/"):
        assert client.get(f"{robo.base}/{path}").status_code == look
    assert Run.objects.get().status == "running"


def test_a_run_that_is_not_there_is_not_found(robo: Any) -> None:
    assert robo.get(f"{robo.base}/runs/none/").status_code == 404
    assert robo.get(f"{robo.base}/runs/", {"before": "none"}).status_code == 404
