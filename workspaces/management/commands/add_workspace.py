"""``manage.py add_workspace <circle> <path>``: have a directory watched, for a circle."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from circles.models import Circle
from workspaces import actions


class Command(BaseCommand):
    help = "Make a directory of this server a workspace of a circle; prints its id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("circle")
        parser.add_argument("path")
        parser.add_argument("--title", help="the name of the directory, if not said")
        parser.add_argument("--ignore", action="append", default=[], metavar="PATTERN")
        parser.add_argument("--trusted", action="store_true", help="its git may run filters")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["path"]).absolute()
        circle = Circle.objects.filter(name=options["circle"]).first()
        if circle is None:
            raise CommandError(f"There is no circle '{options['circle']}'.")
        if not path.is_dir():
            raise CommandError(f"There is no directory {path}.")
        about = {"ignore": "\n".join(options["ignore"]), "trusted": options["trusted"]}
        try:
            made = actions.add_workspace(circle, str(path), options["title"] or path.name, **about)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(str(made.pk))
