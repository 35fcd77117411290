"""Looking for a text in the files of a workspace, within bounds.

A plain text and no pattern: a pattern of a stranger can keep a server busy for ever.  What is ignored,
large or no text is passed over.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from gathering.accounts.models import User
from gathering.protocol.errors import GatheringError, Unavailable

from . import encodings, files
from .actions import find_workspace
from .disk import Disk
from .models import Workspace
from .picture import Kind

SECONDS = 5.0
MOST_FILES = 20_000
MOST_BYTES = 64 * 1024 * 1024  # in all
LARGEST = 1024 * 1024  # of one file
LONGEST = 300  # characters of a line that are shown


@dataclass(frozen=True, slots=True)
class Match:
    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Matches:
    """``truncated``: there may be more, in files that were not looked at any more."""

    matches: list[Match]
    truncated: bool


class _Enough(Exception):
    """A bound was reached."""


def search(
    user: User, key: str, q: str, path: str = "", limit: int = 100, ignore_case: bool = False
) -> Matches:
    """The lines that hold ``q``, at most ``limit``, in the files of the workspace or of a folder in it."""
    workspace = find_workspace(user, key)
    files.parse_folder(path)
    found: list[Match] = []
    try:
        for each in _matches(workspace, q, path, ignore_case):
            if len(found) == limit:
                raise _Enough
            found.append(each)
    except _Enough:
        return Matches(found, truncated=True)
    except OSError as error:
        raise Unavailable("The directory of this workspace cannot be read.") from error
    return Matches(found, truncated=False)


def _matches(workspace: Workspace, wanted: str, folder: str, ignore_case: bool) -> Iterator[Match]:
    wanted = wanted.casefold() if ignore_case else wanted
    for path, text in _texts(workspace, folder):
        if wanted not in (text.casefold() if ignore_case else text):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if wanted in (line.casefold() if ignore_case else line):
                yield Match(path, number, line[:LONGEST])


def _texts(workspace: Workspace, folder: str) -> Iterator[tuple[str, str]]:
    """The paths and texts of files, until a bound is reached."""
    deadline, left = time.monotonic() + SECONDS, MOST_BYTES
    for path in _paths(workspace, folder):
        if time.monotonic() > deadline or left < 0:
            raise _Enough
        try:
            data = files.read(workspace.path, files.parse(path), most=LARGEST).data
        except GatheringError:  # gone since, not ours to read, or grown
            continue
        left -= len(data)
        text, _ = encodings.decode(data)
        if text is not None:
            yield path, text


def _paths(workspace: Workspace, folder: str) -> Iterator[str]:
    with Disk(workspace.path, workspace.ignore) as disk:
        entries = disk.walk(folder)
        for path, entry in islice(entries, MOST_FILES):
            if entry.kind == Kind.FILE and entry.size <= LARGEST:
                yield path
        if next(entries, None) is not None:
            raise _Enough
