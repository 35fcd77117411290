"""Whom the benchmark compares: how each is started, and how a client reaches it.

Whoever is measured runs on one core.  The load generator, Redis, PostgreSQL and whatever process posts
on a contestant's behalf have the other cores.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from tests.processes import HOST, free_port
from tests.servers import ROOT, World, manage
from tests.services import Postgres, Redis

PEERS = Path(__file__).parent / "peers"
BUILD = Path(__file__).parent / "build"
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES, OTHER_CORES = set(CORES[:1]), set(CORES[1:] or CORES)
UNLIMITED = {"GATHERING_FRAME_RATE": "0", "GATHERING_MAX_SOCKETS": "0"}
PLAIN = '{"type":"user_message","data":{"content":"%s"},"timestamp":"2026-01-31T12:00:00.123456Z"}'
MISSED = 10_000  # events that a client has missed when it resumes
SIZE = 250  # bytes of a message as a subscriber gets it, more or less


def _content(size: int) -> str:
    """A text of about ``size`` characters, with the 18 of the generator's mark in it."""
    return "%m " + "x" * (size - 19)


@dataclass
class Stage:
    """What runs while one contestant is measured; all of it ends with the stage."""

    directory: Path
    redis: Redis
    postgres: Postgres
    stack: ExitStack

    def start(self, *command: str, on: set[int], environment: dict[str, str] | None = None) -> psutil.Process:
        """Run ``command`` on the cores ``on`` until the stage ends."""
        log: IO[bytes] = self.stack.enter_context((self.directory / "log").open("ab"))
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=ROOT,
            preexec_fn=lambda: os.sched_setaffinity(0, on),
        )
        self.stack.callback(_end, process)
        return psutil.Process(process.pid)


@dataclass
class Ready:
    """A contestant that runs: where to join and to post, and whose CPU time and memory count."""

    measured: list[psutil.Process]
    port: int
    path: str
    template: str
    flags: list[str] = field(default_factory=list)
    post_port: int = 0
    posting: list[psutil.Process] = field(default_factory=list)
    acks: str = ""  # the template with an id, where posts are acknowledged
    replay: str = ""  # a path that replays ``MISSED`` events

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self.measured]

    @property
    def rss(self) -> int:
        """Resident bytes of what is measured."""
        return sum(process.memory_info().rss for process in self.measured)


@dataclass(frozen=True)
class Contestant:
    """``ours`` says whether it has a log, tokens and acknowledgements."""

    name: str
    title: str
    ours: bool = False

    @contextmanager
    def running(self, directory: Path, redis: Redis, postgres: Postgres) -> Iterator[Ready]:
        with ExitStack() as stack:
            directory.mkdir(parents=True)
            stage = Stage(directory, redis, postgres, stack)
            ready = STARTS[self.name](stage)
            _wait_until_open({ready.port, ready.post_port or ready.port})
            yield ready


# ---------------------------------------------------------------- ours


def _world(stage: Stage, backend: str) -> World:
    database = stage.postgres.create_database(f"bench_{stage.directory.name}") if backend == "full" else ""
    redis = stage.redis if backend == "full" else None
    world = World("uvicorn", backend, stage.directory, redis, stage.postgres, database)
    stage.stack.callback(world.close)
    return world


def _ours(stage: Stage, backend: str, command: list[str] | None = None, workers: int = 1) -> Ready:
    """Two servers on one database in full mode: the measured one delivers, the other takes the posts."""
    world = _world(stage, backend)
    port, post_port = free_port(), free_port()
    environment = world.environment(UNLIMITED)
    serve = command or manage("serve", "--workers", str(workers))
    measured = stage.start(*serve, "--port", str(port), on=SERVER_CORES, environment=environment)
    posting = []
    if backend == "full":
        poster = manage("serve", "--port", str(post_port))
        posting = [stage.start(*poster, on=OTHER_CORES, environment=environment)]
    _wait_until_open({port, post_port} if posting else {port})
    world.hand("make_circle", "hot")
    world.hand("make_circle", "past")
    world.hand("post", "bob", "past", MISSED, SIZE - 190)
    content, token = _content(SIZE - 190), world.tokens["ada"]
    return Ready(
        _with_children(measured),
        port,
        "/ws/circles/hot",
        f'{{"type":"user_message","content":"{content}"}}',
        ["--header", f"Authorization: Bearer {token}", "--post-header", f"Authorization: Bearer {token}"],
        post_port if posting else 0,
        posting,
        acks=f'{{"type":"user_message","id":"%i","content":"{content}"}}',
        replay="/ws/circles/past?since=0",
    )


