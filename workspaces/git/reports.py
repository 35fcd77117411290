"""What can be asked of a repository: its status, its latest commits, and what differs from HEAD.

Nothing here raises: a repository that cannot be read is a ``state`` with a sentence, which users see.
Each call starts a few short processes and blocks, so an event loop calls it in a thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from . import porcelain
from .porcelain import Change
from .process import NotInstalled, TooSlow
from .reader import Reader, reading
from .state import State, Unreadable

MOST_CHANGES = 200
MOST_OF_NAMES = 50_000  # characters in all: a frame stays of a size that every client takes
MOST_IN_A_DIFF = 1024 * 1024
_EMPTY_TREE = ("hash-object", "-t", "tree", "--stdin")
_COMMIT = ("%H", "%P", "%an", "%ae", "%cI", "%s")

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Status:
    """What ``git status`` says; ``truncated``: git had more to say than was read."""

    state: State
    detail: str = ""
    trusted: bool = False
    report: porcelain.Report | None = None
    truncated: bool = False

    def as_data(self) -> dict[str, Any]:
        """How it looks in events and in REST: the first changes named, and all that were seen counted."""
        report = self.report or porcelain.Report()
        named = _named(report.changes)
        return {
            "state": str(self.state),
            "detail": self.detail,
            "branch": report.branch,
            "oid": report.oid,
            "upstream": report.upstream,
            "ahead": report.ahead,
            "behind": report.behind,
            "stash": report.stash,
            "clean": self.report is not None and not report.changes and not self.truncated,
            "counts": _counts(report.changes),
            "files": [asdict(change) for change in named],
            "truncated": self.truncated or len(named) < len(report.changes),
            "trusted": self.trusted,
        }


@dataclass(frozen=True, slots=True)
class Commit:
    oid: str
    parents: tuple[str, ...]
    author: str
    email: str
    date: str  # of the committer; ISO 8601
    subject: str


@dataclass(frozen=True, slots=True)
class Log:
    state: State
    detail: str = ""
    commits: tuple[Commit, ...] = ()
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Diff:
    """``patch`` is git's own format, with what is no UTF-8 replaced; cut off if ``truncated``."""

    state: State
    detail: str = ""
    patch: str = ""
    truncated: bool = False


def status(directory: str, *, trusted: bool = False) -> Status:
    """Branch, upstream, stash and every file that differs."""

    def ask(git: Reader) -> Status:
        if git.is_bare:
            oid, branch = git.head()
            report = porcelain.Report(branch=branch, oid=oid)
            return Status(State.BARE, "A bare repository has no files of its own.", trusted, report)
        # Submodules are compared by their commit alone: a look inside would run what they configure.
        said = git.run(*_STATUS)
        report = porcelain.parse(said.data)
        if not trusted:
            report.changes = _marked(git, report.changes)
        return Status(State.OK, "", trusted, report, said.truncated)

    return _answer(directory, trusted, ask, lambda state, detail: Status(state, detail, trusted))


_STATUS = (
    *("status", "--porcelain=v2", "--branch", "--show-stash", "-z"),
    *("--untracked-files=normal", "--ignore-submodules=dirty", "--find-renames"),
)


def _marked(git: Reader, changes: Sequence[Change]) -> list[Change]:
    """``changes`` with those marked ``filtered`` whose filters were not run."""
    asked = [change.path for change in changes[:MOST_CHANGES] if change.worktree == "M"]
    filtered = git.filtered(asked) if asked else set()
    return [replace(change, filtered=change.path in filtered) for change in changes]


def log(
    directory: str, *, trusted: bool = False, limit: int = 20, skip: int = 0, path: bytes | None = None
) -> Log:
    """The latest commits of HEAD, or those of them that changed ``path``."""

    def ask(git: Reader) -> Log:
        if git.head()[0] is None:
            return Log(State.BARE if git.is_bare else State.OK)
        said = git.run(*_log(limit + 1, skip), *_on(path))
        commits = _commits(said.data)
        state = State.BARE if git.is_bare else State.OK
        return Log(state, "", tuple(commits[:limit]), len(commits) > limit or said.truncated)

    return _answer(directory, trusted, ask, Log)


def diff(
    directory: str, *, trusted: bool = False, path: bytes | None = None, most: int = MOST_IN_A_DIFF
) -> Diff:
    """What differs between HEAD and the files, in all of them or in ``path``; not what is untracked."""

    def ask(git: Reader) -> Diff:
        if git.is_bare:
            return Diff(State.BARE, "A bare repository has no files of its own.")
        base = git.head()[0] or git.run(*_EMPTY_TREE).data.decode().strip()
        said = git.run(*_DIFF, base, *_on(path), most=most)
        return Diff(State.OK, "", said.data.decode(errors="replace"), said.truncated)

    return _answer(directory, trusted, ask, Diff)


_DIFF = (
    *("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--find-renames", "--submodule=short"),
    *("--ignore-submodules=dirty", "--src-prefix=a/", "--dst-prefix=b/"),
)


def _log(limit: int, skip: int) -> Sequence[str]:
    fields = "%x00".join(_COMMIT)
    return (
        *("log", "-z", f"--max-count={limit}", f"--skip={skip}", f"--format=tformat:{fields}"),
        *("--no-show-signature", "--no-mailmap", "--no-color", "--no-ext-diff", "--no-textconv"),
        *("--encoding=UTF-8", "HEAD"),
    )


def _on(path: bytes | None) -> Sequence[str]:
    return ("--",) if path is None else ("--", path.decode("utf-8", "surrogateescape"))


def _commits(said: bytes) -> list[Commit]:
    fields = [field.decode(errors="replace") for field in said.split(b"\0")[:-1]]
    size = len(_COMMIT)
    rows = (fields[start : start + size] for start in range(0, len(fields) - size + 1, size))
    return [Commit(oid, tuple(parents.split()), *rest) for oid, parents, *rest in rows]


def _answer(
    directory: str, trusted: bool, ask: Callable[[Reader], R], refuse: Callable[[State, str], R]
) -> R:
    try:
        with reading(directory, trusted=trusted) as git:
            return ask(git)
    except Unreadable as error:
        return refuse(error.state, error.detail)
    except TooSlow:
        return refuse(State.TIMEOUT, "Git did not answer in time.")
    except NotInstalled:
        return refuse(State.NOT_INSTALLED, "Git is not installed here.")
    except OSError as error:
        return refuse(State.BROKEN, f"The repository cannot be read: {error}.")


def _named(changes: Sequence[Change]) -> Sequence[Change]:
    length = 0
    for place, change in enumerate(changes[:MOST_CHANGES]):
        length += len(change.path) + len(change.old_path or "")
        if length > MOST_OF_NAMES:
            return changes[:place]
    return changes[:MOST_CHANGES]


def _counts(changes: Sequence[Change]) -> dict[str, int]:
    tracked = [each for each in changes if not each.is_untracked and each.conflict is None]
    return {
        "staged": sum(each.index != porcelain.UNCHANGED for each in tracked),
        "unstaged": sum(each.worktree != porcelain.UNCHANGED for each in tracked),
        "untracked": sum(each.is_untracked for each in changes),
        "conflicted": sum(each.conflict is not None for each in changes),
    }
