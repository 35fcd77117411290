"""What is in a folder, a page at a time: a hundred thousand names cost one pass over the names."""

import heapq
import os
from collections.abc import Iterator
from typing import NamedTuple

from workspaces.picture import Entry, entry_of

from .folder import opened, parent
from .names import Parts, is_hidden


class Page(NamedTuple):
    """Names with their entries, in order of the names' bytes; ``has_more``: there are names behind them."""

    entries: list[tuple[bytes, Entry]]
    has_more: bool


def page(directory: str, folder: Parts, *, after: bytes = b"", limit: int = 200) -> Page:
    """Up to ``limit`` entries of ``folder`` whose names come after ``after``.

    What appears or goes between two pages may be in none or in both of them; the rest is in one.
    """
    with opened(directory, folder) as descriptor:
        names = heapq.nsmallest(limit + 1, (name for name in _names(descriptor) if name > after))
        found = [(name, entry) for name in names[:limit] if (entry := _look(descriptor, name)) is not None]
        return Page(found, len(names) > limit)


def look(directory: str, parts: Parts) -> Entry:
    """What is at ``parts``; raises NotFound if nothing is."""
    with parent(directory, parts) as (descriptor, name):
        return entry_of(os.lstat(name, dir_fd=descriptor))


def _names(descriptor: int) -> Iterator[bytes]:
    with os.scandir(descriptor) as entries:
        for entry in entries:
            name = os.fsencode(entry.name)
            if not is_hidden(name):
                yield name


def _look(descriptor: int, name: bytes) -> Entry | None:
    try:
        return entry_of(os.lstat(name, dir_fd=descriptor))
    except FileNotFoundError:  # gone since
        return None
