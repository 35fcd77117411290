"""``manage.py demo``: something to look at, made once."""

import json
import os
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from agents import actions as agents
from agents.models import Agent
from circles import actions as circles
from circles.models import Circle
from gathering.accounts import tokens
from gathering.accounts.models import User
from gathering.management import example
from workspaces.actions import add_workspace

CIRCLE = "dev-team"
TALK = [
    ("ada", "Good morning. @scout, which of the open pull requests waits the longest?"),
    ("scout", "The one that adds Server-Sent Events: open for six days, and its checks are green."),
    ("bob", "I can read it today."),
    ("robo", "I ran its tests on a fresh clone: 41 passed, none failed."),
    ("ada", "Thank you, both. @bob, it is yours then."),
]


class Command(BaseCommand):
    help = "Make the demo data unless there is some, and print how to get in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default="http://127.0.0.1:8000")

    def handle(self, *args: Any, **options: Any) -> None:
        if not Circle.objects.filter(name=CIRCLE).exists() and not User.objects.exists():
            _remember(_make())
        self._print(options["url"])

    def _print(self, url: str) -> None:
        try:
            known = json.loads(_notes().read_text())
        except (OSError, ValueError):
            self.stdout.write(f"GatheRing: {url} (no demo data was made here)")
            return
        self.stdout.write(
            f"GatheRing  {url}\n"
            f"  sign in  {url}/signin/ as {known['login']} with {known['password']}\n"
            f"  token    {known['token']}\n"
            f"  circle   {url.replace('http', 'ws', 1)}/ws/circles/{CIRCLE}?token={known['token']}\n"
            f"  files    {known.get('directory', '-')}: change something there, and see it told\n"
            f"  API      {url}/api/docs/"
        )


@transaction.atomic
def _make() -> dict[str, str]:
    password = secrets.token_urlsafe(9)
    ada = User.objects.create_superuser("ada", password, display_name="Ada")
    users = {"ada": ada, "bob": User.objects.create_user("bob", display_name="Bob")}
    circle = circles.create_circle(ada, CIRCLE, "Dev team", "Where the team and its agents work.")
    for name, about in (("robo", "Runs tests."), ("scout", "Looks things up.")):
        users[name] = agents.create_agent(ada, name, name.capitalize(), about).user
    for name in ("bob", "robo", "scout"):
        circles.add_member(ada, CIRCLE, name)
    for name, content in TALK:
        circles.post_message(users[name], CIRCLE, content)
    Agent.objects.update(provider="scripted")  # only now: they do not answer what was said before
    directory = Path(settings.GATHERING_DATA_DIR) / "demo"
    if not directory.exists():
        example.make(directory)
    add_workspace(circle, str(directory), "Greeter")
    _, token = tokens.mint(ada, name="demo")
    return {"login": "ada", "password": password, "token": token, "directory": str(directory)}


def _notes() -> Path:
    return Path(settings.GATHERING_DATA_DIR) / "demo.json"


def _remember(known: dict[str, str]) -> None:
    """Keep what cannot be shown again, readable by its owner alone."""
    with open(os.open(_notes(), os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        json.dump(known, file)
