"""Opening folders and entries of a workspace, so that nothing can lead out of it.

Every name is opened relative to the descriptor of the folder before it, and never through a link: a
folder that somebody replaces by a link in between is an error, not a way out.  Nothing here looks at a
path twice, so there is no time between a check and a use.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from gathering.protocol.errors import (
    BadField,
    Conflict,
    GatheringError,
    NotAllowed,
    NotFound,
    Unavailable,
)

from .names import Parts, text_of
from .repository import refuse_inside

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Nonblocking, since another might be a pipe by the time that it is opened; no terminal becomes ours.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@contextmanager
def opened(directory: str, parts: Parts = (), *, to_change: bool = False) -> Iterator[int]:
    """A descriptor of the folder at ``parts`` of the workspace at ``directory``, and our errors for the
    system's in the block.

    ``to_change``: it is refused if the folder, or one on the way, is a git repository.
    """
    descriptor = _open_directory(directory)
    try:
        with refusing(parts):
            for part in parts:
                if to_change:
                    refuse_inside(descriptor)
                inner = _open_folder(descriptor, part)
                os.close(descriptor)
                descriptor = inner
            if to_change:
                refuse_inside(descriptor)
            yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def parent(directory: str, parts: Parts, *, to_change: bool = False) -> Iterator[tuple[int, bytes]]:
    """A descriptor of the folder that the entry at ``parts`` is in, and its name there."""
    with opened(directory, parts[:-1], to_change=to_change) as descriptor, refusing(parts):
        yield descriptor, parts[-1]


def open_file(folder: int, name: bytes) -> int:
    """A descriptor for reading the regular file ``name``; of nothing else, and never through a link.

    A device may do something when it is opened, so it is looked at first; what was opened counts.
    """
    _check_regular(os.lstat(name, dir_fd=folder))
    descriptor = os.open(name, _FILE, dir_fd=folder)
    try:
        _check_regular(os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def refusing(parts: Parts) -> Iterator[None]:
    """Our errors for those of the system, about the path of ``parts``."""
    try:
        yield
    except OSError as error:
        refusal = _refusal(error, text_of(parts))
        if refusal is None:
            raise
        raise refusal from error


def _open_directory(directory: str) -> int:
    try:
        return os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Unavailable("The directory of this workspace cannot be opened.") from error


def _open_folder(folder: int, name: bytes) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except NotADirectoryError:  # what Linux says of a link, too
        if stat.S_ISLNK(os.lstat(name, dir_fd=folder).st_mode):
            raise _link() from None
        raise


def _check_regular(found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode):
        return
    if stat.S_ISDIR(found.st_mode):
        raise Conflict("That is a folder, not a file.")
    if stat.S_ISLNK(found.st_mode):
        raise _link()
    raise NotAllowed("Only regular files are read and written here: no pipe, no device, no socket.")


def _link() -> NotAllowed:
    return NotAllowed("Links are not followed here.")


def _refusal(error: OSError, path: str) -> GatheringError | None:
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return NotFound(f"There is no '{path}' here.")
        case errno.ELOOP:
            return _link()
        case errno.EACCES | errno.EPERM | errno.EROFS | errno.ETXTBSY:
            return NotAllowed(f"The server may not do that with '{path}'.")
        case errno.EEXIST | errno.ENOTEMPTY | errno.EISDIR | errno.EBUSY:
            return Conflict(f"Something is at '{path}' already, or in it.")
        case errno.ENAMETOOLONG | errno.EILSEQ | errno.EINVAL:
            return BadField(f"The file system does not take '{path}'.", field="path")
        case errno.EXDEV:
            return Conflict("That is on another file system: copy it, and delete it here.")
        case errno.ENOSPC | errno.EDQUOT | errno.EMFILE | errno.ENFILE | errno.EIO | errno.ESTALE:
            return Unavailable(f"The disk does not take that now: {os.strerror(error.errno)}.")
    return None
