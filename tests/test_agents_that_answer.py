"""Agents that GatheRing runs: real processes, a real database, and a language model's server of the tests."""

import itertools
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from tests.model_server import ModelServer
from tests.processes import poll
from tests.runners import Runner
from tests.servers import World

pytestmark = pytest.mark.xdist_group("town")  # made once
SECONDS = 30  # far more than anything takes that works
OVER = ("done", "failed", "stopped")
_numbers = itertools.count(1)


@dataclass
class Town:
    """A world with a process that runs its agents, and a server of models."""

    world: World
    models: ModelServer
    runner: Runner

    def agent(self, model: str = "", **mind: Any) -> "Agent":
        """A fresh agent in a fresh circle."""
        number = next(_numbers)
        circle, name = f"room-{number}", f"agent-{number}"
        self.world.hand("make_circle", circle)
        self.world.hand("make_thinker", name, circle, model, **mind)
        return Agent(self, circle, name)


@dataclass
class Agent:
    town: Town
    circle: str
    name: str

    def hand(self, tool: str, *args: Any) -> Any:
        return self.town.world.hand(tool, *args)

    def call(self, text: str = "hello", by: str = "bob") -> None:
        self.hand("say", by, self.circle, f"@{self.name} {text}")

    def ends(self, count: int = 1) -> dict[str, Any]:
        """Wait until ``count`` errands are over; the last."""
        assert poll(lambda: sum(each["state"] in OVER for each in self.errands) >= count, SECONDS), (
            self.errands
        )
        return self.errands[count - 1]

    def until(self, status: str) -> None:
        assert poll(lambda: self.hand("status", self.name) == status, SECONDS), self.hand("status", self.name)

    @property
    def errands(self) -> list[dict[str, Any]]:
        return self.hand("errands", self.name)

    @property
    def said(self) -> list[str]:
        """What it has said in its circle."""
        return [content for author, content in self.hand("messages", self.circle) if author == self.name]

    @property
    def runs(self) -> list[list[str]]:
        return self.hand("runs", self.name)

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.hand("activity", self.name)]

    def custom(self, name: str) -> list[dict[str, Any]]:
        """The values of our own notices of that name."""
        events = [each for each in self.hand("activity", self.name) if each["type"] == "CUSTOM"]
        return [each["value"] for each in events if each["name"] == f"gathering.{name}"]


def _runner(world: World, models: ModelServer) -> Runner:
    return Runner(world, models.url, GATHERING_APPROVAL_SECONDS="8", GATHERING_LLM_TIMEOUT="6")


@pytest.fixture(scope="module")
def town(tmp_path_factory: Any) -> Iterator[Town]:
    world = World("uvicorn", "embedded", tmp_path_factory.mktemp("town"))
    with closing(world), ModelServer() as models, _runner(world, models) as runner:
        yield Town(world, models, runner)


def test_a_mention_is_answered_and_all_of_it_is_told(town: Town) -> None:
    agent = town.agent("echo", persona="You are terse.")
    agent.call("what is new?")
    errand = agent.ends()
    assert agent.said == [f"I heard: bob: @{agent.name} what is new?"]
    assert agent.types == ["RUN_STARTED", "TEXT_MESSAGE_START", "TEXT_MESSAGE_END", "RUN_FINISHED"]
    assert agent.hand("activity", agent.name)[2]["content"] == agent.said[0]
    assert agent.hand("activity", agent.name)[3]["usage"][0]["inputTokens"] == 11
    assert (errand["state"], errand["tokens"] >= 18, agent.hand("status", agent.name)) == (
        "done",
        True,
        "idle",
    )
    (request,) = [body for body in town.models.of("echo") if agent.name in str(body)]
    assert request["messages"][0]["content"].startswith("You are terse.")


def test_a_tool_is_called_as_the_agent_and_its_result_goes_back(town: Town) -> None:
    agent = town.agent('calls:read_messages:{"limit": 1}')
    agent.call("look")
    agent.ends()
    assert agent.types == [
        "RUN_STARTED",
        "TOOL_CALL_START",
        "TOOL_CALL_END",
        "TOOL_CALL_RESULT",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    assert agent.hand("statuses", agent.name)[-4:] == ["thinking", "working", "thinking", "idle"]
    assert agent.said[0].startswith("It says: [")
    assert agent.said[0].endswith(f"bob: @{agent.name} look")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ('post_message:{"circle": "nowhere", "content": "x"}', "Refused (not_found)"),
        ("read_messages:{broken", "Refused (bad_field): The arguments are not JSON."),
        ("read_messages:[1]", "Refused (bad_field): The arguments are not a JSON object."),
        ('read_messages:{"limit": "many"}', "Refused (bad_field): limit:"),
        ("rm_rf:{}", "Refused (bad_field): There is no tool 'rm_rf'"),
    ],
)
def test_a_call_that_is_wrong_is_told_to_the_model(call: str, told: str, town: Town) -> None:
    agent = town.agent(f"calls:{call}")
    agent.call()
    assert agent.ends()["state"] == "done"
    assert told in agent.said[0]
    (result,) = [event for event in agent.hand("activity", agent.name) if event["type"] == "TOOL_CALL_RESULT"]
    assert result["metadata"] == {"failed": True, "code": told.split("(")[1].split(")")[0]}


