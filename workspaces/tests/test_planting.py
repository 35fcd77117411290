"""Nobody makes a repository through the API whose configuration the next person's git would obey."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from gathering.protocol.errors import NotAllowed
from workspaces import files
from workspaces.files import Expected

from .repositories import Repo, program


@pytest.fixture
def here(tmp_path: Path) -> Path:
    directory = tmp_path / "here"
    directory.mkdir()
    return directory


def write(here: Path, path: str, text: str) -> None:
    with files.written(str(here), files.parse(path), text.encode()) as new:
        new.put(Expected.NOTHING)


def make_folder(here: Path, path: str) -> None:
    files.make_folder(str(here), files.parse(path))


def plant(here: Path, canary: Path) -> None:
    """All that git needs to run a program, in a folder that is not called .git."""
    (here / "x").mkdir()
    evil = program(here.parent / "evil", canary)
    settings = f"repositoryformatversion = 0\nbare = false\nworktree = .\nfsmonitor = {evil}"
    (here / "x" / "config").write_text(f"[core]\n{settings}\n")


STEPS: dict[str, Callable[[Path], None]] = {
    "HEAD": lambda here: write(here, "x/HEAD", "ref: refs/heads/main\n"),
    "objects": lambda here: make_folder(here, "x/objects"),
    "refs": lambda here: make_folder(here, "x/refs"),
}

# The same on the disk, where nobody holds it up.
COMPLETE: dict[str, Callable[[Path], object]] = {
    "HEAD": lambda x: (x / "HEAD").write_text("ref: refs/heads/main\n"),
    "objects": lambda x: (x / "objects").mkdir(),
    "refs": lambda x: (x / "refs").mkdir(),
}


@pytest.mark.parametrize("order", [*itertools.permutations(STEPS)], ids=" ".join)
def test_a_folder_does_not_become_a_repository(order: tuple[str, ...], here: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    plant(here, canary)
    for step in order[:-1]:
        STEPS[step](here)
    with pytest.raises(NotAllowed):
        STEPS[order[-1]](here)
    Repo(here / "x").git("status", check=False)
    assert not canary.exists()
    COMPLETE[order[-1]](here / "x")
    Repo(here / "x").git("status", check=False)
    assert canary.exists()  # it is an attack


def test_nor_by_another_name_first(here: Path) -> None:
    (here / "x" / "objects").mkdir(parents=True)
    (here / "x" / "refs").mkdir()
    write(here, "x/head-to-be", "ref: refs/heads/main\n")
    for replace in (False, True):
        with pytest.raises(NotAllowed):
            files.move(str(here), files.parse("x/head-to-be"), files.parse("x/HEAD"), replace=replace)


def test_nor_with_objects_that_are_elsewhere(here: Path) -> None:
    make_folder(here, "x")
    write(here, "x/HEAD", "ref: refs/heads/main\n")
    with pytest.raises(NotAllowed):
        write(here, "x/commondir", "../y\n")


@pytest.mark.parametrize("inside", ["", "deep/bare.git/"])
def test_a_bare_repository_is_left_alone(inside: str, here: Path) -> None:
    Repo.new(here / inside, "--bare")
    before = sorted(here.rglob("*"))
    acts: list[Callable[[], object]] = [
        lambda: write(here, f"{inside}hooks/post-receive", "#!/bin/sh\n"),
        lambda: write(here, f"{inside}note", "x"),
        lambda: make_folder(here, f"{inside}new"),
        lambda: files.delete(str(here), files.parse(f"{inside}config"), seen=Expected.ANYTHING),
        lambda: files.delete(str(here), files.parse(f"{inside}hooks"), whole=True),
        lambda: files.move(str(here), files.parse(f"{inside}hooks"), files.parse("stolen")),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()
    if inside:
        with pytest.raises(NotAllowed):
            files.delete(str(here), files.parse("deep"), whole=True)
    assert sorted(here.rglob("*")) == before


def test_a_folder_may_have_some_of_these_names(here: Path) -> None:
    make_folder(here, "objects")
    make_folder(here, "refs")
    write(here, "refs/HEAD", "x")
    write(here, "commondir", "x")
    assert (here / "refs" / "HEAD").exists()
