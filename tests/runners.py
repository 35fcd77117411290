"""``manage.py run_agents`` as a process for tests."""

import subprocess
import sys
from pathlib import Path

import psutil

from tests.processes import Service
from tests.servers import World, manage

HASTY = {"GATHERING_AGENT_LEASE": "2", "GATHERING_LLM_TIMEOUT": "3"}


class Runner(Service):
    """One process that runs the agents of a world; ``start`` returns once it looks for errands."""

    name = "runner"

    def __init__(self, world: World, models: str, **settings: str) -> None:
        super().__init__(world.directory)
        there = {"GATHERING_LLM_ENDPOINTS": f"local={models}", "no_proxy": "*"}
        self._environment = world.environment({**HASTY, **there, **settings})
        self._starts = 0

    def pause(self) -> None:
        psutil.Process(self.pid).suspend()

    def resume(self) -> None:
        psutil.Process(self.pid).resume()

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._starts += 1
        with self.log.open("ab") as log:
            return subprocess.Popen(
                manage("run_agents"),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        return self.log.exists() and self.log.read_text().count("runs agents") == self._starts

    def _system_binary(self) -> Path:
        return Path(sys.executable)

    _wheel_binary = _system_binary