@pytest.mark.parametrize(
    ("model", "mind", "code"),
    [
        ("refuses:401", {}, "model_refused_key"),
        ("refuses:500", {}, "model_failed"),
        ("cuts", {}, "model_cut_off"),
        ("nonsense", {}, "model_failed"),
        ("hangs", {}, "model_silent"),
        ("floods", {}, "too_much_output"),
        ("loops:read_messages:{}", {}, "loop"),
        ("counts", {"turns": 2}, "turns"),
        ("slow:200", {"seconds": 1}, "time"),
        ("echo", {"run_tokens": 100}, "tokens"),
    ],
)
def test_what_goes_wrong_ends_the_run_as_an_error(
    model: str, mind: dict[str, Any], code: str, town: Town
) -> None:
    agent = town.agent(model, **mind)
    agent.call()
    errand = agent.ends()
    assert (errand["state"], errand["problem"], errand["answered"]) == ("failed", code, False)
    assert [run[1:] for run in agent.runs] == [["failed", code]]
    assert agent.types[-1] == "RUN_ERROR"
    assert (agent.said, agent.hand("status", agent.name)) == ([], "error")


def test_agents_stop_calling_each_other_when_no_person_speaks(town: Town) -> None:
    agent = town.agent("says:ping @robo", hops=1)
    agent.call(by="robo")
    assert agent.ends()["state"] == "done"
    agent.hand("say", "robo", agent.circle, f"pong @{agent.name}")
    assert agent.ends(2)["problem"] == "hops"
    agent.call("go on")
    assert agent.ends(3)["state"] == "done"


def test_an_agent_that_answers_always_answers_each_message_once(town: Town) -> None:
    agent = town.agent("echo", answers="always")
    agent.hand("say", "bob", agent.circle, "just so")
    agent.call("and you")
    agent.ends(2)
    assert len(agent.said) == 2


@pytest.mark.parametrize("model", ["hangs", "slow:400"])
def test_a_person_stops_an_agent_within_two_seconds(model: str, town: Town) -> None:
    agent = town.agent(model)
    agent.call()
    before = len(town.models.given_up)
    assert poll(lambda: any(agent.name in str(body) for body in town.models.of(model)), SECONDS)
    agent.hand("stop", "bob", agent.name)
    asked = time.monotonic()
    assert poll(lambda: len(town.models.given_up) > before, SECONDS)
    assert town.models.given_up[-1] - asked < 2
    errand = agent.ends()
    assert (errand["state"], agent.said, agent.hand("status", agent.name)) == ("stopped", [], "idle")
    assert [run[1] for run in agent.runs] == ["cancelled"]
    assert agent.custom("stop_requested")[0]["by"] == "bob"


@pytest.mark.parametrize(
    ("decision", "posts", "told"),
    [
        ("approved", ["hi there"], "It says: Posted as message"),
        ("rejected", [], "It says: Refused: a person was asked, and said no."),
        ("expired", [], "It says: Refused: a person was asked, and nobody answered in time."),
    ],
)
def test_a_marked_tool_waits_for_a_persons_yes(
    decision: str, posts: list[str], told: str, town: Town
) -> None:
    model = 'calls:post_message:{"content": "hi there"}'
    agent = town.agent(model, needs_approval=["post_message"], seconds=5)
    agent.call()
    agent.until("waiting")
    assert agent.said == []
    if decision != "expired":
        agent.hand("decide", "bob", agent.name, decision)
    assert agent.ends()["state"] == "done"
    assert agent.said[:-1] == posts
    assert agent.said[-1].startswith(told)
    answer = agent.custom("approval_given")[0]
    assert (answer["decision"], answer["by"]) == (decision, None if decision == "expired" else "bob")


def test_a_stop_while_it_waits_is_a_no(town: Town) -> None:
    agent = town.agent('calls:post_message:{"content": "no"}', needs_approval=["post_message"])
    agent.call()
    agent.until("waiting")
    agent.hand("stop", "ada", agent.name)
    assert agent.ends()["state"] == "stopped"
    assert agent.custom("approval_given")[0]["decision"] == "expired"


def test_the_day_has_an_end(town: Town) -> None:
    agent = town.agent("echo", day_tokens=100)
    agent.call("x" * 80)
    agent.call("x" * 80)
    assert agent.ends(2)["problem"] in ("day_tokens", "tokens")
    assert len(agent.said) <= 1


def test_the_demonstration_needs_no_model(town: Town) -> None:
    agent = town.agent()
    agent.call("hello")
    assert agent.ends()["state"] == "done"
    assert "I am a scripted demonstration" in agent.said[0]
