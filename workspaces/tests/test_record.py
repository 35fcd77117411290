"""Changes that are recorded: the rows, and what is told of them."""

from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from django.db import transaction

from gathering.hub import log
from workspaces import actions
from workspaces.models import Workspace
from workspaces.picture import Change, Entry, Kind, What

FOLDER = Entry(Kind.FOLDER, 0, 0, 1)
FILE = Entry(Kind.FILE, 5, 1_700_000_000_000_000_000, 2, "ab" * 32)


def _created(path: str, entry: Entry = FILE) -> Change:
    return Change(What.CREATED, path, entry)


def _told(workspace: Workspace, since: int = 0) -> list[Any]:
    return [orjson.loads(frame.text) for frame in log.read(workspace.channel, since)]


def test_a_change_is_written_and_told_in_one_transaction(
    people: SimpleNamespace, workspace: Workspace
) -> None:
    actions.record(workspace, [_created("a.txt")], people.robo)
    (event,) = _told(workspace)
    assert event["type"] == "file_created"
    assert event["data"] == {
        "workspace_id": workspace.pk,
        "path": "a.txt",
        "old_path": None,
        "kind": "file",
        "is_dir": False,
        "size": 5,
        "mtime": 1_700_000_000.0,
        "hash": "ab" * 32,
        "batch": event["data"]["batch"],
        "actor": "robo",
    }
    assert workspace.files.pictured() == {"a.txt": FILE}


def test_a_folder_that_moves_takes_all_along_and_nothing_else(workspace: Workspace) -> None:
    paths = ["src/a", "src/deep/b", "src2/c", "Src/d"]
    folders = [_created(path, FOLDER) for path in ("src", "src/deep", "src2", "Src")]
    actions.record(workspace, [*folders, *map(_created, paths)])
    actions.record(workspace, [Change(What.MOVED, "lib/x", FOLDER, "src")])
    assert set(workspace.files.pictured()) == {
        *("lib/x", "lib/x/a", "lib/x/deep", "lib/x/deep/b"),
        *("src2", "src2/c", "Src", "Src/d"),
    }
    rows = dict(workspace.files.values_list("path", "folder"))
    assert (rows["lib/x"], rows["lib/x/a"], rows["lib/x/deep/b"]) == ("lib", "lib/x", "lib/x/deep")
    assert _told(workspace)[-1]["data"]["old_path"] == "src"


def test_a_storm_is_told_in_one_event(workspace: Workspace) -> None:
    changes = [_created(f"f{number}") for number in range(3000)]
    actions.record(workspace, changes)
    (event,) = _told(workspace)
    assert event["type"] == "files_changed"
    assert event["data"]["counts"] == {"created": 3000, "changed": 0, "deleted": 0, "moved": 0}
    assert event["data"]["sample"][:2] == ["f0", "f1"]
    assert workspace.files.count() == 3000


def test_what_was_compared_with_an_older_picture_is_refused(workspace: Workspace) -> None:
    other = Workspace.objects.get(pk=workspace.pk)
    actions.record(other, [_created("a")])
    with pytest.raises(actions.PictureMoved):
        actions.record(workspace, [_created("b")])
    assert set(workspace.files.pictured()) == {"a"}
    assert len(_told(workspace)) == 1


def test_a_picture_that_is_rolled_back_was_never_told(workspace: Workspace) -> None:
    with transaction.atomic():
        actions.record(workspace, [_created("a")])
        transaction.set_rollback(True)
    assert not workspace.files.exists()
    assert not _told(workspace)


def test_a_row_cannot_be_changed_by_hand(workspace: Workspace) -> None:
    actions.record(workspace, [_created("a")])
    row = workspace.files.get()
    with pytest.raises(TypeError):
        row.save()
    with pytest.raises(TypeError):
        row.delete()


def test_a_state_is_told_once(workspace: Workspace) -> None:
    workspace.state, workspace.note = Workspace.State.MISSING, "There is no such directory."
    workspace.save()
    workspace.save()
    (event,) = _told(workspace)
    assert (event["type"], event["data"]["state"]) == ("workspace_status", "missing")
