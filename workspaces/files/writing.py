"""Writing a file whole or not at all, and only over what the writer has seen."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum

from gathering.protocol.errors import ChangedMeanwhile, NotAllowed, TooLarge
from workspaces.picture import Entry, entry_of

from . import exclusive
from .folder import open_file, parent
from .names import TEMPORARY, Parts
from .reading import digest
from .repository import refuse_making

MOST_COMPARED = 64 * 1024 * 1024


class Expected(Enum):
    """What a writer may expect instead of a hash."""

    NOTHING = "nothing"  # no entry is there yet
    ANYTHING = "anything"  # a file is there, whatever is in it


Seen = str | Expected


@dataclass(slots=True)
class Written:
    """A file that is on the disk under a name of ours; :meth:`put` gives it its own."""

    folder: int
    name: bytes
    temporary: bytes
    descriptor: int
    digest: str

    def put(self, seen: Seen) -> Entry:
        """Put it at its name, if there is what was ``seen``, and return what is there then; raises
        ChangedMeanwhile otherwise.

        Two who put under one lock cannot both win.  Who writes without it (an editor) can still come
        between the last look and the rename: some microseconds.  If the very same content is there
        already, it was put by an earlier try whose answer was lost, and that is told as done.
        """
        try:
            if seen is Expected.NOTHING:
                refuse_making(self.folder, self.name)
                exclusive.rename(self.folder, self.temporary, self.folder, self.name)
            else:
                self._replace(seen)
        except FileExistsError:
            raise ChangedMeanwhile("Something is there already.") from None
        except ChangedMeanwhile:
            return entry_of(compare(self.folder, self.name, self.digest), self.digest)
        os.fsync(self.folder)
        return entry_of(os.fstat(self.descriptor), self.digest)

    def _replace(self, seen: Seen) -> None:
        old = compare(self.folder, self.name, seen)
        if not old.st_mode & 0o222:
            raise NotAllowed("The file is read-only.")
        with suppress(PermissionError):  # only root may give a file away; else it becomes the server's own
            os.fchown(self.descriptor, old.st_uid, old.st_gid)
        os.fchmod(self.descriptor, old.st_mode & 0o777)
        if not _same(old, os.lstat(self.name, dir_fd=self.folder)):
            raise ChangedMeanwhile
        os.rename(self.temporary, self.name, src_dir_fd=self.folder, dst_dir_fd=self.folder)


@contextmanager
def written(directory: str, parts: Parts, data: bytes) -> Iterator[Written]:
    """``data``, on the disk and synced, beside the place for which they are meant; gone after the block
    unless they were put there."""
    with parent(directory, parts, to_change=True) as (folder, name):
        temporary = TEMPORARY + secrets.token_hex(8).encode()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, _mode_of(folder, name), dir_fd=folder)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
                yield Written(folder, name, temporary, descriptor, hashlib.sha256(data).hexdigest())
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)


def compare(folder: int, name: bytes, seen: Seen) -> os.stat_result:
    """What is at ``name``; raises ChangedMeanwhile if it is not the file that was ``seen``, and TooLarge
    for one of which nobody gets a hash."""
    descriptor = open_file(folder, name)
    try:
        found = os.fstat(descriptor)  # before it is read, so that a change meanwhile shows
        if seen is not Expected.ANYTHING:
            if found.st_size > MOST_COMPARED:
                raise TooLarge(
                    f"A file of more than {MOST_COMPARED} bytes has no hash here: expect any ('*')."
                )
            if digest(descriptor) != seen:
                raise ChangedMeanwhile
        return found
    finally:
        os.close(descriptor)


def _mode_of(folder: int, name: bytes) -> int:
    """The mode to begin with: nobody may read a moment of what they may not read afterwards."""
    try:
        return os.lstat(name, dir_fd=folder).st_mode & 0o777 or 0o600
    except FileNotFoundError:
        return 0o666  # less what the umask takes away


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    return all(
        getattr(one, field) == getattr(other, field)
        for field in ("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")
    )
