"""Agents in the admin: what the lists say, at a constant price, and what may be done from them."""

import re
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents import activity
from agents.actions import create_agent, report_status
from agents.models import Activity, Agent, Approval, Errand, Run
from circles import actions as circles
from circles.models import Circle
from gathering.hub import log

AGENTS = "/admin/agents/agent/"
LISTS = [AGENTS, *(f"/admin/agents/{name}/" for name in ("run", "activity", "errand", "approval"))]


@pytest.fixture
def sue(people: SimpleNamespace, client: Client) -> Client:
    client.force_login(people.sue)
    return client


@pytest.fixture
def thinker(people: SimpleNamespace, circle: Circle) -> Agent:
    """An agent that runs here, in the circle of all."""
    made = create_agent(people.ada, "thinker")
    made.provider = "scripted"
    made.save()
    circles.add_member(people.ada, "team", "thinker")
    return made


def act(client: Client, action: str, *rows: Any, path: str = AGENTS) -> str:
    body = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(path, body, follow=True).content.decode()


def row_of(client: Client, name: str) -> dict[str, str]:
    """What the list says of an agent, by column, as text."""
    page = client.get(AGENTS).content.decode()
    (row,) = [row for row in page.split("<tr>") if f">{name}</a></th>" in row]
    return {key: re.sub("<[^>]+>", "", text) for key, text in re.findall(r"field-(\w+)[^>]*>(.*?)</t", row)}


def begin(agent: Agent, name: str = "r1") -> Run:
    event = {"type": "RUN_STARTED", "threadId": "team", "runId": name}
    activity.report(agent.user, str(agent.pk), event)
    return Run.objects.get(agent=agent, run_id=name)


# Lists


def test_the_list_says_what_each_agent_does_and_costs(
    sue: Client, people: SimpleNamespace, thinker: Agent
) -> None:
    said = circles.post_message(people.ada, "team", "@thinker hello")
    Errand.objects.filter(message=said).update(started_at=timezone.now(), tokens=1234)
    begin(people.robo.agent)
    report_status(people.robo, str(people.robo.pk), "working")
    robo, here = row_of(sue, "robo"), row_of(sue, "thinker")
    assert (robo["now"], robo["runs"], robo["used_today"]) == ("Working", "elsewhere", "-")
    assert re.fullmatch(r"\d+(\.\d)? s for team", robo["work"])
    assert (here["runs"], here["used_today"]) == ("here, scripted", "1,234 of 1,000,000")
    assert (here["work"], here["circles"], here["owner"]) == ("-", "team", "ada")


def test_a_budget_that_is_used_up_is_marked(sue: Client, people: SimpleNamespace, thinker: Agent) -> None:
    said = circles.post_message(people.ada, "team", "@thinker hello")
    Errand.objects.filter(message=said).update(started_at=timezone.now(), tokens=1_000_000)
    assert row_of(sue, "thinker")["used_today"] == "1,000,000 of 1,000,000: used up"


def test_no_list_costs_more_with_more_history(sue: Client, people: SimpleNamespace, thinker: Agent) -> None:
    def fill(numbers: range) -> None:
        for number in numbers:
            other = create_agent(people.ada, f"agent-{number}")
            circles.add_member(people.ada, "team", other.user.username)
            begin(other)
            said = circles.post_message(people.ada, "team", f"@thinker {number}")
            errand = Errand.objects.get(message=said)
            Approval(errand=errand, run_id="r", tool="t", arguments="{}", deadline=timezone.now()).save()

    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert sue.get(path).status_code == 200
        assert not [query["sql"] for query in queries if "DISTINCT" in query["sql"] and path != AGENTS]
        return len(queries)

    fill(range(2))
    for path in LISTS:
        sue.get(path)  # Django keeps content types from the first look on
    few = [cost(path) for path in LISTS]
    fill(range(2, 20))
    assert [cost(path) for path in LISTS] == few


@pytest.mark.parametrize("path", LISTS[1:])
def test_no_list_counts_all_of_the_history(path: str, sue: Client, people: SimpleNamespace) -> None:
    with CaptureQueriesContext(connection) as queries:
        sue.get(path)
    counts = [query["sql"] for query in queries if "COUNT(*)" in query["sql"]]
    assert counts
    assert all("LIMIT" in sql for sql in counts)


