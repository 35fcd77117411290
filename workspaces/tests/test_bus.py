"""What the event bus says of workspaces."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gathering.events import EventBus
from gathering.events.models import DeadLetter
from gathering.hub import log
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


def _publish(workspace: Workspace, **fields: Any) -> None:
    EventBus().publish("workspace.file_changed", {"workspace_id": workspace.pk, **fields})


def _told(workspace: Workspace) -> list[tuple[str, str, str | None]]:
    frames = [json.loads(frame.text) for frame in log.read(workspace.channel, 0)]
    return [(each["type"], each["data"]["path"], each["data"]["actor"]) for each in frames]


def test_a_change_is_told_by_who_made_it(people: SimpleNamespace, workspace: Workspace) -> None:
    Path(workspace.path, "app.py").write_text("print()")
    _publish(workspace, path="app.py", agent_id=people.robo.pk)
    assert _told(workspace) == [("file_created", "app.py", "robo")]


def test_what_has_not_changed_is_not_told(workspace: Workspace) -> None:
    Path(workspace.path, "app.py").write_text("print()")
    for _ in range(2):
        _publish(workspace, path="app.py")
    assert _told(workspace) == [("file_created", "app.py", None)]


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../b", ""])
def test_no_path_leaves_the_workspace(workspace: Workspace, path: str) -> None:
    _publish(workspace, path=path)
    assert _told(workspace) == []
    assert DeadLetter.objects.count() == 1


def test_a_workspace_that_is_not_there_is_a_dead_letter(workspace: Workspace) -> None:
    _publish(Workspace(pk=workspace.pk + 1), path="app.py")
    assert "There is no workspace" in DeadLetter.objects.get().error
