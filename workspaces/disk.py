"""A directory as it is now, read in a way that nothing in it can mislead.

Every folder is opened from the directory downwards, name by name, and no link is followed, so there is
no way out and no loop.  Nothing is opened but folders and regular files.  What is ignored is passed over,
with all that is in it, and so is what has a path that is too long to be kept.
"""

import errno
import hashlib
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Self

from . import paths
from .ignoring import FILE, MOST_BYTES, Rules
from .paths import folder_of, join
from .picture import Entry, Kind, entry_of

PATIENCE = 120.0  # seconds that one look may take; a million files take a third of it
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Nonblocking, as it might be a pipe by the time that it is opened.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
# Not there any more, a link by now, or not ours to read: no entry, or one with nothing in it.
_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EPERM, errno.ENXIO}


class Disk:
    """One look at the directory ``root``; raises OSError if it cannot be read, or takes too long.

    ``ignore`` are patterns beside those of the directory itself; a file of up to ``most_hashed`` bytes
    has a digest.
    """

    def __init__(self, root: str, ignore: str = "", most_hashed: int = 0) -> None:
        self._most_hashed = most_hashed
        self._own = ignore
        self._rules: dict[str, Rules | None] = {}
        self._deadline = time.monotonic() + PATIENCE
        self._root = os.open(root, _FOLDER)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._root)

    def look(self, asked: Iterable[str]) -> dict[str, Entry]:
        """The entries at those of ``asked`` where there is one, without digests."""
        found = {}
        by_folder: dict[str, list[str]] = {}
        for path in asked:
            by_folder.setdefault(folder_of(path), []).append(path)
        for folder, some in by_folder.items():
            with self._opened(folder) as descriptor:
                rules = self._rules_in(folder, descriptor)
                for path in some if descriptor is not None and rules is not None else ():
                    entry = self._entry(descriptor, path)
                    if entry and not rules.ignores(path, entry.kind == Kind.FOLDER):
                        found[path] = entry
        return found

    def walk(self, folder: str = "") -> Iterator[tuple[str, Entry]]:
        """All that is below ``folder``, without digests."""
        folders = [folder]
        while folders:
            for path, entry in self.entries(folders.pop()):
                yield path, entry
                if entry.kind == Kind.FOLDER:
                    folders.append(path)

    def entries(self, folder: str) -> Iterator[tuple[str, Entry]]:
        """What is in ``folder`` itself, without digests."""
        with self._opened(folder) as descriptor:
            rules = self._rules_in(folder, descriptor)
            if descriptor is None or rules is None:
                return
            with os.scandir(descriptor) as found:
                for each in found:
                    if time.monotonic() > self._deadline:
                        raise TimeoutError(errno.ETIMEDOUT, "it takes too long")
                    path = join(folder, _text(each.name))
                    if rules.ignores(path, each.is_dir(follow_symlinks=False)) or paths.is_too_long(path):
                        continue
                    try:
                        entry = entry_of(each.stat(follow_symlinks=False))
                    except FileNotFoundError:  # gone since
                        continue
                    yield path, entry

    def digested(self, path: str, entry: Entry) -> Entry | None:
        """``entry`` with the digest of what is at ``path``; as it is now, if it has changed since."""
        if entry.kind != Kind.FILE or entry.size > self._most_hashed:
            return entry
        with self._opened(folder_of(path)) as folder:
            descriptor = _open_file(folder, _name(path))
            if descriptor is None:
                return entry if folder is not None and self._entry(folder, path) == entry else None
            with open(descriptor, "rb", buffering=0) as file:
                return self._read(file.fileno())

    def _read(self, descriptor: int) -> Entry:
        digest, size = hashlib.sha256(), 0
        while size <= self._most_hashed and (piece := os.read(descriptor, 1 << 18)):
            digest.update(piece)
            size += len(piece)
        found = entry_of(os.fstat(descriptor))
        # A file that grows while it is read is not what was read.
        return found._replace(digest=digest.hexdigest()) if found.size == size <= self._most_hashed else found

    def _entry(self, folder: int, path: str) -> Entry | None:
        if paths.is_too_long(path):
            return None
        try:
            return entry_of(os.lstat(_name(path), dir_fd=folder))
        except OSError as error:
            return _none_if_absent(error)
        except ValueError:  # no name is written like that
            return None

    def _rules_in(self, folder: str, descriptor: int | None) -> Rules | None:
        """What is ignored in ``folder``; None if it is ignored itself."""
        if folder not in self._rules:
            self._rules[folder] = self._read_rules(folder, descriptor)
        return self._rules[folder]

    def _read_rules(self, folder: str, descriptor: int | None) -> Rules | None:
        if not folder:
            above: Rules | None = Rules.of_workspace(self._own)
        else:
            above = self._rules_above(folder)
            if above is None or above.ignores(folder, True):
                return None
        return above.within(folder, _read_text(descriptor, FILE)) if above else None

    def _rules_above(self, folder: str) -> Rules | None:
        over = folder_of(folder)
        if over in self._rules:
            return self._rules[over]
        with self._opened(over) as descriptor:
            return self._rules_in(over, descriptor)

    @contextmanager
    def _opened(self, folder: str) -> Iterator[int | None]:
        descriptor = self._open(folder)
        try:
            yield descriptor
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _open(self, folder: str) -> int | None:
        descriptor = os.dup(self._root)
        for name in folder.split("/") if folder else ():
            try:
                inner = os.open(paths.to_bytes(name), _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
            except OSError as error:
                return _none_if_absent(error)
            except ValueError:
                return None
            finally:
                os.close(descriptor)
            descriptor = inner
        return descriptor


def _text(name: str) -> str:
    """How a name that the system has given is written."""
    return name if name.isascii() and "\\" not in name else paths.to_text(os.fsencode(name))


def _name(path: str) -> bytes:
    return paths.to_bytes(path.rpartition("/")[2])


def _read_text(folder: int | None, name: str) -> str | None:
    descriptor = _open_file(folder, name.encode())
    if descriptor is None:
        return None
    with open(descriptor, "rb") as file:
        return file.read(MOST_BYTES).decode(errors="replace")


def _open_file(folder: int | None, name: bytes) -> int | None:
    """A descriptor of the regular file ``name``, or None; a device may act when it is opened, so it is
    looked at first."""
    if folder is None:
        return None
    try:
        if not stat.S_ISREG(os.lstat(name, dir_fd=folder).st_mode):
            return None
        descriptor = os.open(name, _FILE, dir_fd=folder)
    except OSError as error:
        return _none_if_absent(error)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def _none_if_absent(error: OSError) -> None:
    if error.errno not in _ABSENT:
        raise error
