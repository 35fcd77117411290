"""What of a directory nobody needs to see: by its ``.gitignore`` files, by an admin, and always.

The patterns come from whoever can write into the directory, so they are bounded: a pattern with more
wildcards than WILDCARDS could keep one name busy for seconds (``*a*a*a*a*a*b``), and is not honoured.
"""

import re
import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache

from pathspec.patterns.gitignore import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

FILE = ".gitignore"
MOST_BYTES = 64 * 1024  # of one .gitignore
MOST_PATTERNS = 1000
MOST_COSTLY = 20  # patterns with as many wildcards as may be
WILDCARDS = 3  # three take 5 ms for the worst name, four a third of a second

GIT = ".git"
TEMPORARY = ".gathering-"  # what is being written through the API
USUALLY = (
    *("node_modules/", ".venv/", "__pycache__/", ".cache/", ".mypy_cache/", ".pytest_cache/"),
    *(".ruff_cache/", ".tox/", ".nox/", ".hypothesis/", ".gradle/", ".DS_Store"),
)
_STARS = re.compile(r"\*+")
_IN_ANY_FOLDER = "^(?:.+/)?"
_FOLDER_MARK = "ps_d"  # pathspec's name for the slash at which a pattern for folders ends


class Rules:
    """What is ignored in one folder: by its own ``.gitignore``, else by the rules of the folder above."""

    def __init__(self, folder: str, text: str, above: "Rules | None" = None) -> None:
        self._above = above
        self._patterns = parse(text)
        self._start = len(folder) + 1 if folder else 0

    @classmethod
    def of_workspace(cls, own: str) -> "Rules":
        """Those of every workspace, and its ``own``."""
        return cls("", "\n".join((*USUALLY, own)))

    def within(self, folder: str, text: str | None) -> "Rules":
        """The rules in ``folder``, whose ``.gitignore`` is ``text``, if it has one."""
        return Rules(folder, text, self) if text else self

    def ignores(self, path: str, is_folder: bool) -> bool:
        """Whether ``path`` is ignored, if the folder that it is in is not."""
        name = path.rpartition("/")[2]
        if name.lower() == GIT or name.startswith(TEMPORARY):
            return True
        end = "/" if is_folder else ""
        rules: Rules | None = self
        while rules is not None:
            verdict = rules._patterns.verdict(name + end, path[rules._start :] + end)
            if verdict is not None:
                return verdict
            rules = rules._above
        return False


class Patterns:
    """The patterns of one file, of which the last that matches decides.

    Almost no name matches any, so all are first tried as one: a second for 50,000 files otherwise.
    """

    def __init__(self, patterns: Sequence[GitIgnoreSpecPattern]) -> None:
        self._last_first = [(each.regex, bool(each.include)) for each in reversed(patterns)]
        self._names = _any_of(each for each in patterns if _is_of_a_name(each))
        self._paths = _any_of(each for each in patterns if not _is_of_a_name(each))

    def verdict(self, name: str, path: str) -> bool | None:
        """Whether they ignore ``path``, or take it back; None if they do not speak of it."""
        if not (self._names and self._names.match(name)) and not (self._paths and self._paths.match(path)):
            return None
        for regex, ignores in self._last_first:
            found = regex.match(path)
            if found and _is_whole(found):
                return ignores
        return None


@lru_cache(maxsize=512)
def parse(text: str) -> Patterns:
    """The patterns of ``text``, without those that are none and those that could take too long."""
    taken, costly = [], 0
    for line in text.split("\n")[:MOST_PATTERNS]:
        wildcards = len(_STARS.findall(line))
        costly += wildcards == WILDCARDS
        if wildcards < WILDCARDS or (wildcards == WILDCARDS and costly <= MOST_COSTLY):
            taken.append(line)
    return Patterns(list(_patterns(taken)))


def _patterns(lines: Iterable[str]) -> Iterable[GitIgnoreSpecPattern]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # "[[" in a pattern
        for line in lines:
            try:
                pattern = GitIgnoreSpecPattern(line.removesuffix("\r"))
            except (GitIgnorePatternError, re.error):  # git, too, passes over what it cannot read
                continue
            if pattern.include is not None:
                yield pattern


def _is_of_a_name(pattern: GitIgnoreSpecPattern) -> bool:
    """Whether it speaks of a name in any folder, and so can be tried on the name alone."""
    rest = str(pattern.pattern).removeprefix("!").removeprefix("**/").rstrip().rstrip("/")
    return pattern.regex.pattern.startswith(_IN_ANY_FOLDER) and "/" not in rest


def _any_of(patterns: Iterable[GitIgnoreSpecPattern]) -> re.Pattern[str] | None:
    texts = [each.regex.pattern.replace(f"?P<{_FOLDER_MARK}>", "?:") for each in patterns]
    return re.compile("|".join(f"(?:{text})" for text in texts)) if texts else None


def _is_whole(found: re.Match[str]) -> bool:
    """Whether the path itself was matched, not a folder that it is in: whether that is ignored was asked
    before.  (And ``a/**`` is what is in the folder, not the folder.)"""
    if _FOLDER_MARK in found.re.groupindex and found[_FOLDER_MARK]:
        return found.end() == len(found.string)
    return not found.re.pattern.endswith("/") or found.end() < len(found.string)
