"""The pages of agents: what one does, stopping it, and saying yes or no."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents import activity, oversight, timeline
from agents.models import Activity, Errand, Run
from circles import actions as circles
from circles.models import Circle

ARGUMENTS = '{"path": "<b>app.py</b>"}'


@pytest.fixture
def sign_in() -> Any:
    def client(user: Any) -> Client:
        made = Client()
        made.force_login(user)
        return made

    return client


def report(people: SimpleNamespace, *events: dict[str, Any]) -> None:
    for event in events:
        activity.report(people.robo, str(people.robo.pk), event)


def begin(people: SimpleNamespace) -> Run:
    report(
        people,
        {"type": "RUN_STARTED", "threadId": "team", "runId": "r1"},
        {"type": "TEXT_MESSAGE_START", "messageId": "m1", "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m1", "delta": "I <i>look</i>."},
        {"type": "TEXT_MESSAGE_END", "messageId": "m1"},
        {"type": "TOOL_CALL_START", "toolCallId": "c1", "toolCallName": "read_file"},
        {"type": "TOOL_CALL_ARGS", "toolCallId": "c1", "delta": ARGUMENTS},
        {"type": "TOOL_CALL_END", "toolCallId": "c1"},
    )
    return Run.objects.get()


def ask(people: SimpleNamespace) -> Any:
    """Robo asks whether it may write a file."""
    message = circles.post_message(people.bob, "team", "please")
    errand = Errand.objects.create(
        agent=people.robo.agent, message=message, reason="asked", hops=0, state="running"
    )
    deadline = timezone.now() + timedelta(minutes=5)
    return oversight.request(errand, "write_file", ARGUMENTS, deadline)


def page_of(client: Client, people: SimpleNamespace, query: str = "") -> str:
    return str(client.get(f"/agents/{people.robo.pk}/{query}").content.decode())


def test_a_run_is_a_timeline(people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    begin(people)
    page = page_of(sign_in(people.bob), people)
    assert "I &lt;i&gt;look&lt;/i&gt;." in page
    assert '<code class="tool-name">read_file</code>' in page
    assert "&quot;path&quot;: &quot;&lt;b&gt;app.py&lt;/b&gt;&quot;" in page
    assert "</span>runs</span>" in page
    report(people, {"type": "TOOL_CALL_RESULT", "messageId": "t1", "toolCallId": "c1", "content": "print()"})
    page = page_of(sign_in(people.bob), people)
    assert "</span>done</span>" in page
    assert "print()</pre>" in page


@pytest.mark.parametrize(
    ("content", "told", "failed"),
    [
        ("Error: no such file", {}, True),  # a guess, where nobody tells
        ("all is well", {}, False),
        ("Error pages", {"metadata": {"failed": False}}, False),
        ("no", {"metadata": {"failed": True, "code": "not_found"}}, True),
        ("Error", {"metadata": {"failed": "perhaps"}}, True),
        ("fine", {"metadata": None}, False),
    ],
)
def test_a_call_has_failed_if_its_agent_tells_so(
    content: str, told: Any, failed: bool, people: SimpleNamespace, circle: Circle, sign_in: Any
) -> None:
    begin(people)
    result = {"type": "TOOL_CALL_RESULT", "messageId": "t1", "toolCallId": "c1", "content": content}
    report(people, {**result, **told})
    assert ("</span>failed</span>" in page_of(sign_in(people.bob), people)) == failed
    run = sign_in(people.bob).get(f"/api/agents/{people.robo.pk}/runs/r1/").json()
    assert [call["failed"] for call in run["calls"]] == [failed]


def test_the_tokens_of_a_run_count_while_it_is_open(people: SimpleNamespace, circle: Circle) -> None:
    agent, run = people.robo.agent, begin(people)
    message = circles.post_message(people.bob, "team", "please")
    errand = Errand(agent=agent, message=message, reason="asked", hops=0, state="running", tokens=30)
    errand.started_at = timezone.now()
    errand.save()
    assert (timeline.budget(agent, run).run, timeline.budget(agent, run).day) == (30, 30)
    errand.state, errand.ended_at = "done", timezone.now()
    errand.save()
    assert timeline.budget(agent, run).run == 30  # the run was read before it ended
    run.status, run.input_tokens, run.output_tokens = "finished", 20, 10
    assert (timeline.budget(agent, run).run, timeline.budget(agent, None).run) == (30, 0)


def test_an_agent_is_only_seen_by_who_may(people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    run, carol = begin(people), sign_in(people.carol)
    path = f"/agents/{people.robo.pk}/"
    assert carol.get(path).status_code == 404
    assert carol.post(f"{path}runs/{run.pk}/stop/").status_code == 404
    assert sign_in(people.bob).get(f"{path}?run=999").status_code == 404


def test_stop_is_asked_for_by_a_member_and_not_by_an_observer(
    people: SimpleNamespace, circle: Circle, sign_in: Any
) -> None:
    run = begin(people)
    path = f"/agents/{people.robo.pk}/runs/{run.pk}/stop/"
    assert ">Stop</button>" not in page_of(sign_in(people.olga), people)
    assert sign_in(people.olga).post(path).status_code == 403
    assert ">Stop</button>" in page_of(sign_in(people.bob), people)
    assert sign_in(people.bob).post(path, {"next": "https://evil.example/"}).status_code == 302
    assert "Stop asked for by bob" in page_of(sign_in(people.bob), people)
    assert Activity.objects.filter(type="CUSTOM").count() == 1


@pytest.mark.parametrize(("decision", "said"), [("approve", "approved"), ("reject", "rejected")])
def test_an_approval_is_decided_once(
    decision: str, said: str, people: SimpleNamespace, circle: Circle, sign_in: Any
) -> None:
    begin(people)
    approval, bob = ask(people), sign_in(people.bob)
    assert "&lt;b&gt;app.py" in bob.get("/approvals/").content.decode()
    assert '1<span class="unseen"> waiting' in bob.get("/places/").content.decode()
    assert bob.post(f"/approvals/{approval.pk}/", {"decision": decision}).status_code == 302
    approval.refresh_from_db()
    assert (approval.decision, approval.decided_by) == (said, people.bob)
    page = bob.post(f"/approvals/{approval.pk}/", {"decision": "reject"}, follow=True).content.decode()
    assert f"That was {said} already." in page


def test_who_only_observes_sees_what_is_asked_and_is_not_asked(
    people: SimpleNamespace, circle: Circle, sign_in: Any
) -> None:
    begin(people)
    ask(people)
    for user, offered in ((people.olga, False), (people.ada, True), (people.sue, True)):
        client = sign_in(user)
        page = client.get("/approvals/").content.decode()
        assert "&lt;b&gt;app.py" in page
        assert (">Allow</button>" in page) == offered
        assert ("waiting</span>" in client.get("/places/").content.decode()) == offered
        assert (">Allow</button>" in client.get("/circles/team/").content.decode()) == offered


def test_nobody_else_decides(people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    begin(people)
    approval = ask(people)
    path = f"/approvals/{approval.pk}/"
    assert sign_in(people.carol).post(path, {"decision": "approve"}).status_code == 404
    assert sign_in(people.olga).post(path, {"decision": "approve"}).status_code == 403
    assert sign_in(people.bob).post(path, {"decision": "perhaps"}).status_code == 404
    approval.refresh_from_db()
    assert approval.decision == ""


def test_an_agent_is_made_and_described(people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    ada = sign_in(people.ada)
    made = ada.post("/new/agent/", {"name": "scout", "display_name": "Scout", "description": ""})
    ada.post(f"{made['Location']}settings/", {"description": "Looks <things> up."})
    assert "Looks &lt;things&gt; up." in ada.get(made["Location"]).content.decode()
    taken = ada.post("/new/agent/", {"name": "scout", "display_name": "", "description": ""})
    assert (taken.status_code, "is called &#x27;scout&#x27; already" in taken.content.decode()) == (400, True)


def test_no_page_costs_more_with_more_runs(people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    bob = sign_in(people.bob)

    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert bob.get(path).status_code == 200
        return len(queries)

    paths = [f"/agents/{people.robo.pk}/", "/approvals/", "/circles/team/side/"]
    begin(people)
    ask(people)
    few = [cost(path) for path in paths]
    for number in range(30):
        report(people, {"type": "RUN_FINISHED", "threadId": "team", "runId": "r1"}) if number == 0 else None
        begun = {"threadId": "team", "runId": f"r-{number}"}
        report(people, {"type": "RUN_STARTED", **begun}, {"type": "RUN_FINISHED", **begun})
    report(people, {"type": "RUN_STARTED", "threadId": "team", "runId": "last"})
    assert [cost(path) for path in paths] == few
