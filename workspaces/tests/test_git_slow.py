"""Repositories that would hang whoever reads them, or fill the memory: each is a state, and soon."""

import os
import time
from pathlib import Path

import pytest

from workspaces import git
from workspaces.git import State, process

from .repositories import Repo

GIGABYTE = 1024**3


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.with_commit(tmp_path / "repo")


def read(repo: Repo) -> set[State]:
    path = str(repo.path)
    return {git.status(path).state, git.log(path).state, git.diff(path).state}


@pytest.mark.parametrize("name", ["HEAD", "index", "config", "packed-refs", "shallow", "commondir"])
def test_a_pipe_in_the_repository_blocks_nobody(name: str, repo: Repo) -> None:
    path = repo.path / ".git" / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    assert read(repo) == {State.BROKEN}


@pytest.mark.parametrize("name", [".gitignore", ".gitattributes"])
def test_a_pipe_that_git_waits_for_is_given_up(
    name: str, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "SECONDS", 0.5)
    os.mkfifo(repo.path / name)
    repo.write("a.txt", "two\n")
    begun = time.monotonic()
    assert read(repo) <= {State.TIMEOUT, State.OK}
    assert git.status(str(repo.path)).state == State.TIMEOUT
    assert time.monotonic() - begun < 20


def test_an_index_of_a_gigabyte_of_nothing(repo: Repo) -> None:
    os.truncate(repo.path / ".git/index", 0)
    os.truncate(repo.path / ".git/index", GIGABYTE)
    assert git.status(str(repo.path)).state == State.BROKEN
    assert git.log(str(repo.path)).state == State.OK


def test_an_index_that_claims_four_thousand_million_entries(repo: Repo) -> None:
    with (repo.path / ".git/index").open("r+b") as index:
        index.seek(8)
        index.write(b"\xff\xff\xff\xff")
        index.truncate(GIGABYTE)
    assert git.status(str(repo.path)).state == State.BROKEN


def test_a_file_of_a_gigabyte_is_no_text(repo: Repo) -> None:
    os.truncate(repo.path / "a.txt", GIGABYTE)
    assert git.status(str(repo.path)).as_data()["counts"]["unstaged"] == 1


def test_a_loop_of_links(repo: Repo) -> None:
    (repo.path / "loop").symlink_to(".")
    (repo.path / "one").symlink_to("two")
    (repo.path / "two").symlink_to("one")
    assert {each["path"] for each in git.status(str(repo.path)).as_data()["files"]} == {"loop", "one", "two"}


def test_a_folder_of_very_many_files_is_one_entry(repo: Repo) -> None:
    many = int(os.environ.get("GATHERING_TEST_FILES", "500"))
    (repo.path / "many").mkdir()
    for number in range(many):
        (repo.path / "many" / f"{number:06}").touch()
    assert [each["path"] for each in git.status(str(repo.path)).as_data()["files"]] == ["many/"]


def test_what_is_killed_leaves_no_process(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter of a trusted workspace is a child of git's, and ends with it."""
    monkeypatch.setattr(process, "SECONDS", 1.0)
    pid = repo.path.parent / "pid"
    repo.write(".gitattributes", "* filter=slow\n")
    repo.config("filter.slow.clean", f"echo $$ > {pid}; sleep 300")
    repo.write("a.txt", "two\n")
    assert git.diff(str(repo.path), trusted=True).state == State.TIMEOUT
    _wait_until_gone(int(pid.read_text()))


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while _lives(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    """Whether it runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
