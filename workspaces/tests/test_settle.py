"""What happens on a disk, and the picture after it; each case is told as one would tell it."""

import os
import random
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from gathering.hub import log
from workspaces import actions, compare
from workspaces.compare import WHOLE
from workspaces.disk import Disk
from workspaces.models import Workspace

from .disturbing import Disturber


@pytest.fixture
def root(workspace: Workspace) -> Path:
    """The directory of the workspace, with something in it that is known."""
    root = Path(workspace.path)
    for path in ("a.txt", "src/main.py", "src/deep/er.py"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    actions.settle(workspace, (), [WHOLE])
    return root


def _told(workspace: Workspace, *touched: str, renewed: tuple[str, ...] = ()) -> list[str]:
    """What is told when ``touched`` is settled."""
    since = log.position(workspace.channel).head
    actions.settle(workspace, touched, renewed)
    assert workspace.files.pictured() == fresh(workspace)
    events = [orjson.loads(frame.text) for frame in log.read(workspace.channel, since)]
    return [" ".join(filter(None, (e["type"], e["data"]["old_path"], e["data"]["path"]))) for e in events]


def fresh(workspace: Workspace) -> dict[str, Any]:
    with Disk(workspace.path, workspace.ignore, 1 << 20) as disk:
        return {path: disk.digested(path, entry) for path, entry in disk.walk()}


def test_a_new_folder_is_walked(workspace: Workspace, root: Path) -> None:
    (root / "new/x/y").mkdir(parents=True)
    (root / "new/x/y/z").write_text("z")
    assert _told(workspace, "new") == [
        "file_created new",
        "file_created new/x",
        "file_created new/x/y",
        "file_created new/x/y/z",
    ]


def test_a_file_in_a_folder_that_nobody_told_of(workspace: Workspace, root: Path) -> None:
    (root / "new").mkdir()
    (root / "new/z").write_text("z")
    assert _told(workspace, "new/z") == ["file_created new", "file_created new/z"]


def test_a_file_whose_folder_went_with_it(workspace: Workspace, root: Path) -> None:
    shutil.rmtree(root / "src")
    assert _told(workspace, "src/deep/er.py") == [
        "file_deleted src/main.py",
        "file_deleted src/deep/er.py",
        "file_deleted src/deep",
        "file_deleted src",
    ]


def test_a_folder_that_was_renamed_is_one_event(workspace: Workspace, root: Path) -> None:
    (root / "src").rename(root / "lib")
    assert _told(workspace, "src", "lib") == ["file_moved src lib"]


def test_an_atomic_save_is_one_change(workspace: Workspace, root: Path) -> None:
    (root / ".a.txt.swp").write_text("new")
    os.replace(root / ".a.txt.swp", root / "a.txt")
    assert _told(workspace, ".a.txt.swp", "a.txt") == ["file_changed a.txt"]


def test_a_write_that_leaves_size_and_time_alone_is_noticed(workspace: Workspace, root: Path) -> None:
    before = (root / "a.txt").stat()
    (root / "a.txt").write_text("A.TXT")
    os.utime(root / "a.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert _told(workspace, "a.txt") == ["file_changed a.txt"]


def test_a_folder_that_was_made_again_with_the_same_inode(workspace: Workspace, root: Path) -> None:
    shutil.rmtree(root / "src/deep")
    (root / "src/deep").mkdir()
    (root / "src/deep/other.py").write_text("x")
    told = _told(workspace, renewed=("src/deep",))
    assert {"file_deleted src/deep/er.py", "file_created src/deep/other.py"} <= set(told)


def test_what_becomes_ignored_goes_and_comes_back(workspace: Workspace, root: Path) -> None:
    (root / "src/.gitignore").write_text("deep/\n")
    gone = ["file_deleted src/deep/er.py", "file_deleted src/deep", "file_created src/.gitignore"]
    assert _told(workspace, "src/.gitignore") == gone
    (root / "src/.gitignore").unlink()
    back = ["file_deleted src/.gitignore", "file_created src/deep", "file_created src/deep/er.py"]
    assert _told(workspace, "src/.gitignore") == back


def test_links_are_seen_and_not_followed(workspace: Workspace, root: Path, tmp_path_factory: Any) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret").write_text("x")
    (root / "loop").symlink_to(".")
    (root / "out").symlink_to(outside)
    assert _told(workspace, "loop", "out", "out/secret", "loop/a.txt") == [
        "file_created loop",
        "file_created out",
    ]


def test_a_folder_that_a_link_has_replaced_shows_nothing_of_outside(
    workspace: Workspace, root: Path, tmp_path_factory: Any
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "main.py").write_text("secret")
    shutil.rmtree(root / "src")
    (root / "src").symlink_to(outside)
    assert _told(workspace, "src/main.py")[-1] == "file_created src"
    assert not workspace.files.filter(path__startswith="src/").exists()


def test_pipes_are_seen_and_not_opened(workspace: Workspace, root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert _told(workspace, "pipe") == ["file_created pipe"]
    assert workspace.files.get(path="pipe").kind == "other"


def test_names_that_are_no_text(workspace: Workspace, root: Path) -> None:
    for name in (b"\xff\xfe", b"new\nline", "ü".encode(), b"back\\slash"):
        (root / os.fsdecode(name)).write_text("x")
    _told(workspace, renewed=(WHOLE,))
    paths = set(workspace.files.filter(folder="").values_list("path", flat=True))
    assert paths == {"a.txt", "src", "\\xff\\xfe", "new\nline", "ü", "back\\\\slash"}


def test_a_path_that_is_too_long_is_passed_over(workspace: Workspace, root: Path) -> None:
    deep = root
    for _ in range(6):
        deep = deep / ("d" * 200)
        deep.mkdir()
    _told(workspace, renewed=(WHOLE,))
    assert workspace.files.count() == 4 + 4 + 1


def test_what_is_written_through_the_api_is_told_once(
    people: SimpleNamespace, workspace: Workspace, root: Path
) -> None:
    with actions.held(people.robo, str(workspace.pk)) as held:
        (root / "a.txt").write_text("by Robo")
        actions.record(held, compare.changes(held, ["a.txt"]), people.robo)
    assert _told(workspace, "a.txt") == []
    event = orjson.loads(log.read(workspace.channel, log.position(workspace.channel).head - 1)[0].text)
    assert (event["type"], event["data"]["actor"]) == ("file_changed", "robo")


@pytest.mark.parametrize("seed", range(4))
def test_what_nobody_has_told_of_is_found_folder_by_folder(
    seed: int, workspace: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "FOLDERS", 2)
    disturber = Disturber(random.Random(seed), root)
    for _ in range(4):
        disturber.disturb(12)
        actions.settle(workspace, (), compare.differing(workspace))
        assert workspace.files.pictured() == fresh(workspace)
        assert compare.differing(workspace) == set()


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_the_picture_is_the_disk_at_the_end(seed: int, workspace: Workspace) -> None:
    disturber = Disturber(random.Random(seed), Path(workspace.path))
    for _ in range(4):
        touched = disturber.disturb(12)
        actions.settle(workspace, (), touched)
        assert workspace.files.pictured() == fresh(workspace)
