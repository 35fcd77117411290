"""``manage.py watch_workspaces``: notice what happens in the directories of all workspaces."""

import signal
from typing import Any

from django.core.management.base import BaseCommand

from workspaces.watching.watcher import Watcher


class Command(BaseCommand):
    requires_system_checks = []  # they import all of REST, 7 MB; whoever serves has made them
    help = "Watch the directories of all workspaces, and tell of what happens in them."

    def handle(self, *args: Any, **options: Any) -> None:
        watcher = Watcher()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: watcher.stop())
        self.stderr.write("watching all workspaces")
        watcher.run()
