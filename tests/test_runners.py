"""Several processes that run agents, and what becomes of their errands when one is killed, paused or ended:
no answer is lost, none is doubled, and no run is left open."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.model_server import ModelServer
from tests.processes import poll
from tests.runners import Runner
from tests.servers import World
from tests.services import Postgres, Redis
from tests.test_agents_that_answer import SECONDS, Agent, Town

pytestmark = pytest.mark.xdist_group("city")  # made once
ANSWER = "Here I am."
GIVEN_UP = "is not ours any more"


class Pair:
    """Two processes, which run or do not: to start one costs seconds, so tests take what they find."""

    def __init__(self, world: World, models: ModelServer) -> None:
        self._both = [Runner(world, models.url, GATHERING_AGENT_RUNS="3") for _ in range(2)]

    def alone(self) -> Runner:
        """One that runs, while the other does not."""
        running = [each for each in self._both if each.pid is not None] or [self._both[0].start()]
        for each in running[1:]:
            each.stop()
        return running[0]

    def start(self) -> None:
        """Have both run."""
        for each in self._both:
            each.start()

    def close(self) -> None:
        for each in self._both:
            each.close()


@pytest.fixture(scope="module")
def city(redis: Redis, postgres: Postgres, tmp_path_factory: Any) -> Iterator[World]:
    url = postgres.create_database("city")
    with closing(World("uvicorn", "full", tmp_path_factory.mktemp("city"), redis, postgres, url)) as world:
        yield world


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="module")
def pair(city: World, models: ModelServer) -> Iterator[Pair]:
    with closing(Pair(city, models)) as pair:
        yield pair


@pytest.fixture
def agent(city: World, models: ModelServer) -> Callable[..., Agent]:
    return lambda model, **mind: Town(city, models, None).agent(model, **mind)  # type: ignore[arg-type]


def asked(models: ModelServer, model: str, times: int = 1) -> None:
    assert poll(lambda: len(models.of(model)) >= times, SECONDS)


def begun(agent: Agent) -> None:
    """Wait until its first word is told."""
    assert poll(lambda: "TEXT_MESSAGE_START" in agent.types, SECONDS), agent.types


def test_when_a_process_is_killed_another_does_what_had_not_begun_and_ends_the_rest(
    pair: Pair, agent: Callable[..., Agent], models: ModelServer
) -> None:
    first, early, late = pair.alone(), agent("once:killed:60"), agent("slow:400")
    for each in (early, late):
        each.call()
    asked(models, "once:killed:60")
    begun(late)
    first.kill()
    pair.start()
    errand = early.ends()
    assert (errand["state"], errand["attempt"], early.said) == ("done", 2, [ANSWER])
    assert [run[1:] for run in early.runs] == [["failed", "abandoned"], ["finished", ""]]
    assert late.ends()["problem"] == "abandoned"
    assert [run[1:] for run in late.runs] == [["failed", "abandoned"]]
    assert (late.types[-2:], late.said) == (["TEXT_MESSAGE_END", "RUN_ERROR"], [])


def test_a_process_that_is_ended_finishes_what_it_can_and_hands_over_what_has_not_begun(
    pair: Pair, agent: Callable[..., Agent], models: ModelServer
) -> None:
    first = pair.alone()
    early, late, nearly = agent("once:ended:60"), agent("slow:400"), agent("slow:20")
    for each in (early, late, nearly):
        each.call()
    asked(models, "once:ended:60")
    begun(late)
    begun(nearly)
    first.stop()
    assert [each.errands[0]["state"] for each in (early, late, nearly)] == ["queued", "failed", "done"]
    assert [each.runs[0][2] for each in (early, late, nearly)] == ["shutdown", "shutdown", ""]
    assert early.hand("status", early.name) == "offline"
    pair.start()
    assert early.ends()["state"] == "done"
    assert (early.said, late.said, len(nearly.said)) == ([ANSWER], [], 1)


def test_a_process_that_was_paused_for_too_long_says_nothing_any_more(
    pair: Pair, agent: Callable[..., Agent], models: ModelServer
) -> None:
    first, scout = pair.alone(), agent("once:paused:1")
    scout.call()
    asked(models, "once:paused:1")
    given_up = first.log.read_text().count(GIVEN_UP)
    first.pause()
    pair.start()
    try:
        assert scout.ends()["attempt"] == 2
    finally:
        first.resume()
    assert poll(lambda: first.log.read_text().count(GIVEN_UP) > given_up, SECONDS)
    assert scout.said == [ANSWER]
    assert [run[1] for run in scout.runs] == ["failed", "finished"]


def test_redis_is_killed_and_the_database_restarted_in_the_middle_of_answers(
    pair: Pair, agent: Callable[..., Agent], redis: Redis, postgres: Postgres
) -> None:
    pair.start()
    agents = [agent("slow:20") for _ in range(2)]
    for each in agents:
        each.call()
    begun(agents[0])
    redis.kill()
    postgres.stop("immediate")
    postgres.start()
    redis.start()
    for each in agents:
        errand = each.ends()
        assert errand["state"] in ("done", "failed"), errand
        assert len(each.said) == (errand["state"] == "done")
        assert "running" not in [run[1] for run in each.runs]


def test_two_processes_share_the_agents_and_nobody_answers_twice(
    pair: Pair, agent: Callable[..., Agent]
) -> None:
    pair.start()
    agents = [agent("slow:20") for _ in range(5)]
    for each in agents:
        each.call("one")
        each.call("two")
    errands = [errand for each in agents for errand in (each.ends(2), each.errands[0])]
    assert {errand["state"] for errand in errands} == {"done"}
    assert len({errand["worker"] for errand in errands}) == 2
    assert [len(each.said) for each in agents] == [2] * 5
    assert {run[1] for each in agents for run in each.runs} == {"finished"}
