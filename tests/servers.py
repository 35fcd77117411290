"""Server processes for tests, and the place in which they run: a *world*.

A world is one ASGI server with one backend: a database, perhaps a Redis, and a cast of users.  What
runs in it are real processes on real ports, which end with the world.
"""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import httpx
import psutil

from tests.hand import Hand
from tests.processes import HOST, Service, tail
from tests.services import Postgres, Redis

ROOT = Path(__file__).resolve().parent.parent

# No limit on what a test does with its few users; the hasty server keeps the limits, and soon loses
# its patience.
STEADY = {"GATHERING_FRAME_RATE": "0", "GATHERING_MAX_SOCKETS": "0"}
HASTY = {
    "GATHERING_HEARTBEAT": "0.7",
    "GATHERING_AUTH_TIMEOUT": "0.7",
    "GATHERING_MAX_UNREAD": "65536",
    "GATHERING_STALL_TIMEOUT": "3",
    "GATHERING_MAX_SOCKETS": "5",
    "GATHERING_MAX_SUBSCRIPTIONS": "3",
    "GATHERING_LOG_LEVEL": "DEBUG",
}


class Server(Service):
    """One ``manage.py serve``; ``start`` returns once it answers."""

    name = "server"

    def __init__(self, server: str, environment: dict[str, str], directory: Path) -> None:
        super().__init__(directory)
        self.server = server
        self.environment = environment

    @property
    def http(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://{HOST}:{self.port}"

    @property
    def rss(self) -> int:
        """Resident memory in bytes."""
        return psutil.Process(self.pid).memory_info().rss

    @property
    def open_files(self) -> int:
        return psutil.Process(self.pid).num_fds()

    @property
    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def terminate(self) -> None:
        """SIGTERM, without waiting for the end."""
        psutil.Process(self.pid).terminate()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                manage("serve", "--server", self.server, "--port", str(self.port)),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.http}/api/me/", timeout=5).status_code == 401
        except httpx.HTTPError:
            return False

    def _system_binary(self) -> Path:
        return Path(sys.executable)

    _wheel_binary = _system_binary


class Command(Service):
    """One management command of a world that runs until it is ended; ``start`` returns once it says so."""

    def __init__(self, world: "World", command: str, says: str, settings: dict[str, str]) -> None:
        self.name = command
        super().__init__(world.directory)
        self._command, self._says = command, says
        self._environment = world.environment(settings)
        self._starts = 0

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._starts += 1
        with self.log.open("ab") as log:
            return subprocess.Popen(
                manage(self._command),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        return self.log.exists() and self.log.read_text().count(self._says) == self._starts

    def _system_binary(self) -> Path:
        return Path(sys.executable)

    _wheel_binary = _system_binary


@dataclass
class World:
    """One combination of server and backend; ``hand`` is another process in it, to arrange things."""

    server: str
    backend: str
    directory: Path
    redis: Redis | None = None
    postgres: Postgres | None = None
    database_url: str = ""
    servers: list[Service] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hand = Hand(self.environment(), self.directory / "hand.log")
        try:
            self.tokens: dict[str, str] = self.hand("make_cast")
        except BaseException:
            self.hand.close()
            raise

    @cached_property
    def steady(self) -> Server:
        """The server that most tests share: no limits, long deadlines."""
        return self.serve(STEADY)

    @cached_property
    def hasty(self) -> Server:
        """The server with small limits and short deadlines."""
        return self.serve(HASTY)

    @cached_property
    def spare(self) -> Server:
        """Like the steady one, but it may be found dead: ``start`` it."""
        return self.serve(STEADY)

    @cached_property
    def brisk(self) -> Server:
        """Like the spare one, with a fast heart: a client that missed something soon knows."""
        return self.serve({**STEADY, "GATHERING_HEARTBEAT": "0.5"})

    @cached_property
    def watcher(self) -> Command:
        """The process that watches the workspaces; it may be found dead: ``start`` it."""
        return self.another_watcher()

    def another_watcher(self) -> Command:
        """One more process that watches, or waits for its turn."""
        watcher = Command(self, "watch_workspaces", "watching all workspaces", {})
        self.servers.append(watcher)
        return watcher.start()

    @property
    def both(self) -> list[Server]:
        """Two processes on one database."""
        return [self.steady, self.hasty]

    def serve(self, settings: dict[str, str]) -> Server:
        """One more server process, on the same database."""
        server = Server(self.server, self.environment(settings), self.directory)
        self.servers.append(server)
        return server.start()

    def environment(self, settings: dict[str, str] | None = None) -> dict[str, str]:
        """What a process of this world is started with."""
        foreign = ("GATHERING_", "DATABASE_URL", "REDIS_URL", "DJANGO_")
        mine = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
        mine |= {
            "GATHERING_DATA_DIR": str(self.directory),
            "GATHERING_SECRET_KEY": "kept-by-all-processes-of-this-world-0123456789",
            "PYTHONUNBUFFERED": "1",
        }
        if self.redis is not None:
            mine |= {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis.url}
        return mine | (settings or {})

    def close(self) -> None:
        for server in self.servers:
            server.close()
        self.hand.close()

    def logs(self) -> list[tuple[str, str]]:
        """For each process its title and the end of its log."""
        titles = [(f"log of {server.name} {server.port}", server.log) for server in self.servers]
        return [(title, tail(log)) for title, log in [*titles, ("log of the hand", self.hand.log)]]


def manage(*arguments: str) -> list[str]:
    """The command line of a management command."""
    return [sys.executable, str(ROOT / "manage.py"), *arguments]
