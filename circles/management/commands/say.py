"""``manage.py say <circle> <text>``: post from the command line."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from circles import actions
from circles.serializers import PostSerializer
from gathering.accounts.models import User
from gathering.hub import receipts
from gathering.hub.kinds import first_problem
from gathering.protocol.errors import GatheringError


class Command(BaseCommand):
    help = "Post to a circle; prints the seq of the message. '-' reads the text from standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("circle")
        parser.add_argument("text", nargs="+")
        parser.add_argument("--as", dest="name", help="who speaks (an owner of the circle, if not said)")
        parser.add_argument("--id", help="said once, however often the command is run with this id")

    def handle(self, *args: Any, **options: Any) -> None:
        circle = options["circle"]
        text = sys.stdin.read() if options["text"] == ["-"] else " ".join(options["text"])
        post = PostSerializer(data={"content": text})
        if not post.is_valid():
            raise CommandError(": ".join(first_problem(post.errors)))
        user = self._speaker(circle, options["name"])
        try:
            outcome = receipts.perform(
                user.pk,
                options["id"],
                lambda: actions.post_message(user, circle, **post.validated_data),
            )
        except GatheringError as error:
            raise CommandError(f"{error.code}: {error}") from None
        self.stdout.write(str(outcome.seq))

    def _speaker(self, circle: str, name: str | None) -> User:
        users = User.objects.filter(is_active=True)
        if name is not None:
            speaker = users.filter(username=name).first()
        else:
            owners = users.filter(memberships__circle__name=circle, memberships__role="owner")
            speaker = owners.order_by("memberships__joined_at").first()
        if speaker is None:
            raise CommandError(f"There is nobody to speak: no '{name or 'owner of ' + circle}'.")
        return speaker
