"""A patch as it is read: files, hunks and lines, with the words that differ.  Pure.

Of git's format only what ``git diff`` writes is known; a line that is none of it is left out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

MOST_LINES = 4000  # of a whole patch
MOST_COMPARED = 400  # characters of a line whose words are compared
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)")
_QUOTED = re.compile(r' "b/((?:[^"\\]|\\.)*)"$')  # a name with more than ASCII, as git writes it
_ESCAPE = re.compile(rb"\\([0-3][0-7]{2}|.)")
_LETTERS = dict(zip(b"abtnvfr", b"\a\b\t\n\v\f\r", strict=True))
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass
class Line:
    """``sign`` is ``+``, ``-`` or a space; ``parts`` are pieces of the text and whether they differ."""

    sign: str
    text: str
    old: int | None = None
    new: int | None = None
    parts: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return {"+": "added", "-": "removed"}.get(self.sign, "same")


@dataclass
class Hunk:
    heading: str
    lines: list[Line] = field(default_factory=list)


@dataclass
class FileDiff:
    path: str
    note: str = ""  # what git says of it: new file, deleted file, rename, binary
    hunks: list[Hunk] = field(default_factory=list)


def read(patch: str) -> tuple[list[FileDiff], bool]:
    """The files of ``patch``, and whether there is more than is read."""
    files: list[FileDiff] = []
    lines = patch.split("\n")
    for line in lines[:MOST_LINES]:
        _take(files, line)
    for each in files:
        for hunk in each.hunks:
            _number(hunk)
            _mark(hunk.lines)
    return files, len(lines) > MOST_LINES


def _take(files: list[FileDiff], line: str) -> None:
    if line.startswith("diff --git "):
        files.append(FileDiff(_named(line) or line[11:]))
    elif not files:
        return
    elif _HUNK.match(line):
        files[-1].hunks.append(Hunk(line))
    elif files[-1].hunks and line[:1] in ("+", "-", " "):
        files[-1].hunks[-1].lines.append(Line(line[0], line[1:]))
    elif not files[-1].hunks:
        _header(files[-1], line)


def _header(file: FileDiff, line: str) -> None:
    if line.startswith(("+++ b/", '+++ "b/')):
        file.path = _named(line.rstrip("\t"))
    elif line.startswith(("new file", "deleted file", "rename from", "rename to", "Binary")):
        file.note = f"{file.note}, {line}" if file.note else line


def _named(line: str) -> str:
    quoted = _QUOTED.search(line)
    if quoted is None:
        return line.partition(" b/")[2]
    return _ESCAPE.sub(_byte, quoted[1].encode()).decode(errors="replace")


def _byte(escape: re.Match[bytes]) -> bytes:
    said = escape[1]
    return bytes([int(said, 8) if len(said) == 3 else _LETTERS.get(said[0], said[0])])


def _number(hunk: Hunk) -> None:
    found = _HUNK.match(hunk.heading)
    if found is None:
        return
    old, new = int(found[1]), int(found[2])
    for line in hunk.lines:
        if line.sign != "+":
            line.old, old = old, old + 1
        if line.sign != "-":
            line.new, new = new, new + 1


def _mark(lines: Sequence[Line]) -> None:
    """Where lines were replaced by as many others, mark the words that differ."""
    for line in lines:
        line.parts = [(line.text, False)]
    for removed, added in _replaced(lines):
        if len(removed) == len(added):
            for before, after in zip(removed, added, strict=True):
                _compare(before, after)


def _replaced(lines: Sequence[Line]) -> Iterator[tuple[list[Line], list[Line]]]:
    removed: list[Line] = []
    added: list[Line] = []
    for line in [*lines, Line(" ", "")]:
        if line.sign == "-" and not added:
            removed.append(line)
        elif line.sign == "+" and removed:
            added.append(line)
        else:
            if removed and added:
                yield removed, added
            removed, added = ([line], []) if line.sign == "-" else ([], [])


def _compare(before: Line, after: Line) -> None:
    if max(len(before.text), len(after.text)) > MOST_COMPARED:
        return
    old, new = _WORDS.findall(before.text), _WORDS.findall(after.text)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < 0.3:  # another line altogether
        return
    steps = matcher.get_opcodes()
    before.parts = [("".join(old[a:b]), tag != "equal") for tag, a, b, _, _ in steps if a < b]
    after.parts = [("".join(new[a:b]), tag != "equal") for tag, _, _, a, b in steps if a < b]
