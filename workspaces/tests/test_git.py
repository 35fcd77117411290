"""What is told of real repositories, in each state that a directory can be in."""

import os
from pathlib import Path
from typing import Any

import pytest

from workspaces import git
from workspaces.git import State, process

from .repositories import Repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.with_commit(tmp_path / "repo")


def told(repo: Repo, **options: Any) -> dict[str, Any]:
    return git.status(str(repo.path), **options).as_data()


def files(repo: Repo) -> dict[str, str]:
    return {
        each["path"]: each["conflict"] or each["index"] + each["worktree"] for each in told(repo)["files"]
    }


def test_a_clean_repository(repo: Repo) -> None:
    data = told(repo)
    assert data["state"] == "ok"
    assert (data["branch"], data["oid"]) == ("main", repo.git("rev-parse", "HEAD"))
    assert data["clean"]
    assert data["files"] == []
    assert (data["upstream"], data["ahead"], data["behind"], data["stash"]) == (None, None, None, 0)


def test_each_kind_of_change(repo: Repo) -> None:
    repo.commit("b.txt", "same\n" * 9, "Second")
    repo.commit("c.txt", "c\n", "Third")
    repo.write("a.txt", "changed\n")
    repo.git("mv", "b.txt", "moved.txt")
    repo.git("rm", "-q", "c.txt")
    repo.write("new.txt", "new\n")
    repo.git("add", "new.txt")
    repo.write("folder/untracked.txt", "x\n")
    assert files(repo) == {"a.txt": ".M", "moved.txt": "R.", "c.txt": "D.", "new.txt": "A.", "folder/": "??"}
    data = told(repo)
    assert data["counts"] == {"staged": 3, "unstaged": 1, "untracked": 1, "conflicted": 0}
    assert [each["old_path"] for each in data["files"] if each["path"] == "moved.txt"] == ["b.txt"]
    assert not data["clean"]


def test_names_that_are_hard_to_write(repo: Repo) -> None:
    for name in ("two\nlines", " spaces ", "Grüße", '"quoted"', os.fsdecode(b"\xff"), "a\\b"):
        repo.write(name, "x\n")
    assert set(files(repo)) == {"two\nlines", " spaces ", "Grüße", '"quoted"', "\\xff", "a\\\\b"}


def test_before_the_first_commit(tmp_path: Path) -> None:
    repo = Repo.new(tmp_path / "repo")
    repo.write("a.txt", "one\n")
    repo.git("add", "a.txt")
    data = told(repo)
    assert (data["branch"], data["oid"]) == ("main", None)
    assert files(repo) == {"a.txt": "A."}
    assert git.log(str(repo.path)).commits == ()
    assert "+one" in git.diff(str(repo.path)).patch


def test_a_detached_head(repo: Repo) -> None:
    repo.git("checkout", "-q", "--detach")
    assert (told(repo)["branch"], told(repo)["oid"]) == (None, repo.git("rev-parse", "HEAD"))


