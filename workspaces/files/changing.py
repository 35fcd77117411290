"""Making folders, moving and deleting."""

import os
import stat
from collections.abc import Iterator

from gathering.protocol.errors import Conflict, HashNeeded, NotAllowed, TooLarge

from . import exclusive
from .folder import opened, parent
from .names import Parts, is_git
from .repository import refuse_making
from .writing import Seen, compare

MOST_IN_A_TREE = 10_000
DEEPEST = 100


def make_folder(directory: str, parts: Parts) -> None:
    """Make one folder; raises Conflict if something is there."""
    with parent(directory, parts, to_change=True) as (folder, name):
        refuse_making(folder, name)
        os.mkdir(name, dir_fd=folder)
        os.fsync(folder)


def move(directory: str, old: Parts, new: Parts, *, replace: bool = False) -> None:
    """Give an entry another name or folder; over what is there only with ``replace``, and never over a
    folder that holds something."""
    with parent(directory, old, to_change=True) as (source, name):
        os.lstat(name, dir_fd=source)  # so that it is this path that is not found
        _move(source, name, directory, new, replace)


def _move(source: int, name: bytes, directory: str, new: Parts, replace: bool) -> None:
    with parent(directory, new, to_change=True) as (target, new_name):
        refuse_making(target, new_name)
        if replace:
            os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
        else:
            exclusive.rename(source, name, target, new_name)
        os.fsync(target)
        os.fsync(source)


def delete(directory: str, parts: Parts, *, seen: Seen | None = None, whole: bool = False) -> None:
    """Delete an entry: a link itself, a file if it is the one that was ``seen``, a folder if it is empty or
    with ``whole``.

    Raises TooLarge for a folder of more than MOST_IN_A_TREE entries, and NotAllowed for one that holds a
    repository: its history would be lost.
    """
    with parent(directory, parts, to_change=True) as (folder, name):
        mode = os.lstat(name, dir_fd=folder).st_mode
        if stat.S_ISDIR(mode):
            if whole:
                _empty(directory, parts)
            os.rmdir(name, dir_fd=folder)
        else:
            if stat.S_ISREG(mode):
                _check_seen(folder, name, seen)
            os.unlink(name, dir_fd=folder)
        os.fsync(folder)


def _check_seen(folder: int, name: bytes, seen: Seen | None) -> None:
    if seen is None:
        raise HashNeeded
    compare(folder, name, seen)


def _empty(directory: str, parts: Parts) -> None:
    """Delete what is in a folder; first all of it is counted, so that it is refused before it is begun."""
    found = []
    for entry in _below(directory, parts):
        found.append(entry)
        if len(found) > MOST_IN_A_TREE:
            raise TooLarge(f"The folder has more than {MOST_IN_A_TREE} entries.")
    for inner, is_folder in reversed(found):
        with parent(directory, inner) as (folder, name):
            (os.rmdir if is_folder else os.unlink)(name, dir_fd=folder)


def _below(directory: str, parts: Parts) -> Iterator[tuple[Parts, bool]]:
    """Every entry below a folder, with whether it is a folder itself; a folder before what is in it."""
    if len(parts) > DEEPEST:
        raise Conflict(f"The folder is more than {DEEPEST} folders deep.")
    with opened(directory, parts, to_change=True) as folder, os.scandir(folder) as entries:
        found = [(os.fsencode(entry.name), entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        if is_git(name):
            raise NotAllowed("There is a repository in the folder: delete it by hand.")
        inner = (*parts, name)
        yield inner, is_folder
        if is_folder:
            yield from _below(directory, inner)
