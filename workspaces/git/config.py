"""What git is told instead of the configuration that it finds.

A repository's configuration can name programs in dozens of places (``core.fsmonitor``, ``filter.*``,
``diff.external``, ``gpg.program`` ...), more with each release, and can change between a look at it and
the run.  So no list of dangerous keys is switched off: git never reads that file.  It reads one that we
write, with those keys of a list that only describe the repository, and with ``trusted`` those of filters.
"""

import os
import re
from collections.abc import Iterable, Mapping

from .process import run
from .state import State, Unreadable

_TAKEN = re.compile(
    r"core\.(repositoryformatversion|filemode|symlinks|ignorecase|precomposeunicode|autocrlf|eol"
    r"|sparsecheckout|sparsecheckoutcone|abbrev)"
    r"|extensions\.(objectformat|refstorage|compatobjectformat)"
    r"|branch\..+\.(remote|merge)"
    r"|remote\..+\.fetch",
    re.DOTALL,
)
_TAKEN_IF_TRUSTED = re.compile(r"filter\..+\.(clean|smudge|process|required)", re.DOTALL)
_OURS = (
    ("core.bare", "false"),
    ("core.fsmonitor", "false"),
    ("core.untrackedcache", "false"),
    ("core.hookspath", os.devnull),
    ("core.bigfilethreshold", "8m"),  # a larger file is binary in a diff: it is not read into memory
    ("diff.autorefreshindex", "false"),  # which is a lock that GIT_OPTIONAL_LOCKS does not mean
    ("diff.renamelimit", "400"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
)
_SECONDS = 5.0
_MOST = 1024 * 1024

Setting = tuple[str, str]


def replacement(common_dir: str, *, trusted: bool = False) -> str:
    """The text of the configuration that git gets instead of the one in ``common_dir``."""
    found = _settings(os.path.join(common_dir, "config"))
    taken = [(name, value) for name, value in found if _is_taken(name, trusted)]
    return _written([*taken, *_OURS])


def work_tree(git_dir: str) -> str | None:
    """Where the repository says that its work tree is."""
    return dict(_settings(os.path.join(git_dir, "config"))).get("core.worktree")


def _settings(path: str) -> list[Setting]:
    """All that stands in a file of configuration; what it includes is not read."""
    if not os.path.isfile(path):
        return []
    said = run(
        ["config", "--file", path, "--no-includes", "--list", "-z"], "/", {}, seconds=_SECONDS, most=_MOST
    )
    if said.code or said.truncated:
        raise Unreadable(State.BROKEN, "The configuration of the repository cannot be read.")
    return [_setting(record) for record in said.data.split(b"\0")[:-1]]


def _setting(record: bytes) -> Setting:
    name, separator, value = record.decode("utf-8", "surrogateescape").partition("\n")
    return name, value if separator else "true"


def _is_taken(name: str, trusted: bool) -> bool:
    return bool(_TAKEN.fullmatch(name) or (trusted and _TAKEN_IF_TRUSTED.fullmatch(name)))


def _written(settings: Iterable[Setting]) -> str:
    return "".join(_section(name) + f" = {_quoted(value, _IN_A_VALUE)}\n" for name, value in settings)


def _section(name: str) -> str:
    section, _, rest = name.partition(".")
    middle, _, key = rest.rpartition(".")
    inside = f" {_quoted(middle, _IN_A_NAME)}" if middle else ""
    return f"[{section}{inside}]\n\t{key}"


_IN_A_NAME = {"\\": "\\\\", '"': '\\"'}
_IN_A_VALUE = {**_IN_A_NAME, "\n": "\\n", "\t": "\\t", "\b": "\\b"}


def _quoted(text: str, escapes: Mapping[str, str]) -> str:
    return '"' + "".join(escapes.get(character, character) for character in text) + '"'