def _uvicorn_plain(stage: Stage) -> Ready:
    uvicorn = [sys.executable, "-m", "uvicorn", "gathering.asgi:application", "--loop", "uvloop"]
    return _ours(stage, "full", [*uvicorn, "--ws-ping-interval", "0", "--no-access-log"])


# ---------------------------------------------------------------- the others


def _raw(stage: Stage) -> Ready:
    return _single(stage, str(BUILD / "raw"))


def _node_ws(stage: Stage) -> Ready:
    return _single(stage, "node", str(PEERS / "node_ws.mjs"))


def _connection_manager(stage: Stage) -> Ready:
    return _single(stage, sys.executable, str(PEERS / "connection_manager.py"))


def _single(stage: Stage, *command: str) -> Ready:
    port = free_port()
    process = stage.start(*command, str(port), on=SERVER_CORES)
    return Ready([process], port, "/ws/circles/hot", PLAIN % _content(SIZE - 91))


def _socket_io(stage: Stage) -> Ready:
    return _pair(stage, "node", str(PEERS / "socket_io.mjs"))


def _python_socketio(stage: Stage) -> Ready:
    return _pair(stage, sys.executable, str(PEERS / "python_socketio.py"))


def _pair(stage: Stage, *command: str) -> Ready:
    """Two processes that share a room through Redis: one delivers and is measured, one takes the posts."""
    port, post_port = free_port(), free_port()
    measured = stage.start(*command, str(port), stage.redis.url, on=SERVER_CORES)
    posting = stage.start(*command, str(post_port), stage.redis.url, on=OTHER_CORES)
    message = PLAIN % _content(SIZE - 105)
    path = "/socket.io/?EIO=4&transport=websocket"
    return Ready([measured], port, path, f'42["message",{message}]', ["--engineio"], post_port, [posting])


STARTS = {
    "full": lambda stage: _ours(stage, "full"),
    "full-2": lambda stage: _ours(stage, "full", workers=2),
    "full-plain": _uvicorn_plain,
    "full-daphne": lambda stage: _ours(stage, "full", manage("serve", "--server", "daphne")),
    "embedded": lambda stage: _ours(stage, "embedded"),
    "raw": _raw,
    "node-ws": _node_ws,
    "connection-manager": _connection_manager,
    "socket-io": _socket_io,
    "python-socketio": _python_socketio,
}
CONTESTANTS = [
    Contestant("full", "GatheRing: serve, PostgreSQL and Redis", ours=True),
    Contestant("full-2", "the same with 2 workers", ours=True),
    Contestant("embedded", "GatheRing: serve, SQLite alone, posts in the same process", ours=True),
    Contestant("full-plain", "GatheRing on plain uvicorn, PostgreSQL and Redis", ours=True),
    Contestant("full-daphne", "GatheRing on Daphne, PostgreSQL and Redis", ours=True),
    Contestant("raw", "a C program that writes a prebuilt frame"),
    Contestant("node-ws", "node ws"),
    Contestant("connection-manager", "the document's ConnectionManager (FastAPI, uvicorn)"),
    Contestant("socket-io", "Socket.IO with the Redis adapter"),
    Contestant("python-socketio", "python-socketio with Redis"),
]


def _with_children(process: psutil.Process) -> list[psutil.Process]:
    """``process`` and, where it has workers, those."""
    return [process, *process.children(recursive=True)]


def _wait_until_open(ports: set[int]) -> None:
    end = time.monotonic() + 30
    for port in ports:
        while True:
            try:
                socket.create_connection((HOST, port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > end:
                    raise RuntimeError(f"nothing answers on port {port}") from None
                time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
