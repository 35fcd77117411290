"""Folders that git would take for a repository, whatever they are called.

Git runs what the configuration of a repository names, and it takes any folder for one that has a HEAD
and objects and refs (or a file that says where those are).  So whoever could put these into a folder
could have a program run by the next person whose prompt or editor asks git about it.
"""

import os

from gathering.protocol.errors import NotAllowed

_MAKE_ONE = ((b"HEAD", b"objects", b"refs"), (b"HEAD", b"commondir"))


def refuse_inside(folder: int) -> None:
    """Raise NotAllowed if ``folder`` is a repository: nothing is changed in one here."""
    if any(all(_has(folder, name) for name in names) for names in _MAKE_ONE):
        raise NotAllowed("That is inside of a git repository, which belongs to git.")


def refuse_making(folder: int, name: bytes) -> None:
    """Raise NotAllowed if ``folder`` would be a repository once it had ``name``."""
    for names in _MAKE_ONE:
        others = [other for other in names if other.lower() != name.lower()]
        if len(others) < len(names) and all(_has(folder, other) for other in others):
            raise NotAllowed("With that the folder would be a git repository: make one with git.")


def _has(folder: int, name: bytes) -> bool:
    try:
        os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True
