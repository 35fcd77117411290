"""The steps between two pictures, and that they always lead from the one to the other."""

import random

import pytest

from workspaces.diff import diff
from workspaces.picture import Entry, Kind

from .pictures import applied


def _file(inode: int, content: str = "x") -> Entry:
    return Entry(Kind.FILE, len(content), hash(content) % 1000, inode, content)


def _folder(inode: int) -> Entry:
    return Entry(Kind.FOLDER, 0, 0, inode)


def _steps(old: dict[str, Entry], new: dict[str, Entry]) -> list[str]:
    return [
        f"{step.what} {step.old_path + ' ' if step.old_path else ''}{step.path}" for step in diff(old, new)
    ]


def test_nothing_changed() -> None:
    assert diff({"a": _file(1)}, {"a": _file(1)}) == []


def test_a_file_that_moved_is_one_step() -> None:
    assert _steps({"a": _file(1)}, {"b": _file(1)}) == ["moved a b"]


def test_a_file_that_moved_and_was_written_to_is_another_one() -> None:
    assert _steps({"a": _file(1)}, {"b": _file(1, "other")}) == ["deleted a", "created b"]


def test_an_inode_that_was_given_to_another_file_moves_nothing() -> None:
    assert _steps({"old": _file(1, "one")}, {"new": _file(1, "two")}) == ["deleted old", "created new"]


def test_an_atomic_save_is_one_change() -> None:
    assert _steps({"a": _file(1)}, {"a": _file(2, "new")}) == ["changed a"]


def test_a_folder_that_moved_is_one_step_whatever_is_in_it() -> None:
    old = {"a": _folder(1), "a/b": _folder(2), "a/b/c": _file(3), "z": _folder(9)}
    new = {"z": _folder(9), "z/d": _folder(1), "z/d/b": _folder(2), "z/d/b/c": _file(3)}
    assert _steps(old, new) == ["moved a z/d"]


def test_what_changed_in_a_folder_that_moved_is_told_where_it_is_now() -> None:
    old = {"a": _folder(1), "a/x": _file(2), "a/y": _file(3), "a/z": _file(4)}
    new = {"b": _folder(1), "b/x": _file(2), "b/y": _file(3, "new"), "b/w": _file(5)}
    assert _steps(old, new) == ["moved a b", "deleted b/z", "created b/w", "changed b/y"]


def test_a_folder_in_a_folder_that_moved_elsewhere() -> None:
    old = {"a": _folder(1), "a/b": _folder(2), "a/b/c": _file(3), "a/d": _file(4)}
    new = {"e": _folder(1), "e/d": _file(4), "f": _folder(2), "f/c": _file(3)}
    assert _steps(old, new) == ["moved a e", "moved e/b f"]


def test_a_file_that_became_a_folder_is_deleted_and_created() -> None:
    assert _steps({"a": _file(1)}, {"a": _folder(2), "a/b": _file(3)}) == [
        "deleted a",
        "created a",
        "created a/b",
    ]


def test_a_move_onto_what_a_moved_folder_brought_along() -> None:
    old = {"d": _folder(1), "d/c": _file(2, "c"), "d/k": _file(5), "f": _file(3, "f")}
    new = {"e": _folder(1), "e/c": _file(3, "f"), "e/k": _file(5)}
    assert applied(old, diff(old, new)) == new


def test_two_folders_that_changed_places() -> None:
    old = {"a": _folder(1), "a/x": _file(3), "b": _folder(2), "b/y": _file(4)}
    new = {"a": _folder(2), "a/y": _file(4), "b": _folder(1), "b/x": _file(3)}
    assert applied(old, diff(old, new)) == new


@pytest.mark.parametrize("seed", range(300))
def test_the_steps_lead_to_the_new_picture(seed: int) -> None:
    dice = random.Random(seed)
    old = _tree(dice, {})
    new = _tree(dice, old)
    steps = diff(old, new)
    assert applied(old, steps) == new
    assert diff(new, new) == []


def _tree(dice: random.Random, like: dict[str, Entry]) -> dict[str, Entry]:
    """A tree that has some inodes in common with another one, some of them in the same places."""
    inodes = list({entry.inode for entry in like.values()}) + list(range(100, 112))
    dice.shuffle(inodes)
    tree: dict[str, Entry] = {}
    folders = [""]
    for inode in inodes[: dice.randint(0, 14)]:
        folder = dice.choice(folders)
        path = f"{folder}/{dice.choice('abcd')}" if folder else dice.choice("abcd")
        if path in tree:
            continue
        stays = [entry for entry in like.values() if entry.inode == inode and dice.random() < 0.7]
        entry = stays[0] if stays else dice.choice([_folder(inode), _file(inode, dice.choice("xy"))])
        tree[path] = entry
        if entry.kind == Kind.FILE and dice.random() < 0.2:  # a second name of the same file
            tree.setdefault(f"{path}-", entry)
        if entry.kind == Kind.FOLDER:
            folders.append(path)
    return tree
