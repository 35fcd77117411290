"""``manage.py run_agents``: gives life to the agents that have a provider."""

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from agents.running.runner import Runner


class Command(BaseCommand):
    help = "Answer for the agents that have a provider, until SIGTERM or SIGINT. Several may run."

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        runner = Runner()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, runner.stop)
        self.stderr.write(f"{runner.name} runs agents")
        await runner.run()
