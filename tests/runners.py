"""``manage.py run_agents`` as a process for tests."""

import psutil

from tests.servers import Command, World

HASTY = {"GATHERING_AGENT_LEASE": "4", "GATHERING_LLM_TIMEOUT": "60"}


class Runner(Command):
    """One process that runs the agents of a world; ``start`` returns once it looks for errands."""

    def __init__(self, world: World, models: str, **settings: str) -> None:
        there = {"GATHERING_LLM_ENDPOINTS": f"local={models}", "no_proxy": "*"}
        super().__init__(world, "run_agents", "runs agents", {**HASTY, **there, **settings})

    def pause(self) -> None:
        psutil.Process(self.pid).suspend()

    def resume(self) -> None:
        psutil.Process(self.pid).resume()
