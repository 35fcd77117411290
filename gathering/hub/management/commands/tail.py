"""``manage.py tail <stream>``: what happens on a stream, as it happens."""

import sys
import time
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, connection

from gathering.hub import kinds, log
from gathering.hub.frame import Frame
from gathering.protocol.cursor import parse_since, why_refused
from gathering.protocol.errors import GatheringError


class Command(BaseCommand):
    help = "Print the events of a stream, those to come included, until it is interrupted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stream", help="such as circles.dev-team")
        parser.add_argument("--since", help="print what came after this seq first")
        parser.add_argument("--json", action="store_true", help="one JSON envelope on a line")
        parser.add_argument("--no-follow", action="store_true", help="stop at the head")

    def handle(self, *args: Any, **options: Any) -> None:
        channel = options["stream"]
        try:
            kinds.of(channel)
            cursor = self._start(channel, options["since"])
        except GatheringError as error:
            raise CommandError(str(error)) from None
        try:
            self._follow(channel, cursor, as_json=options["json"], once=options["no_follow"])
        except (KeyboardInterrupt, BrokenPipeError):
            sys.exit(0)

    def _start(self, channel: str, asked: str | None) -> int:
        position = log.heads([channel]).get(channel)
        if position is None:
            raise CommandError(f"There is no stream '{channel}' yet.")
        since = parse_since(asked)
        if since is not None and (reason := why_refused(since, position)):
            raise CommandError(
                f"{since.seq} is {reason}: retained are {position.floor + 1} to {position.head}."
            )
        return since.seq if since else position.head

    def _follow(self, channel: str, cursor: int, *, as_json: bool, once: bool) -> None:
        while True:
            page = self._read(channel, cursor)
            for frame in page:
                self.stdout.write(frame.text if as_json else _line(frame.text))
                cursor = frame.seq or cursor
            self.stdout.flush()
            if not page and once:
                return
            if not page:
                time.sleep(settings.GATHERING_POLL)

    def _read(self, channel: str, cursor: int) -> list[Frame]:
        try:
            return log.read(channel, cursor)
        except (OperationalError, InterfaceError) as error:
            self.stderr.write(f"the database is away: {error}")
            connection.close()
            time.sleep(1)
            return []


def _line(text: str) -> str:
    """An event for people: when, which, what kind, who and what."""
    event = orjson.loads(text)
    data = event["data"]
    moment = datetime.fromisoformat(event["timestamp"]).astimezone()
    who = data.get("sender") or data.get("agent") or data.get("user") or ""
    what = data.get("content") or data.get("status") or data.get("path") or data.get("role") or ""
    return f"{moment:%H:%M:%S} {event['seq']:>6} {event['type']:<14} {_safe(who)}: {_safe(what)}"


def _safe(text: object) -> str:
    """Text without control characters, which could steer the terminal that shows it."""
    return "".join(c if c.isprintable() else " " for c in str(text))
