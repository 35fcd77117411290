"""Git, set to read one repository.

It runs with a common directory that we made for it, in which objects and branches are links to the real
ones and the configuration is ours (``config.py``); there are no hooks in it.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from workspaces import paths

from . import config
from .process import MOST, Output, run
from .repository import SHARED, Repository, find
from .state import State, Unreadable

_NO_FILTER = (b"unspecified", b"unset", b"set")


@dataclass(frozen=True, slots=True)
class Reader:
    repository: Repository
    variables: Mapping[str, str]

    @property
    def is_bare(self) -> bool:
        return self.repository.is_bare

    def run(self, *args: str, most: int = MOST, codes: Sequence[int] = (0,)) -> Output:
        """What git says to ``args``; raises Unreadable if it ends with a code that is not in ``codes``."""
        said = run(args, self.repository.directory, self.variables, most=most)
        if not said.truncated and said.code not in codes:
            raise Unreadable(State.BROKEN, said.error or f"Git ended with {said.code}.")
        return said

    def head(self) -> tuple[str | None, str | None]:
        """The oid of HEAD (None before the first commit) and the branch (None if it is detached)."""
        oid = self.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}", codes=(0, 1))
        name = self.run("symbolic-ref", "--short", "--quiet", "HEAD", codes=(0, 1))
        return oid.data.decode().strip() or None, name.data.decode(errors="replace").strip() or None

    def filtered(self, names: Iterable[str]) -> set[str]:
        """Those of ``names``, paths as texts, that pass through a filter, by their attributes."""
        args = [os.fsdecode(paths.to_bytes(name)) for name in names]
        said = self.run("check-attr", "-z", "filter", "--", *args).data.split(b"\0")
        found = zip(said[0::3], said[2::3], strict=False)  # path, attribute, value, and so on
        return {paths.to_text(path) for path, value in found if value not in _NO_FILTER}


@contextmanager
def reading(directory: str, *, trusted: bool = False) -> Iterator[Reader]:
    """A reader of the repository of ``directory``; raises Unreadable if there is none to be read."""
    repository = find(directory, trusted=trusted)
    settings = config.replacement(repository.common_dir, trusted=trusted)
    with tempfile.TemporaryDirectory(prefix="gathering-git-") as common:
        for name in SHARED:
            os.symlink(os.path.join(repository.common_dir, name), os.path.join(common, name))
        path = os.path.join(common, "config")
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(settings)
        yield Reader(repository, _variables(repository, common))


def _variables(repository: Repository, common: str) -> dict[str, str]:
    work_tree = {} if repository.is_bare else {"GIT_WORK_TREE": repository.directory}
    return {
        "GIT_DIR": repository.git_dir,
        "GIT_COMMON_DIR": common,
        "GIT_CEILING_DIRECTORIES": os.path.dirname(repository.directory),
        **work_tree,
    }
