"""``manage.py run_event_bus``: works off what was published on the event bus."""

import json
import signal
from argparse import ArgumentParser
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gathering.events.queue import connect
from gathering.events.worker import Worker


class Command(BaseCommand):
    help = "Work off the event bus until told to stop; any number of these may run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--lag", action="store_true", help="print how far it lags behind, as JSON, and end"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.REDIS_URL:
            raise CommandError("Without REDIS_URL handlers run in the process that publishes.")
        if options["lag"]:
            self._print_lag()
            return
        worker = Worker(connect(), settings.GATHERING_BUS_RETRY)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        self.stderr.write(f"The event bus is worked by {worker.name}")
        worker.run()

    def _print_lag(self) -> None:
        try:
            self.stdout.write(json.dumps(connect().lag()))
        except redis.RedisError as error:
            raise CommandError(f"Redis is away: {error}") from error
