"""What a directory holds, as values: an entry for each path, and the changes between two pictures."""

import os
import stat
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symlink"  # never followed
    OTHER = "other"  # a device, a pipe, a socket: never opened


class Entry(NamedTuple):
    """What is at a path.  A folder has no size and no time of its own: both follow from what is in it."""

    kind: Kind
    size: int
    mtime_ns: int
    inode: int
    digest: str = ""  # SHA-256 of the content, in hex; "" of what is no file, or too large, or unreadable


_KINDS = {stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.FOLDER, stat.S_IFLNK: Kind.SYMLINK}
_MOST = 2**63 - 1  # what a database takes; ext4 has dates, and overlays have inodes, beyond it


def entry_of(found: os.stat_result, digest: str = "") -> Entry:
    """The entry of what ``lstat`` has found."""
    kind = _KINDS.get(stat.S_IFMT(found.st_mode), Kind.OTHER)
    inode = found.st_ino & _MOST
    if kind == Kind.FOLDER:
        return Entry(kind, 0, 0, inode)
    return Entry(kind, found.st_size, max(-_MOST, min(found.st_mtime_ns, _MOST)), inode, digest)


class What(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    MOVED = "moved"


class Change(NamedTuple):
    """One step from a picture to the next; ``entry`` is what is at ``path`` now, or was, if deleted.

    A folder that moved takes everything in it along, in one step.
    """

    what: What
    path: str
    entry: Entry
    old_path: str | None = None
