import argparse
import re
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gathering.accounts import tokens
from gathering.accounts.models import User

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def duration(text: str) -> timedelta:
    match = re.fullmatch(r"([1-9][0-9]{0,4})([smhdw])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is no duration; write 90s, 12h or 30d.")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


class Command(BaseCommand):
    help = "Make a token for a person or an agent, and print it: alone, for a script to take."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="of the person or agent")
        parser.add_argument("--expires", type=duration, help="such as 12h or 30d; without it, never")
        parser.add_argument("--label", default="", help="what it is for, at most 100 characters")

    def handle(self, *, name: str, expires: timedelta | None, label: str, **_: Any) -> None:
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is nobody called '{name}'.")
        if not user.is_active:
            raise CommandError(f"'{name}' is not active, so a token would open nothing.")
        if len(label) > 100:
            raise CommandError("A label has at most 100 characters.")
        self.stdout.write(tokens.mint(user, name=label, expires_in=expires)[1])
