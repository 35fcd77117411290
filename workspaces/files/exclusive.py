"""Renaming to a name that is free, and only then.

``rename(2)`` replaces what is at the new name without a word, and a look before it is no guard: Linux has
``renameat2`` for that, which Python does not offer.
"""

import ctypes
import errno
import os
from collections.abc import Callable
from functools import cache

_NOREPLACE = 1
_NOT_HERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


def rename(source: int, name: bytes, target: int, new: bytes) -> None:
    """Rename ``name`` in the folder ``source`` to ``new`` in ``target``; raises FileExistsError if that is
    taken.  Where the system or the file system cannot do it at once, a look comes before."""
    code = _renameat2()(source, name, target, new)
    if code == 0:
        return
    if code not in _NOT_HERE:
        raise OSError(code, os.strerror(code), new)
    try:
        os.lstat(new, dir_fd=target)
    except FileNotFoundError:
        os.rename(name, new, src_dir_fd=source, dst_dir_fd=target)
        return
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)


@cache
def _renameat2() -> Callable[[int, bytes, int, bytes], int]:
    """The system's call; answers the number of its error, or 0."""
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is None:
        return lambda *_: errno.ENOSYS

    def call(source: int, name: bytes, target: int, new: bytes) -> int:
        done = function(source, ctypes.c_char_p(name), target, ctypes.c_char_p(new), _NOREPLACE)
        return 0 if done == 0 else ctypes.get_errno()

    return call
