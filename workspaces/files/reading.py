"""Reading a file: at most so many bytes, and the hash of exactly what was read."""

import hashlib
import os
from dataclasses import dataclass

from gathering.protocol.errors import BadRange, TooLarge
from workspaces.picture import Entry, entry_of

from .folder import open_file, parent
from .names import Parts

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes that are asked for: from ``start`` to ``end``, not included; a negative start counts from the
    end of the file, and without an ``end`` the range goes up to there."""

    start: int = 0
    end: int | None = None

    def of(self, size: int) -> tuple[int, int]:
        """Where it begins and ends in a file of ``size`` bytes; raises BadRange if it holds none of them."""
        start = max(0, size + self.start) if self.start < 0 else self.start
        end = size if self.end is None else min(self.end, size)
        if start >= end:
            raise BadRange(f"The file has {size} bytes, and none of them are in that range.")
        return start, end


@dataclass(frozen=True, slots=True)
class Content:
    """``data`` of a file, which begin at ``start`` of ``entry.size`` bytes.

    ``entry.digest`` is that of the whole file as it was read; "" for one that is larger than was allowed,
    of which only ranges are read.
    """

    entry: Entry
    data: bytes
    start: int = 0


def read(directory: str, parts: Parts, part: Range | None = None, *, most: int) -> Content:
    """The file, or a ``part`` of it; raises TooLarge for more than ``most`` bytes."""
    with parent(directory, parts) as (folder, name), open(open_file(folder, name), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            return _part_of_large(file.fileno(), part, most)
        data = file.read(most + 1)
        if len(data) > most:  # it has grown since
            raise _too_large(most)
        entry = entry_of(os.fstat(file.fileno()), hashlib.sha256(data).hexdigest())
    entry = entry._replace(size=len(data))
    if part is None:
        return Content(entry, data)
    start, end = part.of(len(data))
    return Content(entry, data[start:end], start)


def digest(descriptor: int) -> str:
    """The SHA-256 of all that is in an open file, in hex."""
    hashed = hashlib.sha256()
    position = 0
    while chunk := os.pread(descriptor, _CHUNK, position):
        hashed.update(chunk)
        position += len(chunk)
    return hashed.hexdigest()


def _part_of_large(descriptor: int, part: Range | None, most: int) -> Content:
    found = os.fstat(descriptor)
    if part is None:
        raise _too_large(most)
    start, end = part.of(found.st_size)
    if end - start > most:
        raise _too_large(most)
    return Content(entry_of(found), os.pread(descriptor, end - start, start), start)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"That is more than {most} bytes: ask for a range of them.")
