from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gathering.accounts import tokens
from gathering.accounts.models import Token, User


class Command(BaseCommand):
    help = "Revoke one token of a person or an agent, or all; what lives on them is closed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="of the person or agent")
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--all", action="store_true", help="every token of theirs")
        which.add_argument("--id", help="as the admin and GET /api/tokens/ show it")

    def handle(self, *, name: str, id: str | None, **_: Any) -> None:
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is nobody called '{name}'.")
        count = tokens.revoke_all(user) if id is None else self._revoke(user, id)
        if count == 0:
            raise CommandError(f"'{name}' has no such token.")
        self.stdout.write(f"Revoked {count} token{'s' * (count > 1)} of {name}.")

    def _revoke(self, user: User, public_id: str) -> int:
        found = [each for each in Token.objects.filter(user=user) if each.public_id == public_id]
        for token in found:
            tokens.revoke(token)
        return len(found)
