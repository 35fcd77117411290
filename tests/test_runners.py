"""Several processes that run agents, and what becomes of their errands when one is killed, paused or ended:
no answer is lost, none is doubled, and no run is left open."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from tests.model_server import ModelServer
from tests.processes import poll
from tests.runners import Runner
from tests.servers import World
from tests.services import Postgres, Redis
from tests.test_agents_that_answer import SECONDS, Agent, Town

ANSWER = "Here I am."
Start = Callable[..., Runner]


@pytest.fixture(scope="module")
def city(redis: Redis, postgres: Postgres, tmp_path_factory: Any) -> Iterator[World]:
    url = postgres.create_database("city")
    with closing(World("uvicorn", "full", tmp_path_factory.mktemp("city"), redis, postgres, url)) as world:
        yield world


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def start(city: World, models: ModelServer) -> Iterator[Start]:
    """Starts one more process; all of them end with the test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(Runner(city, models.url, **settings))


@pytest.fixture
def agent(city: World, models: ModelServer) -> Callable[..., Agent]:
    return lambda model, **mind: Town(city, models, None).agent(model, **mind)  # type: ignore[arg-type]


def asked(models: ModelServer, model: str, times: int = 1) -> None:
    assert poll(lambda: len(models.of(model)) >= times, SECONDS)


def test_what_had_not_begun_when_a_process_was_killed_is_done_by_another(
    start: Start, agent: Callable[..., Agent], models: ModelServer
) -> None:
    first, scout = start(), agent("once:killed:60")
    scout.call()
    asked(models, "once:killed:60")
    first.kill()
    start()
    errand = scout.ends()
    assert (errand["state"], errand["attempt"], scout.said) == ("done", 2, [ANSWER])
    assert [run[1:] for run in scout.runs] == [["failed", "abandoned"], ["finished", ""]]


def test_what_had_begun_when_a_process_was_killed_ends_as_an_error(
    start: Start, agent: Callable[..., Agent]
) -> None:
    first, scout = start(), agent("slow:400")
    scout.call()
    assert poll(lambda: "TEXT_MESSAGE_START" in scout.types, SECONDS)
    first.kill()
    start()
    assert scout.ends()["problem"] == "abandoned"
    assert [run[1:] for run in scout.runs] == [["failed", "abandoned"]]
    assert scout.types[-2:] == ["TEXT_MESSAGE_END", "RUN_ERROR"]
    assert scout.said == []


def test_a_process_that_is_ended_hands_over_what_has_not_begun_and_ends_the_rest(
    start: Start, agent: Callable[..., Agent], models: ModelServer
) -> None:
    first, early, late = start(), agent("once:ended:60"), agent("slow:400", seconds=60)
    early.call()
    late.call()
    asked(models, "once:ended:60")
    assert poll(lambda: "TEXT_MESSAGE_START" in late.types, SECONDS)
    first.stop()
    assert (early.errands[0]["state"], late.errands[0]["problem"]) == ("queued", "shutdown")
    assert [each.runs[0][1:] for each in (early, late)] == [["failed", "shutdown"]] * 2
    assert early.hand("status", early.name) == "offline"
    start()
    assert early.ends()["state"] == "done"
    assert early.said == [ANSWER]


def test_an_answer_that_is_nearly_there_is_given_before_the_end(
    start: Start, agent: Callable[..., Agent]
) -> None:
    first, scout = start(GATHERING_LLM_TIMEOUT="60"), agent("slow:10")
    scout.call()
    assert poll(lambda: "TEXT_MESSAGE_START" in scout.types, SECONDS)
    first.stop()
    assert (scout.errands[0]["state"], len(scout.said)) == ("done", 1)


def test_a_process_that_was_paused_for_too_long_says_nothing_any_more(
    start: Start, agent: Callable[..., Agent], models: ModelServer
) -> None:
    first, scout = start(), agent("once:paused:1")
    scout.call()
    asked(models, "once:paused:1")
    first.pause()
    start()
    try:
        assert scout.ends()["attempt"] == 2
    finally:
        first.resume()
    assert poll(lambda: "is not ours any more" in first.log.read_text(), SECONDS), first.log.read_text()
    assert scout.said == [ANSWER]
    assert [run[1] for run in scout.runs] == ["failed", "finished"]


def test_two_processes_share_the_agents_and_nobody_answers_twice(
    start: Start, agent: Callable[..., Agent]
) -> None:
    for _ in range(2):
        start(GATHERING_AGENT_RUNS="2")
    agents = [agent("slow:20") for _ in range(6)]
    for each in agents:
        each.call("one")
        each.call("two")
    errands = [errand for each in agents for errand in (each.ends(2), each.errands[0])]
    assert {errand["state"] for errand in errands} == {"done"}
    assert len({errand["worker"] for errand in errands}) == 2
    assert [len(each.said) for each in agents] == [2] * 6
    assert {run[1] for each in agents for run in each.runs} == {"finished"}
