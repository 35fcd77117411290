"""The watcher on real directories with real git: what is told is what is there."""

import contextlib
import errno
import os
import random
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from circles.models import Circle
from gathering.accounts.models import User
from gathering.hub import log
from tests.processes import poll
from workspaces.models import Workspace
from workspaces.watching import ears
from workspaces.watching.watcher import Watcher

from .disturbing import Disturber
from .law import Follower, on_disk

pytestmark = pytest.mark.django_db(transaction=True)

SEEDS = int(os.environ.get("WORKSPACE_SEEDS", "3"))  # 50 is the long form
PATIENCE = 60.0


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    User.objects.create_user("ada")
    root = tmp_path / "root"
    root.mkdir()
    made = Workspace(circle=Circle.objects.create(name="team"), title="Code", path=str(root))
    made.save()
    return made


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    made = Watcher()
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.fixture
def root(workspace: Workspace, watcher: Watcher) -> Path:
    """The directory, when it is watched."""
    _until(lambda: Workspace.objects.get(pk=workspace.pk).state == "ok")
    return Path(workspace.path)


def _until(condition: Callable[[], bool]) -> None:
    assert poll(condition, PATIENCE)


def _settled(workspace: Workspace) -> Follower:
    """A client, once what it knows is what is there."""
    follower = Follower(workspace)
    _until(lambda: follower.catch_up() == on_disk(workspace))
    follower.types.clear()
    return follower


def _events(workspace: Workspace, kind: str) -> list[Any]:
    found = [orjson.loads(frame.text) for frame in log.read(workspace.channel, 0, limit=100_000)]
    return [event["data"] for event in found if event["type"] == kind]


def _git(root: Path, *words: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)


def test_what_happened_before_it_began_is_found(workspace: Workspace, request: Any) -> None:
    (Path(workspace.path) / "a.txt").write_text("x")
    request.getfixturevalue("watcher")
    _until(lambda: workspace.files.filter(path="a.txt").exists())


def test_a_save_by_an_editor_is_one_event(workspace: Workspace, root: Path) -> None:
    (root / "a.txt").write_text("old")
    follower = _settled(workspace)
    (root / ".a.txt.tmp").write_text("new")
    os.replace(root / ".a.txt.tmp", root / "a.txt")
    _until(lambda: follower.catch_up() == on_disk(workspace))
    assert [kind for kind in follower.types if kind.startswith("file")] == ["file_changed"]


def test_what_is_made_in_fresh_nested_folders_is_not_missed(workspace: Workspace, root: Path) -> None:
    follower = _settled(workspace)
    for number in range(50):
        folder = root / f"a{number % 7}/b{number % 5}/c{number}"
        folder.mkdir(parents=True)
        (folder / "file").write_text(str(number))
    _until(lambda: follower.catch_up() == on_disk(workspace))


def test_a_folder_that_moved_is_heard_where_it_is_now(workspace: Workspace, root: Path) -> None:
    (root / "a/b").mkdir(parents=True)
    _settled(workspace)
    (root / "a/b/heard").write_text("x")  # told by the folder itself, so it is listened to
    follower = _settled(workspace)
    (root / "a").rename(root / "z")
    _until(lambda: follower.catch_up() == on_disk(workspace))
    (root / "z/b/c").write_text("x")
    _until(lambda: follower.catch_up() == on_disk(workspace))
    assert [event["old_path"] for event in _events(workspace, "file_moved")] == ["a"]


def test_a_folder_that_was_made_again_is_heard(workspace: Workspace, root: Path) -> None:
    (root / "a/b").mkdir(parents=True)
    follower = _settled(workspace)
    for _ in range(3):
        shutil.rmtree(root / "a")
        (root / "a/b").mkdir(parents=True)
    _until(lambda: follower.catch_up() == on_disk(workspace))
    (root / "a/b/c").write_text("x")
    _until(lambda: follower.catch_up() == on_disk(workspace))


def test_a_name_that_is_not_utf_8_makes_nobody_deaf(workspace: Workspace, root: Path) -> None:
    (root / "a").mkdir()
    follower = _settled(workspace)
    (root / os.fsdecode(b"\xff")).write_text("x")
    _until(lambda: "\\xff" in follower.catch_up())
    for path in ("after", "a/after"):
        (root / path).write_text("x")
        _until(lambda: path in follower.catch_up())  # noqa: B023 (called at once)


def test_a_checkout_and_a_commit_are_told(workspace: Workspace, root: Path) -> None:
    _git(root, "init", "-qb", "main")
    (root / "a.txt").write_text("x")
    _git(root, "add", ".")
    _git(root, "commit", "-qm", "First words")
    _until(lambda: [each["subject"] for each in _events(workspace, "git_commit")] == ["First words"])
    _git(root, "checkout", "-qb", "feature/x")
    _until(lambda: _events(workspace, "git_status")[-1]["branch"] == "feature/x")
    assert _events(workspace, "git_status")[-1]["clean"]


