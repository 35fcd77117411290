"""What: the picture of one workspace, kept in line with its directory."""

import gc
import os
import time
from collections.abc import Callable, Iterable

from django.conf import settings

from workspaces import actions, compare, paths
from workspaces.compare import WHOLE, topmost
from workspaces.disk import Disk
from workspaces.models import Workspace
from workspaces.picture import Change, Kind, What

from .ears import Ears, Noise
from .worker import Worker

CHANGED = 2  # a noise of what is the same thing still
WENT = 3
MANY = 10_000  # noises at once; of 16,384 that wait the kernel drops the rest without a word
OF_GIT = "/.git/"
POLL = 2.0  # seconds between two looks at what cannot be heard, or is not there
EVENTS = 100  # in a second, in the long run
SHARE = 10  # of the time that a look takes, at least so many times pass before the next

State = Workspace.State


class Tree(Worker):
    """Hears of one directory, has what it hears of compared, and calls ``changed`` if it differed."""

    def __init__(self, workspace: Workspace, ears: Ears, changed: Callable[[], None]) -> None:
        super().__init__(f"workspace {workspace.pk}")
        self._workspace, self._ears, self._tell = workspace, ears, changed
        self._inside = self._find_root()
        self._noises: set[Noise] = set()
        self._doubt = True
        self._listening: set[str] = set()
        self._unheard: set[str] = set()
        self._reconcile_at = self._poll_at = 0.0
        self._reported: tuple[str, str] | None = None

    def hear(self, noises: Iterable[Noise]) -> None:
        """Take those of ``noises`` that are of this directory."""
        mine = {each for each in noises if f"{each[1]}/".startswith(self._inside) and OF_GIT not in each[1]}
        if not mine:
            return
        with self._changed:
            self._noises |= mine
            if len(self._noises) > MANY:
                self._noises, self._doubt = set(), True
        self.soon()

    def doubt(self, folder: str | None = None) -> None:
        """Something may have been missed: compare everything.  ``folder`` cannot be heard any more."""
        with self._changed:
            self._doubt = True
            if folder is not None and f"{folder}/".startswith(self._inside):
                self._unheard.add(self._relative(folder))
        self.soon()

    def after_outage(self) -> None:
        self.doubt()

    def folders(self) -> set[str]:
        """The folders that it wants to hear of."""
        return {absolute for path in set(self._listening) if (absolute := self._absolute(path))}

    def work(self) -> None:
        began = time.monotonic()
        try:
            self._look()
            self._report(State.OK, "")
        except OSError as error:
            self._doubt = True
            self._listening.clear()  # what comes back may be another directory
            self.rest(max(POLL, SHARE * (time.monotonic() - began)))
            self._report(*_state_of(error))
        due = self._poll_at if self._unheard else self._reconcile_at
        self.soon(0 if self._doubt else due - time.monotonic())

    def _look(self) -> None:
        with self._changed:
            noises, self._noises = self._noises, set()
        named = [(what, self._relative(path)) for what, path in noises]
        began = time.monotonic()
        if (WENT, WHOLE) in named:
            self._doubt = True
            self._listening.clear()
        if self._doubt or began >= self._reconcile_at:
            self._reconcile()
            if self._doubt:  # again, and perhaps again after that
                self.rest(SHARE * (time.monotonic() - began))
            return
        touched = {path for what, path in named if what == CHANGED}
        renewed = {path for what, path in named if what != CHANGED}
        if began < self._poll_at:
            self._take_in(touched, renewed)
        else:
            self._take_in(touched, renewed, self._unheard)
            self._poll_at = time.monotonic() + max(POLL, SHARE * (time.monotonic() - began))

    def _reconcile(self) -> None:
        """Compare everything, and listen to every folder before that."""
        self._doubt = False
        if time.monotonic() >= self._reconcile_at:
            self._unheard.clear()  # another try
        inside = self._find_root()
        if inside != self._inside:
            self._inside, self._listening = inside, set()
        with Disk(self._workspace.path, self._workspace.ignore) as disk:
            folders = {WHOLE} | {path for path, entry in disk.walk() if entry.kind == Kind.FOLDER}
        self._listening &= folders
        self._unheard &= folders
        self._listen(folders - self._listening - self._unheard)
        self._take_in((), compare.differing(self._workspace))
        gc.collect()  # 6 MB after a first look at 50,000 files, which would stay while nothing happens
        self._reconcile_at = time.monotonic() + settings.GATHERING_RECONCILE

    def _take_in(self, touched: Iterable[str], renewed: set[str], listed: Iterable[str] = ()) -> None:
        """Settle; then listen to the folders that are new, and look at them once more: what came into
        them before we listened, nobody has told us."""
        changes = actions.settle(self._workspace, touched, renewed, listed)
        if changes:
            self._tell()
            # So that a storm is told in few summaries, not in many events: a hundred of them a second.
            self.rest(min(len(changes) / EVENTS, 1))
        # (WHOLE is asked for by a reconcile, which has listened to everything before.)
        new = self._not_heard(changes, renewed & self._listening - {WHOLE})
        while new:
            self._listen(new)
            new = self._not_heard(actions.settle(self._workspace, (), topmost(new)))

    def _not_heard(self, changes: Iterable[Change], again: Iterable[str] = ()) -> set[str]:
        """The folders that came or moved, and those that came ``again``: the kernel has forgotten them."""
        folders = [change for change in changes if change.entry.kind == Kind.FOLDER]
        came = {change.path for change in folders if change.what == What.CREATED}
        moved = {change.path for change in folders if change.what == What.MOVED}
        known = self._workspace.files.filter(kind=Kind.FOLDER)
        for path in moved.union(again):
            came |= set(known.below(path).values_list("path", flat=True))
        came |= set(known.filter(path__in=again).values_list("path", flat=True))
        return came | moved

    def _listen(self, folders: Iterable[str]) -> None:
        heard = {path: self._absolute(path) for path in folders}
        self._unheard |= {path for path, absolute in heard.items() if absolute is None}
        self._listening |= heard.keys()
        if not self._ears.listen(absolute for absolute in heard.values() if absolute is not None):
            self._listening -= heard.keys()
            self._unheard |= heard.keys()

    def _find_root(self) -> str:
        return f"{os.path.realpath(self._workspace.path)}/".replace("//", "/")

    def _relative(self, path: str) -> str:
        return paths.to_text(path[len(self._inside) :].encode())

    def _absolute(self, path: str) -> str | None:
        try:
            return f"{self._inside}{paths.to_bytes(path).decode()}".rstrip("/")
        except UnicodeDecodeError:  # watchfiles takes text
            return None

    def _report(self, state: str, note: str) -> None:
        if self._reported != (state, note):
            actions.report_state(self._workspace, state, note)
            self._reported = (state, note)


def _state_of(error: OSError) -> tuple[str, str]:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return State.MISSING, "There is no such directory."
    return State.UNREADABLE, f"The directory cannot be read: {error.strerror or error}."
