"""``manage.py prune_events``: forget what is older than the retention."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from gathering.hub import log, receipts


class Command(BaseCommand):
    help = (
        "Forget events and receipts older than a number of days "
        "(GATHERING_RETENTION_DAYS; 0 keeps them for ever). Prints how many events went."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=float, help="instead of GATHERING_RETENTION_DAYS")
        parser.add_argument("--stream", action="append", help="only this one (may be repeated)")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"] if options["days"] is not None else settings.GATHERING_RETENTION_DAYS
        if days < 0:
            raise CommandError("--days is at least 0.")
        if options["days"] is None and not days:
            self.stderr.write("GATHERING_RETENTION_DAYS is 0: everything is kept.")
            self.stdout.write("0")
            return
        before = timezone.now() - timedelta(days=days)
        channels = options["stream"] or log.channels()
        removed = sum(log.prune(channel, before=before) for channel in channels)
        if not options["stream"]:
            receipts.prune(before=before)
        self.stdout.write(str(removed))
