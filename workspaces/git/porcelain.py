"""What ``git status --porcelain=v2 -z`` says, as values.  Pure.

https://git-scm.com/docs/git-status: records end with NUL; names are raw bytes; a renamed entry has its
old name in a record of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from workspaces import paths

UNCHANGED = "."


@dataclass(frozen=True, slots=True)
class Change:
    """One file that git has something to say about: ``index`` and ``worktree`` are git's letters.

    ``conflict`` holds both letters of an unmerged one (``UU``, ``AA``, ``DU`` ...) instead.  ``filtered``:
    it is compared without the filter that its attributes ask for, so it may be no change at all.
    """

    path: str
    index: str = UNCHANGED
    worktree: str = UNCHANGED
    old_path: str | None = None
    conflict: str | None = None
    submodule: bool = False
    filtered: bool = False

    @property
    def is_untracked(self) -> bool:
        return self.index == "?"


@dataclass(slots=True)
class Report:
    """All that one run of ``git status`` said.  ``oid`` is None before the first commit, ``branch`` None
    where HEAD is detached, ``ahead`` and ``behind`` None without an upstream that exists."""

    branch: str | None = None
    oid: str | None = None
    upstream: str | None = None
    ahead: int | None = None
    behind: int | None = None
    stash: int = 0
    changes: list[Change] = field(default_factory=list)


def parse(said: bytes) -> Report:
    """Read the output; what follows the last NUL was cut off and is left out."""
    report = Report()
    records = iter(said.split(b"\0")[:-1])
    for record in records:
        if record.startswith(b"# "):
            _header(report, record[2:].decode(errors="replace"))
        elif (change := _change(record, records)) is not None:
            report.changes.append(change)
    return report


def _header(report: Report, line: str) -> None:
    name, _, value = line.partition(" ")
    if name == "branch.oid" and value != "(initial)":
        report.oid = value
    elif name == "branch.head" and value != "(detached)":
        report.branch = value
    elif name == "branch.upstream":
        report.upstream = value
    elif name == "branch.ab":
        ahead, behind = value.split()
        report.ahead, report.behind = int(ahead), -int(behind)
    elif name == "stash":
        report.stash = int(value)


def _change(record: bytes, following: Iterator[bytes]) -> Change | None:
    """The change that ``record`` tells of; None for an ignored file, or one whose old name was cut off."""
    kind = record[:1]
    if kind == b"?":
        return Change(paths.to_text(record[2:]), "?", "?")
    if kind == b"1":
        _, letters, sub, *_, path = record.split(b" ", 8)
        return _tracked(letters, sub, path)
    if kind == b"2":
        _, letters, sub, *_, path = record.split(b" ", 9)
        old = next(following, None)
        return None if old is None else _tracked(letters, sub, path, old)
    if kind == b"u":
        _, letters, sub, *_, path = record.split(b" ", 10)
        return Change(paths.to_text(path), conflict=letters.decode(), submodule=sub != b"N...")
    return None


def _tracked(letters: bytes, sub: bytes, path: bytes, old: bytes | None = None) -> Change:
    index, worktree = letters.decode()
    return Change(
        paths.to_text(path),
        index,
        worktree,
        old_path=None if old is None else paths.to_text(old),
        submodule=sub != b"N...",
    )
