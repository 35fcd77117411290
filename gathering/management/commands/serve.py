"""``manage.py serve``: the server, on uvicorn or Daphne."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import get_commands
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from gathering.management.companions import beside

APPLICATION = "gathering.asgi:application"


class Command(BaseCommand):
    help = "Serve HTTP and WebSockets."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
        parser.add_argument("--workers", type=int, default=1, help="processes (uvicorn only)")
        parser.add_argument("--server", choices=["uvicorn", "daphne"], default="uvicorn")
        parser.add_argument(
            "--with",
            dest="companions",
            action="append",
            default=[],
            metavar="COMMAND",
            help="run this manage.py command beside the server, and again if it dies",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        host, port, workers = options["host"], options["port"], options["workers"]
        if not 0 <= port <= 65535:
            raise CommandError("--port is from 0 to 65535.")
        if workers < 1 or (workers > 1 and options["server"] == "daphne"):
            raise CommandError("--workers is at least 1, and Daphne serves with one process only.")
        self.stderr.write(f"GatheRing serves on {host} port {port} with {options['server']}")
        unknown = {each.split()[0] for each in options["companions"]} - set(get_commands())
        if unknown:
            raise CommandError(f"--with: there is no command {', '.join(sorted(unknown))}.")
        with beside(options["companions"]):
            if options["server"] == "daphne":
                _daphne(host, port)
            else:
                _uvicorn(host, port, workers)


def _uvicorn(host: str, port: int, workers: int) -> None:
    from uvicorn import Config

    from gathering.hub.server import FastProtocol, run

    config = Config(
        APPLICATION,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        ws=FastProtocol,
        ws_max_size=settings.GATHERING_MAX_FRAME or sys.maxsize,
        ws_ping_interval=None,  # the heartbeat is ours, and carries the head
        ws_per_message_deflate=False,  # doubles the cost of a delivery, and more
        lifespan="on",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    if not run(config):
        sys.exit(3)


def _daphne(host: str, port: int) -> None:
    from daphne.endpoints import build_endpoint_description_strings

    from gathering.hub.daphne import make_server

    application = import_string("gathering.asgi.application")  # it asks whether Daphne is there
    endpoints = build_endpoint_description_strings(host=host.strip("[]"), port=port)
    make_server(application, endpoints, settings.GATHERING_MAX_FRAME or 2**31 - 1).run()
