"""What a directory holds, as values: an entry for each path, and the changes between two pictures."""

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
