"""Append-only files: what a publisher or a client knows for good, even if it is killed in mid-sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

Record = list[Any]  # the first item says what it is


class Journal:
    """Appends records to ``path``, each with one ``write``: it is there whole, or not at all.

    A killed process cannot lose what it wrote, since the kernel has it.  A torn last line is cut off.
    """

    def __init__(self, path: Path) -> None:
        self.records = read(path)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.truncate(self._file, _whole(path.read_bytes()))

    def note(self, *record: Any) -> None:
        """Append one record."""
        os.write(self._file, json.dumps(record).encode() + b"\n")


class Tail:
    """Reads what was appended to ``path`` since the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def more(self) -> list[Record]:
        """The records that are new; a line that is not whole yet is left for later."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
        whole = _whole(text)
        self._offset += whole
        return [json.loads(line) for line in text[:whole].splitlines()]


def read(path: Path) -> list[Record]:
    """All whole records; none if there is no file."""
    return Tail(path).more()


def _whole(text: bytes) -> int:
    return text.rfind(b"\n") + 1