def test_ahead_and_behind_of_its_upstream(tmp_path: Path) -> None:
    origin = Repo.with_commit(tmp_path / "origin")
    origin.git("clone", "-q", ".", str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone")
    clone.commit("b.txt", "b\n", "Ours")
    origin.commit("c.txt", "c\n", "Theirs")
    clone.git("fetch", "-q")
    data = told(clone)
    assert (data["upstream"], data["ahead"], data["behind"]) == ("origin/main", 1, 1)


def test_a_stash(repo: Repo) -> None:
    repo.write("a.txt", "later\n")
    repo.git("stash", "-q")
    assert told(repo)["stash"] == 1


def test_a_merge_in_conflict(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "other")
    repo.commit("a.txt", "theirs\n", "Theirs")
    repo.git("checkout", "-q", "main")
    repo.commit("a.txt", "ours\n", "Ours")
    repo.git("merge", "other", check=False)
    assert files(repo) == {"a.txt": "UU"}
    assert told(repo)["counts"]["conflicted"] == 1


def test_a_linked_work_tree(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    linked = Repo(tmp_path / "linked")
    linked.commit("b.txt", "b\n", "Beside")
    linked.write("a.txt", "changed\n")
    data = told(linked)
    assert (data["state"], data["branch"]) == ("ok", "side")
    assert files(linked) == {"a.txt": ".M"}
    assert [commit.subject for commit in git.log(str(linked.path)).commits] == ["Beside", "First"]


def test_a_submodule_from_within_and_from_outside(repo: Repo, tmp_path: Path) -> None:
    other = Repo.with_commit(tmp_path / "other")
    repo.git("submodule", "add", "-q", str(other.path), "sub")
    repo.git("commit", "-q", "-m", "With a submodule")
    inner = Repo(repo.path / "sub")
    assert told(inner)["state"] == "ok"
    assert told(repo)["clean"]
    inner.commit("b.txt", "b\n", "Inside")
    (change,) = told(repo)["files"]
    assert (change["path"], change["worktree"], change["submodule"]) == ("sub", "M", True)


def test_a_bare_repository(repo: Repo, tmp_path: Path) -> None:
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    bare = Repo(tmp_path / "bare.git")
    assert (told(bare)["state"], told(bare)["branch"]) == ("bare", "main")
    assert [commit.subject for commit in git.log(str(bare.path)).commits] == ["First"]
    assert git.diff(str(bare.path)).state == State.BARE


def test_no_repository_is_not_the_one_above(repo: Repo) -> None:
    (repo.path / "inner").mkdir()
    assert git.status(str(repo.path / "inner")).state == State.NONE


def test_no_directory(tmp_path: Path) -> None:
    assert git.status(str(tmp_path / "nothing")).state == State.MISSING


def test_no_git(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    process._git.cache_clear()
    try:
        assert git.status(str(repo.path)).state == State.NOT_INSTALLED
    finally:
        process._git.cache_clear()


def test_a_repository_of_somebody_else_is_read(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git refuses it as dubious; here an admin has named the directory, and nothing in it is believed."""
    somebody_else = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
    monkeypatch.setenv(*next(iter(somebody_else.items())))
    quiet = process._quiet()
    monkeypatch.setattr(process, "_quiet", lambda: quiet | somebody_else)
    assert repo.git("status", check=False) == ""
    assert told(repo)["state"] == "ok"


def test_the_log_has_pages_and_those_of_one_file(repo: Repo) -> None:
    for number in range(4):
        repo.commit("b.txt", f"{number}\n", f"Number {number}")
    first = git.log(str(repo.path), limit=2)
    assert ([commit.subject for commit in first.commits], first.has_more) == (["Number 3", "Number 2"], True)
    rest = git.log(str(repo.path), limit=3, skip=2)
    assert ([commit.subject for commit in rest.commits], rest.has_more) == (
        ["Number 1", "Number 0", "First"],
        False,
    )
    (only,) = git.log(str(repo.path), path=b"a.txt").commits
    assert (only.subject, only.author, only.email, only.parents) == ("First", "Ada", "ada@example.org", ())


def test_a_pattern_is_a_name(repo: Repo) -> None:
    assert git.log(str(repo.path), path=b"*.txt").commits == ()
    assert git.log(str(repo.path), path=b":(glob)**").commits == ()


def test_the_diff_of_all_and_of_one(repo: Repo) -> None:
    repo.commit("b.txt", "b\n", "Second")
    repo.write("a.txt", "two\n")
    repo.write("b.txt", "bb\n")
    assert git.diff(str(repo.path)).patch == repo.git("diff", "HEAD") + "\n"
    assert git.diff(str(repo.path), path=b"a.txt").patch == repo.git("diff", "HEAD", "a.txt") + "\n"


def test_a_large_diff_is_cut_off(repo: Repo) -> None:
    repo.write("a.txt", "line\n" * 10_000)
    diff = git.diff(str(repo.path), most=1000)
    assert (len(diff.patch), diff.truncated) == (1000, True)


def test_more_changes_than_are_told(repo: Repo) -> None:
    for number in range(git.reports.MOST_CHANGES + 5):
        repo.write(f"{number}.txt", "x\n")
    data = told(repo)
    assert len(data["files"]) == git.reports.MOST_CHANGES
    assert data["counts"]["untracked"] == git.reports.MOST_CHANGES + 5
    assert data["truncated"]


def test_long_names_make_no_frame_that_nobody_takes(repo: Repo) -> None:
    for number in range(60):
        repo.write(f"{'a' * 250}/{'b' * 250}/{'c' * 250}/{'d' * 250}{number:02}", "x\n")
    repo.git("add", ".")
    data = told(repo)
    assert 40 < len(data["files"]) < 50
    assert (data["counts"]["staged"], data["truncated"]) == (60, True)


def test_a_trusted_workspace_has_its_filters(repo: Repo) -> None:
    repo.config("filter.upper.clean", "tr a-z A-Z")
    repo.write(".gitattributes", "*.up filter=upper\n")
    repo.commit("b.up", "text\n", "Filtered")
    os.utime(repo.path / "b.up", (1, 1))  # so that git looks at the content
    repo.write("a.txt", "two\n")
    changes = {each["path"]: (each["worktree"], each["filtered"]) for each in told(repo)["files"]}
    assert changes == {".gitattributes": ("?", False), "a.txt": ("M", False), "b.up": ("M", True)}
    trusted = told(repo, trusted=True)
    assert [each["path"] for each in trusted["files"]] == ["a.txt", ".gitattributes"]
    assert trusted["trusted"]


def test_nothing_is_written_into_the_repository(repo: Repo) -> None:
    # Touched, and not in the same moment as the index: a plain status or diff would write that into it.
    os.utime(repo.path / "a.txt", (1_600_000_000, 1_600_000_000))
    before = {path: path.stat().st_mtime_ns for path in repo.path.rglob("*")}
    git.status(str(repo.path))
    git.diff(str(repo.path))
    assert {path: path.stat().st_mtime_ns for path in repo.path.rglob("*")} == before
