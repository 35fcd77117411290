"""Who may ask, stop and allow what; and what is told of it."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from agents import activity, oversight
from agents.models import Activity, Agent, Approval, Errand, Run
from agents.running import sweeping
from circles import actions as circles
from circles.models import Circle
from gathering.protocol.errors import Conflict

WHO = ("ada", "bob", "olga", "carol", "robo", "sue", None)
Case = tuple[str, str, dict[str, Any], tuple[int, ...]]
# To Ada (who owns Robo), Bob, Olga (who observes), Carol (outside), Robo itself, Sue (staff) and nobody.
MAY: dict[str, Case] = {
    "ask": (
        "post",
        "/api/agents/{pk}/ask/",
        {"circle": "team", "content": "What is new?"},
        (201, 201, 403, 404, 409, 201, 401),
    ),
    "stop": ("post", "/api/agents/{pk}/runs/{run}/stop/", {}, (202, 202, 403, 404, 403, 202, 401)),
    "see a mind": ("get", "/api/agents/{pk}/mind/", {}, (200, 403, 403, 404, 403, 200, 401)),
    "change a mind": (
        "patch",
        "/api/agents/{pk}/mind/",
        {"persona": "P", "turns": 3},
        (200, 403, 403, 404, 403, 200, 401),
    ),
    "spend more": ("patch", "/api/agents/{pk}/mind/", {"turns": 50}, (403, 403, 403, 404, 403, 200, 401)),
    "take a model": (
        "patch",
        "/api/agents/{pk}/mind/",
        {"provider": "openai", "model": "m"},
        (403, 403, 403, 404, 403, 200, 401),
    ),
    "see an approval": ("get", "/api/approvals/{approval}/", {}, (200, 200, 200, 404, 200, 200, 401)),
    "say yes": (
        "post",
        "/api/approvals/{approval}/",
        {"decision": "approve"},
        (200, 200, 403, 404, 403, 200, 401),
    ),
    "list approvals": ("get", "/api/approvals/", {}, (200, 200, 200, 200, 200, 200, 401)),
}


@pytest.fixture
def errand(people: SimpleNamespace, circle: Circle) -> Errand:
    """Robo, which GatheRing runs, is on an errand for Bob."""
    Agent.objects.filter(pk=people.robo.pk).update(provider="scripted")
    message = circles.post_message(people.bob, "team", "@robo hello")
    errand = Errand.objects.get(message=message)
    errand.state, errand.attempt, errand.worker, errand.started_at = "running", 1, "w", timezone.now()
    errand.save()
    start = {"type": "RUN_STARTED", "threadId": "team", "runId": errand.run_id}
    activity.report(people.robo, str(people.robo.pk), start)
    return errand


@pytest.fixture
def approval(errand: Errand) -> Approval:
    deadline = timezone.now() + timedelta(minutes=5)
    return oversight.request(errand, "write_file", '{"path": "a.txt"}', deadline)


def told(name: str) -> list[dict[str, Any]]:
    """The values of our own notices of that name."""
    events = [row.event for row in Activity.objects.filter(type="CUSTOM").order_by("pk")]
    return [event["value"] for event in events if event["name"] == f"gathering.{name}"]


@pytest.mark.parametrize("request_", MAY)
@pytest.mark.parametrize("index", range(len(WHO)), ids=[str(who) for who in WHO])
def test_who_may_do_what(
    request_: str, index: int, people: SimpleNamespace, errand: Errand, approval: Approval, as_user: Any
) -> None:
    method, path, data, answers = MAY[request_]
    client = as_user(getattr(people, WHO[index] or "", None))
    there = path.format(pk=people.robo.pk, run=errand.run_id, approval=approval.pk)
    answer = getattr(client, method)(there, data, format="json")
    assert answer.status_code == answers[index], answer.content


def test_a_question_is_posted_and_called_for_once(
    people: SimpleNamespace, errand: Errand, as_user: Any
) -> None:
    asked = {"circle": "team", "content": "And @robo, what is new?", "id": "q1"}
    answers = [
        as_user(people.ada).post(f"/api/agents/{people.robo.pk}/ask/", asked, format="json") for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json()["message"] == answers[1].json()["message"]
    made = Errand.objects.get(message=answers[0].json()["message"]["id"])
    assert answers[0].json()["run_id"] == f"run-{made.pk}"


def test_an_agent_that_is_not_in_the_circle_or_runs_elsewhere_is_not_asked(
    people: SimpleNamespace, errand: Errand, as_user: Any
) -> None:
    circles.create_circle(people.ada, "other")
    ask = {"circle": "other", "content": "hello"}
    path = f"/api/agents/{people.robo.pk}/ask/"
    assert as_user(people.ada).post(path, ask, format="json").status_code == 409
    Agent.objects.filter(pk=people.robo.pk).update(provider="")
    assert as_user(people.ada).post(path, {**ask, "circle": "team"}, format="json").status_code == 409
    assert not Circle.objects.get(name="other").messages.exists()


def test_a_stop_is_told_with_who_did_it_and_only_once(
    people: SimpleNamespace, errand: Errand, as_user: Any
) -> None:
    for user in (people.bob, people.ada):
        as_user(user).post(f"/api/agents/{people.robo.pk}/runs/{errand.run_id}/stop/")
    assert told("stop_requested") == [{"run_id": errand.run_id, "by": "bob"}]
    errand.refresh_from_db()
    assert errand.stopped_by == people.bob


def test_a_run_that_is_elsewhere_is_told_to_stop_and_one_that_has_ended_is_not(
    people: SimpleNamespace, errand: Errand, as_user: Any
) -> None:
    path = f"/api/agents/{people.robo.pk}/runs/{errand.run_id}/stop/"
    errand.delete()
    assert as_user(people.bob).post(path).status_code == 202
    assert told("stop_requested")[0]["by"] == "bob"
    end = {"type": "RUN_ERROR", "message": "Stopped.", "code": "stopped"}
    activity.report(people.robo, str(people.robo.pk), end)
    assert as_user(people.bob).post(path).status_code == 409


def test_a_request_and_the_answer_are_told_with_the_deadline_and_who_gave_it(
    people: SimpleNamespace, errand: Errand, approval: Approval, as_user: Any
) -> None:
    listed = as_user(people.bob).get("/api/approvals/").json()["approvals"]
    assert [(each["approval"], each["agent"], each["circle"]) for each in listed] == [
        (approval.pk, "robo", "team")
    ]
    oversight.decide(people.bob, approval.pk, "rejected")
    (asked,) = told("approval_requested")
    assert asked.pop("deadline").startswith(str(approval.deadline.date()))
    call = {"tool": "write_file", "arguments": '{"path": "a.txt"}'}
    assert asked == {"approval": approval.pk, "run_id": errand.run_id, **call}
    answer = {"approval": approval.pk, "run_id": errand.run_id, "decision": "rejected", "by": "bob"}
    assert told("approval_given") == [answer]
    assert as_user(people.bob).get("/api/approvals/").json()["approvals"] == []
    assert len(as_user(people.bob).get("/api/approvals/?pending=false").json()["approvals"]) == 1


def test_the_first_word_counts_and_none_after_the_deadline(
    people: SimpleNamespace, errand: Errand, approval: Approval
) -> None:
    oversight.decide(people.bob, approval.pk, "approved")
    with pytest.raises(Conflict, match="approved already"):
        oversight.decide(people.ada, approval.pk, "rejected")
    late = oversight.request(errand, "write_file", "{}", timezone.now())
    with pytest.raises(Conflict, match="time to decide is over"):
        oversight.decide(people.bob, late.pk, "approved")
    assert oversight.expire(late.pk) == "expired"
    assert told("approval_given")[-1]["by"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"turns": 0},
        {"turns": 51},
        {"hops": 11},
        {"cooldown": 0},
        {"seconds": 100_000},
        {"answers": "sometimes"},
        {"temperature": 3},
        {"needs_approval": "all"},
        {"provider": "http://evil.example/v1"},
        {"provider": "openai", "model": ""},
        {"base_url": "http://evil.example/v1"},
    ],
    ids=str,
)
def test_a_guard_has_ends_and_a_provider_is_one_of_ours(
    change: dict[str, Any], people: SimpleNamespace, errand: Errand, as_user: Any
) -> None:
    answer = as_user(people.sue).patch(f"/api/agents/{people.robo.pk}/mind/", change, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_field")


def test_a_setting_lowers_a_guard_and_never_raises_it(people: SimpleNamespace, settings: Any) -> None:
    agent = people.robo.agent
    agent.turns = 10_000
    assert agent.guard_of("turns") == 50
    settings.GATHERING_AGENT_CEILINGS = {"turns": 4}
    assert agent.guard_of("turns") == 4
    settings.GATHERING_AGENT_CEILINGS = {"turns": 10_000}
    assert agent.guard_of("turns") == 50


class TestAdmin:
    @pytest.fixture
    def sue(self, people: SimpleNamespace) -> Client:
        client = Client()
        client.force_login(people.sue)
        return client

    def act(self, client: Client, model: str, action: str, pk: int) -> None:
        body = {"action": action, "_selected_action": [pk]}
        assert client.post(f"/admin/agents/{model}/", body).status_code == 302

    @pytest.mark.parametrize("model", ["errand", "agent"])
    def test_what_an_agent_does_is_stopped(
        self, model: str, sue: Client, people: SimpleNamespace, errand: Errand
    ) -> None:
        waiting = circles.post_message(people.bob, "team", "@robo and then").errands.get()
        action, pks = (
            ("stop", [errand.pk, waiting.pk]) if model == "errand" else ("stop_errands", [people.robo.pk])
        )
        for pk in pks:
            self.act(sue, model, action, pk)
        assert told("stop_requested") == [{"run_id": errand.run_id, "by": "sue"}]
        assert list(Errand.objects.order_by("pk").values_list("state", "stopped_by__username")) == [
            ("running", "sue"),
            ("stopped", "sue"),
        ]

    @pytest.mark.parametrize(("action", "decision"), [("approve", "approved"), ("reject", "rejected")])
    def test_a_call_is_allowed_or_refused(
        self, action: str, decision: str, sue: Client, approval: Approval
    ) -> None:
        self.act(sue, "approval", action, approval.pk)
        assert told("approval_given")[0]["decision"] == decision

    def test_the_mind_is_edited_and_an_empty_guard_is_at_its_default(
        self, sue: Client, people: SimpleNamespace
    ) -> None:
        body = {"owner": people.ada.pk, "description": "", "status": "idle", "provider": "scripted"}
        body |= {"needs_approval": ["post_message"], "answers": "always", "turns": "", "hops": "1"}
        path = f"/admin/agents/agent/{people.robo.pk}/change/"
        assert sue.post(path, body).status_code == 302
        agent = Agent.objects.get(pk=people.robo.pk)
        assert (agent.provider, agent.answers, agent.needs_approval) == (
            "scripted",
            "always",
            ["post_message"],
        )
        assert (agent.turns, agent.hops) == (12, 1)
        assert sue.post(path, {**body, "turns": "51"}).status_code == 200
        assert Agent.objects.get(pk=agent.pk).turns == 12


def test_a_server_ends_the_run_of_a_process_that_died(people: SimpleNamespace, errand: Errand) -> None:
    errand.leased_until, errand.begun = timezone.now() - timedelta(seconds=1), True
    errand.save()
    waiting = oversight.request(errand, "write_file", "{}", timezone.now() + timedelta(minutes=5))
    sweeping.sweep()
    errand.refresh_from_db()
    assert (errand.state, errand.problem) == ("failed", "abandoned")
    assert not Run.objects.open().exists()
    waiting.refresh_from_db()
    assert waiting.decision == "expired"
    sweeping.sweep()
    assert Run.objects.count() == 1
