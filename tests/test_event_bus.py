"""The event bus with a real Redis, real workers and programs in other languages."""

import itertools
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import redis as redis_client

from gathering.events.queue import STREAM, Queue
from tests.nodejs import NODE
from tests.servers import World, manage
from tests.services import Postgres, Redis

_numbers = itertools.count(1)
PROGRAMS = Path(__file__).parent / "programs"
PATIENCE = 60.0
pytestmark = pytest.mark.xdist_group("bus")  # one worker has all of them, with one world


class Bus:
    """A bus with nothing on it: its queue, its workers, and what came of what was published."""

    def __init__(self, world: World, redis: Redis, room: str, stack: ExitStack) -> None:
        self.world, self.redis, self.room, self._stack = world, redis, room, stack
        self.queue = Queue(redis.url)
        self.hand = world.hand
        self.hand("make_circle", room)
        self.robo: int = self.hand("user_id", "robo")
        self._older_letters = len(self.hand("dead_letters"))

    def environment(self) -> dict[str, str]:
        return self.world.environment({"REDIS_URL": self.redis.url, "GATHERING_BUS_RETRY": "0.4"})

    def start_worker(self, **settings: str) -> subprocess.Popen[bytes]:
        with (self.world.directory / "bus.log").open("ab") as log:
            command, environment = manage("run_event_bus"), self.environment() | settings
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self._stack.callback(_end, process)
        return process

    def say(self, content: str, **fields: object) -> str:
        event = {"circle_name": self.room, "agent_id": self.robo, "content": content, **fields}
        return self.queue.add("agent.message", json.dumps(event))

    def said(self) -> list[str]:
        return [content for _, content in self.hand("messages", self.room)]

    def letters(self) -> list[dict[str, object]]:
        return self.hand("dead_letters")[self._older_letters :]

    def idle(self) -> bool:
        lag = self.queue.lag()
        return lag["waiting"] == lag["in_work"] == 0


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def station(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """On PostgreSQL, with a Redis that keeps what it was given."""
    url = postgres.create_database("bus")
    with Redis(durable=True) as redis:
        directory = tmp_path_factory.mktemp("bus")
        with closing(World("uvicorn", "full", directory, redis, postgres, url)) as world:
            yield world


@pytest.fixture
def bus(station: World) -> Iterator[Bus]:
    assert station.redis is not None
    with redis_client.Redis.from_url(station.redis.url) as client:
        client.flushall()
    with ExitStack() as stack:
        yield Bus(station, station.redis, f"bus-room-{next(_numbers)}", stack)


def test_programs_in_other_languages_publish(bus: Bus) -> None:
    bus.start_worker()
    event = json.dumps({"circle_name": bus.room, "agent_id": bus.robo, "content": "From a shell"})
    cli = Path(sys.executable).with_name("redis-cli")
    command = [cli, "-p", str(bus.redis.port), "-a", bus.redis.password, "--no-auth-warning"]
    subprocess.run([*command, "XADD", STREAM, "*", "type", "agent.message", "data", event], check=True)
    event = json.dumps({"circle_name": bus.room, "agent_id": bus.robo, "content": "From Node"})
    program = [NODE, PROGRAMS / "publish.mjs", bus.redis.url, "agent.message", event, "deploy-17"]
    for _ in range(2):  # the same id: a program may publish until it is sure
        subprocess.run(program, check=True)
    until(lambda: len(bus.said()) >= 2 and bus.idle())
    assert bus.said() == ["From a shell", "From Node"]


def test_a_program_tells_of_a_file_that_it_changed(bus: Bus, tmp_path: Path) -> None:
    bus.start_worker()
    (tmp_path / "code").mkdir()
    workspace: int = bus.hand("make_workspace", bus.room, str(tmp_path / "code"))
    (tmp_path / "code" / "app.py").write_text("print()")
    event = json.dumps({"workspace_id": workspace, "path": "app.py", "agent_id": bus.robo})
    subprocess.run(
        [NODE, PROGRAMS / "publish.mjs", bus.redis.url, "workspace.file_changed", event], check=True
    )
    until(lambda: bus.hand("head", f"workspaces.{workspace}") > 0)
    (frame,) = bus.hand("events", f"workspaces.{workspace}")
    assert (frame["type"], frame["data"]["path"], frame["data"]["actor"]) == (
        "file_created",
        "app.py",
        "robo",
    )


def test_workers_that_are_killed_neither_lose_nor_repeat(bus: Bus) -> None:
    chance = random.Random(7)
    sent = [f"m{number}" for number in range(120)]
    for content in sent[:60]:
        bus.say(content)
    workers = [bus.start_worker() for _ in range(2)]
    for kill in range(3):
        until(lambda wanted=20 * kill + 1: len(bus.said()) >= wanted)
        victim = chance.choice(workers)
        victim.kill()
        victim.wait()
        workers[workers.index(victim)] = bus.start_worker()
        for content in sent[60 + 20 * kill : 80 + 20 * kill]:
            bus.say(content)
    until(bus.idle)
    assert sorted(bus.said()) == sorted(sent)
    assert bus.letters() == []


def test_a_worker_that_dies_between_commit_and_acknowledgement_repeats_nothing(bus: Bus) -> None:
    bus.say("once")
    bus.hand("work_without_acknowledging", bus.redis.url)
    assert (bus.said(), bus.queue.lag()["in_work"]) == (["once"], 1)
    bus.start_worker()
    until(bus.idle)
    assert bus.said() == ["once"]


def test_an_outage_of_redis_or_of_the_database_costs_nothing(bus: Bus, postgres: Postgres) -> None:
    bus.start_worker()
    bus.say("before")
    until(lambda: bus.said() == ["before"])
    bus.redis.kill()
    bus.redis.start()
    bus.say("after Redis")
    until(lambda: bus.said() == ["before", "after Redis"])
    postgres.stop("immediate")
    bus.say("while the database is away")
    postgres.start()
    until(lambda: len(bus.said()) == 3 and bus.idle())
    assert bus.letters() == []


def test_what_cannot_be_done_is_a_dead_letter_and_holds_up_nothing(bus: Bus) -> None:
    bus.start_worker()
    bus.say("nowhere", circle_name="no-such-circle")
    with redis_client.Redis.from_url(bus.redis.url) as client:
        client.xadd(STREAM, {"type": "agent.message", "data": "not JSON"})
        client.xadd(STREAM, {"type": b"\xff", "data": b"\x00"})
    bus.say("fine")
    until(lambda: bus.said() == ["fine"] and len(bus.letters()) == 3)
    assert [letter["tries"] for letter in bus.letters()] == [1, 1, 1]  # trying again could not help


def test_an_unexpected_failure_is_tried_five_times(bus: Bus) -> None:
    bus.queue.add("tests.fail", "{}")
    bus.start_worker(GATHERING_BUS_MODULES="tests.programs.failing")
    until(lambda: len(bus.letters()) == 1)
    assert bus.letters()[0]["tries"] == 5
    assert "no luck" in str(bus.letters()[0]["error"])


def test_a_worker_ends_in_order_and_the_lag_is_a_figure(bus: Bus) -> None:
    worker = bus.start_worker()
    bus.say("one")
    until(lambda: bus.said() == ["one"])
    worker.terminate()
    assert worker.wait(20) == 0
    bus.say("two")
    done = subprocess.run(
        manage("run_event_bus", "--lag"), env=bus.environment(), capture_output=True, check=True
    )
    assert json.loads(done.stdout) == {"waiting": 1, "in_work": 0, "workers": 0}


def test_without_redis_there_is_no_queue_to_work_off(station: World) -> None:
    embedded = station.environment({"DATABASE_URL": "", "REDIS_URL": ""})
    done = subprocess.run(manage("run_event_bus"), env=embedded, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Without REDIS_URL" in done.stderr


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
