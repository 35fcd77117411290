"""The demo data is made once, and says how to get in each time."""

import json
import stat
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.test import Client

from circles.models import Circle, Message
from gathering.accounts import tokens
from workspaces import git
from workspaces.models import Workspace


def test_it_is_made_once_and_opens_the_door(db: Any, tmp_path: Path, settings: Any, capsys: Any) -> None:
    settings.GATHERING_DATA_DIR = tmp_path
    call_command("demo", "--url", "http://127.0.0.1:8001")
    first = capsys.readouterr().out
    call_command("demo", "--url", "http://127.0.0.1:8001")
    assert capsys.readouterr().out == first
    circle = Circle.objects.get()
    roles = dict(circle.memberships.values_list("user__username", "role"))
    assert (circle.name, roles["ada"], set(roles)) == ("dev-team", "owner", {"ada", "bob", "robo", "scout"})
    assert Message.objects.count() == 5
    workspace = Workspace.objects.get()
    assert (workspace.circle, workspace.path) == (circle, str(tmp_path / "demo"))
    subjects = [commit.subject for commit in git.log(workspace.path).commits]
    assert subjects == ["Show that it greets", "Greet whoever is named", "Say what this is"]
    known = json.loads((tmp_path / "demo.json").read_text())
    assert stat.S_IMODE((tmp_path / "demo.json").stat().st_mode) == 0o600
    assert tokens.verify(known["token"]).user.username == "ada"
    assert known["token"] in first
    assert Client().login(username=known["login"], password=known["password"])


def test_it_leaves_a_hub_in_use_alone(db: Any, tmp_path: Path, settings: Any, capsys: Any) -> None:
    from gathering.accounts.models import User

    settings.GATHERING_DATA_DIR = tmp_path
    User.objects.create_user("somebody")
    call_command("demo")
    assert not Circle.objects.exists()
    assert "no demo data" in capsys.readouterr().out
