"""A directory that names a repository of somebody else shows nothing of it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from workspaces import git
from workspaces.git import State

from .repositories import Repo


@pytest.fixture
def secret(tmp_path: Path) -> Repo:
    repo = Repo.new(tmp_path / "secret")
    repo.commit("secret.txt", "hidden\n", "A secret")
    return repo


def git_file(here: Path, secret: Repo) -> None:
    (here / ".git").write_text(f"gitdir: {secret.path}/.git\n")


def git_file_going_up(here: Path, secret: Repo) -> None:
    (here / ".git").write_text("gitdir: ../secret/.git\n")


def git_link(here: Path, secret: Repo) -> None:
    (here / ".git").symlink_to(secret.path / ".git")


def false_work_tree(here: Path, secret: Repo) -> None:
    """A linked work tree's side, without the other side that only the repository can write."""
    own = here / "own"
    own.mkdir()
    (own / "HEAD").write_text("ref: refs/heads/main\n")
    (own / "commondir").write_text(f"{secret.path}/.git\n")
    (own / "gitdir").write_text(f"{here}/.git\n")
    (here / ".git").write_text(f"gitdir: {own}\n")


def stolen_work_tree(here: Path, secret: Repo) -> None:
    """The repository's side of another linked work tree."""
    secret.git("worktree", "add", "-q", str(secret.path.parent / "linked"))
    (here / ".git").write_text(f"gitdir: {secret.path}/.git/worktrees/linked\n")


def _repository(here: Path) -> Path:
    Repo.new(here)
    return here / ".git"


def linked_objects(here: Path, secret: Repo) -> None:
    own = _repository(here)
    (own / "objects" / "pack").rmdir()
    (own / "objects" / "info").rmdir()
    (own / "objects").rmdir()
    (own / "objects").symlink_to(secret.path / ".git/objects")
    (own / "refs/heads/main").write_text(secret.git("rev-parse", "HEAD") + "\n")


def linked_folders_of_objects(here: Path, secret: Repo) -> None:
    own = _repository(here)
    for folder in (secret.path / ".git/objects").glob("??"):
        (own / "objects" / folder.name).symlink_to(folder)
    (own / "refs/heads/main").write_text(secret.git("rev-parse", "HEAD") + "\n")


def borrowed_objects(here: Path, secret: Repo) -> None:
    own = _repository(here)
    (own / "objects/info/alternates").write_text(f"{secret.path}/.git/objects\n")
    (own / "refs/heads/main").write_text(secret.git("rev-parse", "HEAD") + "\n")


def linked_branches(here: Path, secret: Repo) -> None:
    own = _repository(here)
    for folder in ("refs/heads", "refs/tags", "refs"):
        (own / folder).rmdir()
    (own / "refs").symlink_to(secret.path / ".git/refs")


def common_directory(here: Path, secret: Repo) -> None:
    own = _repository(here)
    (own / "commondir").write_text(f"{secret.path}/.git\n")


def common_directory_of_a_bare_one(here: Path, secret: Repo) -> None:
    Repo.new(here, "--bare")
    (here / "commondir").write_text(f"{secret.path}/.git\n")


def common_directory_of_one_with_commits(here: Path, secret: Repo) -> None:
    """Git reads the branches of the other, whatever it is told of where they are."""
    Repo.with_commit(here)
    (here / ".git" / "commondir").write_text(f"{secret.path}/.git\n")


def work_tree(here: Path, secret: Repo) -> None:
    own = Repo(_repository(here).parent)
    own.config("core.worktree", str(secret.path))


TRIES = [
    git_file,
    git_file_going_up,
    git_link,
    false_work_tree,
    stolen_work_tree,
    linked_objects,
    linked_folders_of_objects,
    borrowed_objects,
    linked_branches,
    common_directory,
    common_directory_of_a_bare_one,
    common_directory_of_one_with_commits,
    work_tree,
]


@pytest.mark.parametrize("arrange", TRIES, ids=lambda arrange: arrange.__name__)
def test_nothing_of_another_repository_is_shown(
    arrange: Callable[[Path, Repo], None], secret: Repo, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    arrange(here, secret)
    path = str(here)
    seen = [git.status(path).as_data(), git.log(path), git.diff(path), git.log(path, path=b"secret.txt")]
    assert seen[0]["state"] == ("ok" if arrange is work_tree else "elsewhere")
    oid = secret.git("rev-parse", "HEAD")
    assert not _tells(repr(seen).replace(str(secret.path), ""), oid)
    careless = [("log", "-p"), ("status",), ("rev-parse", "HEAD")]
    assert any(_tells(secret.git("-C", path, *args, check=False), oid) for args in careless)  # it is a leak


def _tells(text: str, oid: str) -> bool:
    return "secret" in text or oid in text


def test_the_diff_looks_through_no_link(tmp_path: Path) -> None:
    """A folder that git knows is a link by now, to one outside with a file of the same name."""
    here = Repo.new(tmp_path / "here")
    here.commit("folder/file", "ours\n", "First")
    here.commit("link", "ours\n", "Second")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("hidden\n")
    (here.path / "folder" / "file").unlink()
    (here.path / "folder").rmdir()
    (here.path / "folder").symlink_to(outside)
    (here.path / "link").unlink()
    (here.path / "link").symlink_to(outside / "file")
    assert "hidden" in (here.path / "folder" / "file").read_text()
    for path in (None, b"folder/file", b"folder", b"link"):
        diff = git.diff(str(here.path), path=path)
        assert (diff.state, "hidden" in diff.patch, diff.patch != "") == (State.OK, False, True)


def test_an_admin_can_trust_a_separated_repository(secret: Repo, tmp_path: Path) -> None:
    here = Repo.new(tmp_path / "here", f"--separate-git-dir={tmp_path / 'kept'}")
    here.commit("a.txt", "one\n", "First")
    assert git.status(str(here.path)).state == State.ELSEWHERE
    assert git.status(str(here.path), trusted=True).state == State.OK
    assert [commit.subject for commit in git.log(str(here.path), trusted=True).commits] == ["First"]


def test_a_separated_repository_inside_needs_no_trust(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    made = Repo.new(here, f"--separate-git-dir={here / '.kept'}")
    made.commit("a.txt", "one\n", "First")
    assert git.status(str(here)).state == State.OK


@pytest.mark.parametrize(
    "content", [b"", b"gitdir: ", b"gitdir: /nonexistent", b"gitdir: a\0b", b"\xff" * 20_000]
)
def test_a_git_file_of_any_content_is_a_state(content: bytes, tmp_path: Path) -> None:
    (tmp_path / ".git").write_bytes(content)
    assert git.status(str(tmp_path)).state in (State.BROKEN, State.ELSEWHERE)


def test_a_pipe_for_git_is_a_state(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".git")
    assert git.status(str(tmp_path)).state == State.ELSEWHERE