def test_agents_are_found_by_where_they_run_and_whether_they_work(
    sue: Client, people: SimpleNamespace, thinker: Agent
) -> None:
    begin(people.robo.agent)

    def found(**query: str) -> set[str]:
        return set(re.findall(r"change/[^>]*>([a-z]+)</a></th>", sue.get(AGENTS, query).content.decode()))

    assert (found(runs="here"), found(runs="elsewhere")) == ({"thinker"}, {"robo"})
    assert (found(at_work="yes"), found(at_work="no")) == ({"robo"}, {"thinker"})
    assert found(q="team") == {"robo", "thinker"}
    assert found(status__exact="idle") == set()


def test_what_happened_is_found_by_how_it_stands(
    sue: Client, people: SimpleNamespace, thinker: Agent
) -> None:
    said = circles.post_message(people.ada, "team", "@thinker hello")
    errand = Errand.objects.get(message=said)
    Approval(errand=errand, run_id="r", tool="write_file", arguments="{}", deadline=timezone.now()).save()
    begin(people.robo.agent)

    def count(kind: str, **query: str) -> int:
        return sue.get(f"/admin/agents/{kind}/", query).context["cl"].result_count

    assert (count("approval", decided="waiting"), count("approval", decided="approved")) == (1, 0)
    assert (count("approval", tool="write_file"), count("approval", tool="read_file")) == (1, 0)
    assert (count("errand", problem="no"), count("errand", problem="yes")) == (1, 0)
    assert (count("run", runs="elsewhere"), count("run", runs="here")) == (1, 0)
    assert (count("activity", type="RUN_STARTED"), count("activity", type="RUN_ERROR")) == (1, 0)
    assert Activity.objects.count() == 1


def test_its_page_on_the_site_is_one_step_away(sue: Client, people: SimpleNamespace, thinker: Agent) -> None:
    run = begin(people.robo.agent)
    page = sue.get(AGENTS).content.decode()
    assert f'<a href="/agents/{thinker.pk}/">Open</a>' in page
    assert '<a href="/circles/team/">team</a>' in page
    assert "View on site" in sue.get(f"{AGENTS}{thinker.pk}/change/").content.decode()
    assert sue.get(run.get_absolute_url()).status_code == 200


# What may be done


def test_a_status_is_what_the_agent_says_and_not_set_by_hand(sue: Client, people: SimpleNamespace) -> None:
    path = f"{AGENTS}{people.robo.pk}/change/"
    page = sue.get(path).content.decode()
    assert 'name="status"' not in page
    assert "no report would stand behind it" in page
    assert sue.post(path, {"owner": people.ada.pk, "description": "D", "status": "idle"}).status_code == 302
    agent = Agent.objects.get(pk=people.robo.pk)
    assert (agent.description, agent.status) == ("D", "offline")


def test_an_agent_that_runs_elsewhere_is_asked_to_stop(
    sue: Client, people: SimpleNamespace, circle: Circle
) -> None:
    since = log.position(people.robo.agent.channel).head
    begin(people.robo.agent)
    assert "Being stopped: 1." in act(sue, "stop_errands", people.robo.agent)
    told = [orjson.loads(frame.text)["data"] for frame in log.read(people.robo.agent.channel, since)]
    assert told[-1]["value"] == {"run_id": "r1", "by": "sue"}


def test_agents_are_had_to_answer_nobody_and_again(
    sue: Client, people: SimpleNamespace, thinker: Agent
) -> None:
    assert "Changed: 1." in act(sue, "answer_nobody", thinker, people.robo.agent)
    thinker.refresh_from_db()
    assert not thinker.runs_here
    assert row_of(sue, "thinker")["runs"] == "here, answers nobody"
    circles.post_message(people.ada, "team", "@thinker are you there?")
    assert not Errand.objects.exists()
    assert "Changed: 1." in act(sue, "answer_again", thinker)
    circles.post_message(people.ada, "team", "@thinker and now?")
    assert Errand.objects.get().agent == thinker


def test_staff_who_may_only_look_find_no_action(people: SimpleNamespace, client: Client) -> None:
    people.bob.is_staff = True
    people.bob.save()
    people.bob.user_permissions.set(Permission.objects.filter(codename__in=["view_agent", "view_run"]))
    client.force_login(people.bob)
    run = begin(people.robo.agent)
    for path in LISTS[:2]:
        assert client.get(path).status_code == 200
        assert 'value="stop' not in client.get(path).content.decode()
    act(client, "stop", run, path=LISTS[1])
    assert Activity.objects.count() == 1