def test_a_repository_that_was_made_again_is_heard(workspace: Workspace, root: Path) -> None:
    for subject in ("one", "two"):
        _git(root, "init", "-qb", "main")
        _git(root, "commit", "--allow-empty", "-qm", subject)
        _until(lambda: _events(workspace, "git_commit")[-1:] != [])
        _until(lambda: _events(workspace, "git_commit")[-1]["subject"] == subject)  # noqa: B023 (called at once)
        shutil.rmtree(root / ".git")
        _until(lambda: _events(workspace, "git_status")[-1]["state"] == "none")


def test_where_the_kernel_takes_no_more_the_folders_are_looked_at(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, request: Any
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "OS file watch limit reached.")

    root = Path(workspace.path)
    (root / "a").mkdir()
    monkeypatch.setattr(ears, "RustNotify", full)
    request.getfixturevalue("watcher")
    _until(lambda: workspace.files.exists())
    (root / "a/b.txt").write_text("x")
    _until(lambda: workspace.files.filter(path="a/b.txt").exists())


def test_a_storm_is_told_in_few_frames(workspace: Workspace, root: Path) -> None:
    follower = _settled(workspace)
    for number in range(2000):
        folder = root / f"build/{number // 100}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.o").write_text(str(number))
    _until(lambda: follower.catch_up() == on_disk(workspace))
    assert len(follower.types) < 400


def test_a_directory_that_goes_is_a_state_and_comes_back(workspace: Workspace, root: Path) -> None:
    (root / "a.txt").write_text("x")
    follower = _settled(workspace)
    root.rename(root.with_name("gone"))
    _until(lambda: Workspace.objects.get(pk=workspace.pk).state == "missing")
    root.with_name("gone").rename(root)
    (root / "b.txt").write_text("x")
    _until(lambda: follower.catch_up() == on_disk(workspace))
    _until(
        lambda: [each["state"] for each in _events(workspace, "workspace_status")] == ["ok", "missing", "ok"]
    )


def test_what_an_admin_changes_takes_effect_at_once(
    workspace: Workspace, root: Path, watcher: Watcher
) -> None:
    (root / "a.secret").write_text("x")
    follower = _settled(workspace)
    workspace.ignore = "*.secret"
    workspace.save(update_fields=["ignore"])
    other = Workspace(circle=workspace.circle, title="Other", path=str(root))
    other.save()
    _until(lambda: follower.catch_up() == {})
    _until(lambda: other.files.count() == 1)
    other.delete()
    _until(lambda: watcher.watched == {workspace.pk})
    (root / "b.txt").write_text("x")
    _until(lambda: "b.txt" in follower.catch_up())


def test_of_two_watchers_one_waits(workspace: Workspace, root: Path, watcher: Watcher) -> None:
    second = Watcher()
    thread = threading.Thread(target=second.run)
    thread.start()
    try:
        assert not second.watched
        watcher.stop()
        _until(lambda: second.watched == {workspace.pk})
        (root / "a.txt").write_text("x")
        _until(lambda: workspace.files.exists())
    finally:
        second.stop()
        thread.join(PATIENCE)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_what_is_told_is_what_is_there(seed: int, workspace: Workspace, root: Path) -> None:
    dice = random.Random(seed)
    follower = _settled(workspace)
    disturber = Disturber(dice, root)
    _git(root, "init", "-qb", "main")
    for number in range(4):
        disturber.disturb(dice.choice([1, 10, 60]))
        dice.choice([_commit_and_branch, _go_back, _build, _clone])(root, str(number))
        follower.catch_up()
    _until(lambda: follower.catch_up() == on_disk(workspace))


def _commit_and_branch(root: Path, name: str) -> None:
    _try_git(root, "add", "--all")
    _try_git(root, "commit", "--allow-empty", "-qm", name)
    _try_git(root, "checkout", "-qb", f"branch/{name}")


def _go_back(root: Path, name: str) -> None:
    for number in range(2):
        (root / f"n{name}").write_text(name * (number + 1))
        _try_git(root, "add", "--all")
        _try_git(root, "commit", "-qm", name)
    _try_git(root, "checkout", "-qf", "--detach", "HEAD~1")


def _build(root: Path, name: str) -> None:
    for number in range(300):
        folder = root / f"build{name}/{number % 10}/{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.o").write_text(str(number))


def _clone(root: Path, name: str) -> None:
    source = root.with_name(f"source{name}")
    _build(source, name)
    _git(source, "init", "-q")
    _git(source, "add", "--all")
    _git(source, "commit", "-qm", name)
    _git(root, "clone", "-q", "--no-local", str(source), f"clone{name}")


def _try_git(root: Path, *words: str) -> None:
    """What the dice have made of the directory may be nothing that git can commit or check out."""
    with contextlib.suppress(subprocess.CalledProcessError):
        _git(root, *words)
