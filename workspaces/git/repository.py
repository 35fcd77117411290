"""Where the repository of a directory lies, and whether it may be read.

We look ourselves and then tell git, which would also search the directories above, follow a ``.git`` file
anywhere on the disk, and believe whoever wrote the configuration about where the work tree is.  What
lies outside of the directory is read only if its own side says that it belongs together (a linked work
tree, a submodule), or if an admin trusts the workspace: else a file that somebody unpacks would show
other people's repositories to everybody here.
"""

import os
import stat
from dataclasses import dataclass

from . import config
from .state import State, Unreadable

# What git finds in the common directory of all work trees, and we may show it: not `config`, not `hooks`.
SHARED = ("objects", "refs", "packed-refs", "logs", "info", "shallow", "reftable")
# What is a file in every repository: a pipe in its place would hold up whoever reads it.
_FILES = ("HEAD", "index", "commondir", "gitdir")
_SHARED_FILES = ("config", "packed-refs", "shallow")
_MOST_IN_A_POINTER = 8192


@dataclass(frozen=True, slots=True)
class Repository:
    """``git_dir`` has HEAD and the index, ``common_dir`` objects and branches; most often they are one."""

    directory: str
    git_dir: str
    common_dir: str
    is_bare: bool = False


def find(directory: str, *, trusted: bool = False) -> Repository:
    """The repository whose work tree is ``directory``, or that it is; raises Unreadable if there is none."""
    directory = os.path.realpath(directory)
    if not os.path.isdir(directory):
        raise Unreadable(State.MISSING, "The directory is not there.")
    try:
        found = _look(directory, trusted)
        _check(found, trusted)
    except (OSError, ValueError) as error:  # a ValueError: a name with a NUL
        raise Unreadable(State.BROKEN, f"The repository cannot be read: {error}.") from None
    return found


def _look(directory: str, trusted: bool) -> Repository:
    dot = os.path.join(directory, ".git")
    kind = _kind(dot)
    if kind is None:
        return _bare(directory)
    if kind == stat.S_IFDIR:
        return _of_git_dir(directory, dot, trusted, is_own=True)
    if kind == stat.S_IFREG:
        return _of_git_dir(directory, _pointer(dot, "gitdir: "), trusted)
    if kind == stat.S_IFLNK and trusted:
        return _of_git_dir(directory, os.path.realpath(dot), trusted)
    raise _elsewhere(".git is neither a directory nor a file.")


def _bare(directory: str) -> Repository:
    if not _is_git_dir(directory):
        raise Unreadable(State.NONE, "There is no git repository here.")
    if _kind(os.path.join(directory, "commondir")) is not None:
        raise Unreadable(State.ELSEWHERE, "The repository has its branches in another one.")
    return Repository(directory, directory, directory, is_bare=True)


def _of_git_dir(directory: str, git_dir: str, trusted: bool, *, is_own: bool = False) -> Repository:
    """The repository of ``git_dir``, which is .git itself (``is_own``) or what that names: of a linked work
    tree, of a submodule, or a separated one."""
    if not os.path.isdir(git_dir):
        raise Unreadable(State.BROKEN, ".git names a repository that is not there.")
    if _kind(os.path.join(git_dir, "commondir")) is not None:
        return _of_common_dir(directory, git_dir, trusted)
    if is_own or trusted or _inside(git_dir, directory) or _names_work_tree(git_dir, directory):
        return Repository(directory, git_dir, git_dir)
    raise _elsewhere(".git names a repository outside, which does not know of this directory.")


def _of_common_dir(directory: str, git_dir: str, trusted: bool) -> Repository:
    """Of a linked work tree: HEAD and index of its own, and all else in the main repository."""
    common = _pointer(os.path.join(git_dir, "commondir"))
    # Inside of the main repository, and written by it: that is how it says that the work tree is its own.
    belongs = os.path.dirname(git_dir) == os.path.join(common, "worktrees")
    if trusted or (belongs and (_inside(common, directory) or _knows(git_dir, directory))):
        return Repository(directory, git_dir, common)
    raise _elsewhere("The repository has its branches in another one, which does not know of this directory.")


def _knows(git_dir: str, directory: str) -> bool:
    return _pointer(os.path.join(git_dir, "gitdir")) == os.path.join(directory, ".git")


def _names_work_tree(git_dir: str, directory: str) -> bool:
    """Whether the repository of a submodule, by its ``core.worktree``, belongs to ``directory``."""
    named = config.work_tree(git_dir)
    return named is not None and os.path.realpath(os.path.join(git_dir, named)) == directory


def _check(found: Repository, trusted: bool) -> None:
    """Refuse what is no repository, what would block its reader, and, untrusted, what leads outside."""
    if not _is_git_dir(found.common_dir) and found.common_dir == found.git_dir:
        raise Unreadable(State.BROKEN, "What is in .git is no repository.")
    own = [os.path.join(found.git_dir, name) for name in _FILES]
    for path in (*own, *(os.path.join(found.common_dir, name) for name in _SHARED_FILES)):
        if _kind(path) not in (None, stat.S_IFREG):
            raise Unreadable(State.BROKEN, f"{os.path.basename(path)} of the repository is no file.")
    if not trusted and _leads_out(found.common_dir):
        raise _elsewhere("A part of the repository is a link, or borrows objects from another one.")


def _leads_out(common: str) -> bool:
    objects = os.path.join(common, "objects")
    with os.scandir(objects) as entries:
        links = any(entry.is_symlink() for entry in entries)
    parts = (os.path.join(common, name) for name in SHARED)
    borrowed = os.path.lexists(os.path.join(objects, "info", "alternates"))
    return links or borrowed or any(os.path.islink(part) for part in parts)


def _is_git_dir(path: str) -> bool:
    """What git itself asks of a directory before it takes it for a repository."""
    return _kind(os.path.join(path, "HEAD")) is not None and all(
        os.path.isdir(os.path.join(path, name)) for name in ("objects", "refs")
    )


def _pointer(path: str, prefix: str = "") -> str:
    """The real path that a small file names, relative to the directory that the file is in."""
    if _kind(path) != stat.S_IFREG:
        raise Unreadable(State.BROKEN, f"{os.path.basename(path)} is no file.")
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        text = os.fsdecode(file.read(_MOST_IN_A_POINTER)).rstrip("\r\n")
    if not text.startswith(prefix):
        raise Unreadable(State.BROKEN, f"{os.path.basename(path)} names no repository.")
    return os.path.realpath(os.path.join(os.path.dirname(path), text[len(prefix) :]))


def _kind(path: str) -> int | None:
    """Of the entry itself, links not followed; None if there is none."""
    try:
        return stat.S_IFMT(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _inside(path: str, directory: str) -> bool:
    return path.startswith(directory + os.sep)


def _elsewhere(why: str) -> Unreadable:
    return Unreadable(State.ELSEWHERE, f"{why} An admin can trust this workspace.")
