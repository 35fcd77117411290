"""The git of one workspace: asked when its HEAD, index or branches move, or the files do."""

import os
import time
from collections.abc import Iterable

from workspaces import actions, git
from workspaces.models import Workspace

from .ears import Ears, Noise
from .worker import Worker

DEBOUNCE = 0.3  # seconds; a checkout touches the index and HEAD and a hundred files
SHARE = 3  # of the time that git takes, at least so many times pass before it is asked again
MOST_FOLDERS = 1000  # of branches
_REFS = ("refs", "reftable")


class History(Worker):
    def __init__(self, workspace: Workspace, ears: Ears) -> None:
        super().__init__(f"git of workspace {workspace.pk}")
        self._pk, self._path, self._trusted = workspace.pk, workspace.path, workspace.trusted
        self._ears = ears
        self._dot = os.path.join(os.path.realpath(workspace.path), ".git")
        self._listening: set[str] = set()
        self._pause = DEBOUNCE

    def hear(self, noises: Iterable[Noise]) -> None:
        """Be due if one of ``noises`` is of git."""
        mine = {path for _, path in noises if path == self._dot or self._is_of_git(path)}
        if mine:
            # A folder that came again has to be listened to again; of .git itself, all that is in it.
            self._listening = set() if self._dot in mine else self._listening - mine
            self.changed()

    def changed(self) -> None:
        """Something may be another now, for git."""
        self.soon(self._pause)

    def folders(self) -> set[str]:
        """The folders that it wants to hear of."""
        return self._listening

    def work(self) -> None:
        began = time.monotonic()
        self._listen()
        workspace = Workspace.objects.get(pk=self._pk)
        status = git.status(self._path, trusted=self._trusted).as_data()
        commit = workspace.commit
        if status["oid"] != (commit or {}).get("oid"):
            commit = self._latest(status)
        actions.report_git(workspace, status, commit)
        self._pause = max(DEBOUNCE, SHARE * (time.monotonic() - began))

    def _latest(self, status: dict[str, object]) -> dict[str, object] | None:
        for commit in git.log(self._path, limit=1, trusted=self._trusted).commits:
            about = {"author": commit.author, "subject": commit.subject, "date": commit.date}
            return {"oid": commit.oid, "branch": status["branch"], **about}
        return None

    def _listen(self) -> None:
        try:
            found = git.find(self._path, trusted=self._trusted)
        except git.Unreadable:
            return
        folders = {found.git_dir, found.common_dir, *_folders_of_refs(found.common_dir)}
        if new := folders - self._listening:
            self._listening = self._listening | new
            self._ears.listen(new)

    def _is_of_git(self, path: str) -> bool:
        return os.path.dirname(path) in self._listening and not path.endswith(".lock")


def _folders_of_refs(common: str) -> set[str]:
    found: set[str] = set()
    for name in _REFS:
        for folder, _, _ in os.walk(os.path.join(common, name)):
            if len(found) < MOST_FOLDERS and folder.isprintable():
                found.add(folder)
    return found
