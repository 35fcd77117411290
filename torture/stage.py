"""The stage: a hub of several workers with its services, and the crowd that uses it."""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from tests.proxy import Proxy
from tests.servers import ROOT, STEADY, Server, World
from tests.services import Postgres, Redis

from . import clock, wire
from .cast import Cast
from .programs import Program

SETTINGS = STEADY | {
    "GATHERING_HEARTBEAT": str(wire.HEARTBEAT),
    "GATHERING_MAX_UNREAD": "65536",
    "GATHERING_STALL_TIMEOUT": "5",
}
WORKER = (sys.executable, "-m", "torture.worker")


class Worker(Server):
    """A web worker whose clock can jump; ``launcher`` is what starts it."""

    name = "worker"

    def __init__(self, server: str, world: World, launcher: Sequence[str]) -> None:
        super().__init__(server, world.environment(SETTINGS), world.directory)
        self.log = world.directory / f"worker-{self.port}.log"  # which outlives the worker
        self.clock = self.directory / "clock"
        self._launcher = launcher
        clock.shift(self.clock, 0)

    def _spawn(self) -> subprocess.Popen[bytes]:
        serve = ["serve", "--server", self.server, "--port", str(self.port)]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*self._launcher, str(self.clock), *serve],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


class Stage:
    """Everything that runs, from ``async with`` to its end.

    ``redis`` and ``postgres`` may be given; in the full mode those that are not are started here.
    """

    def __init__(
        self,
        mode: str,
        cast: Cast,
        *,
        redis: Redis | None = None,
        postgres: Postgres | None = None,
        launcher: Sequence[str] = WORKER,
    ) -> None:
        self.mode = mode
        self.redis, self.postgres = redis, postgres
        self.directory = Path(tempfile.mkdtemp(prefix="gathering-torture-"))
        self.workers: list[Worker] = []
        self.proxies: list[Proxy] = []
        self.publishers: list[Program] = []
        self.clients: list[Program] = []
        self._cast = cast
        self._launcher = launcher
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await asyncio.to_thread(self._serve)
            self.proxies = [
                await self._stack.enter_async_context(Proxy(worker.port)) for worker in self.workers
            ]
            await asyncio.to_thread(self._let_in)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for program in self.programs:
            program.kill()
        await self._stack.aclose()

    @property
    def programs(self) -> list[Program]:
        return [*self.publishers, *self.clients]

    def alone(self, target: object) -> asyncio.Lock:
        """Held by a fault while it breaks and mends ``target``: two at a time would mend each other's."""
        return self._locks[id(target)]

    async def hand(self, tool: str, *args: Any, **options: Any) -> Any:
        """What a tool of ``tests/hand_tools.py`` answers, in a process beside the workers."""
        async with self.alone(self.world.hand):
            return await asyncio.to_thread(self.world.hand, tool, *args, **options)

    def forget(self) -> None:
        """Remove all files."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def _serve(self) -> None:
        """Start the services and the workers."""
        url = ""
        if self.mode == "full":
            self.redis = self.redis or self._stack.enter_context(Redis())
            self.postgres = self.postgres or self._stack.enter_context(Postgres())
            url = self.postgres.create_database(f"torture_{random.getrandbits(32):x}")
        self.world = World("uvicorn", self.mode, self.directory, self.redis, self.postgres, url)
        self._stack.callback(self.world.close)
        self.workers = [Worker(each, self.world, self._launcher) for each in self._cast.servers]
        self.world.servers += self.workers
        with ThreadPoolExecutor() as pool:
            list(pool.map(Worker.start, self.workers))

    def _let_in(self) -> None:
        """Start the publishers and the clients."""
        ports = [each.port for each in [*self.workers, *self.proxies]]
        self.publishers, self.clients = self._cast.assemble(self.world, ports)
        for program in self.programs:
            program.start()
