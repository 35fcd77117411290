"""When: what the kernel says of the folders that it was asked about.

Folders are named one by one.  A recursive watch would take one of the kernel's watches for each folder
of every ``node_modules``, follow links out of the directory, and miss what is made in a new folder before
that is watched.  watchfiles cannot add a folder to those it watches, so there are two ears: an old one
with most folders, and a young one that is made anew for each new folder until it is as large.
"""

import logging
import re
import threading
from collections.abc import Callable, Iterable, Set

from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

logger = logging.getLogger(__name__)

STEP = 20  # ms of silence after which what was heard is told
LONGEST = 200  # ms after which it is told even if there is no silence
PATIENCE = 500  # ms between two looks whether an ear is to close
YOUNG = 256  # folders; a new ear for so many takes 3 ms

_UNHEARD = re.compile(r'Unable to decode path "(/.*)/[^/]*" to string', re.DOTALL)

Noise = tuple[int, str]  # 1 came, 2 changed, 3 went; and the path
Heard = Callable[[set[Noise]], None]
Deaf = Callable[[str | None], None]


class Ears:
    """Calls ``heard`` with what happens in the folders that it was told of, from threads of its own.

    ``deaf`` is called when something may have been missed: with the folder that cannot be heard from now
    on, since a name in it is not UTF-8 and watchfiles stumbles over that, or with None.  Folders are
    absolute paths.
    """

    def __init__(self, heard: Heard, deaf: Deaf) -> None:
        self._heard, self._deaf = heard, deaf
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._old, self._young = self._ear([]), self._ear([])

    def listen(self, folders: Iterable[str]) -> bool:
        """Hear of ``folders``, too, from now on; those that went are no harm.  False if that cannot be."""
        with self._lock:
            wanted = self._young.folders | set(folders)
            try:
                if len(wanted) <= max(YOUNG, len(self._old.folders)):
                    self._young = self._instead(wanted, self._young)
                else:
                    self._old = self._instead(wanted | self._old.folders, self._old, self._young)
                    self._young = self._ear([])
            except (OSError, ValueError, WatchfilesRustInternalError) as error:
                logger.warning("cannot listen to %d folders: %s", len(wanted), error)
                return False
        return True

    def keep(self, folders: Set[str]) -> None:
        """Hear no more of any but ``folders``."""
        with self._lock:
            for ear in (self._old, self._young):
                if not ear.folders <= folders:
                    self._replace(ear, ear.folders & folders)

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            for ear in (self._old, self._young):
                ear.close()

    def _instead(self, folders: Iterable[str], *others: "_Ear") -> "_Ear":
        """An ear for ``folders``; the others close when it hears, so that nothing falls between them."""
        ear = self._ear(folders)
        for other in others:
            other.close()
        return ear

    def _ear(self, folders: Iterable[str]) -> "_Ear":
        return _Ear(folders, self._heard, self._lost)

    def _lost(self, ear: "_Ear", error: WatchfilesRustInternalError) -> None:
        """An ear hears nothing more: put another one in its place."""
        found = _UNHEARD.search(str(error))
        folder = found[1] if found and "\\" not in found[1] else None
        if folder is None:
            self._closed.wait(1)  # it may be deaf again at once
        with self._lock:
            self._replace(ear, ear.folders - {folder})
        self._deaf(folder)

    def _replace(self, ear: "_Ear", folders: Set[str]) -> None:
        if ear is self._old:
            self._old = self._instead(folders, ear)
        elif ear is self._young:
            self._young = self._instead(folders, ear)


class _Ear:
    def __init__(self, folders: Iterable[str], heard: Heard, lost: "Lost") -> None:
        self.folders = set(folders)
        self._heard, self._lost = heard, lost
        self._closing = threading.Event()
        if self.folders:
            self._notify = RustNotify(sorted(self.folders), False, False, 300, False, True)
            threading.Thread(target=self._listen, name="ear", daemon=True).start()

    def close(self) -> None:
        """Tell what was heard until now, and end."""
        self._closing.set()

    def _listen(self) -> None:
        try:
            while not self._closing.is_set():
                # Without its stop_event, at which it would throw away what it has heard.
                self._tell(self._notify.watch(LONGEST, STEP, PATIENCE, None))
            self._tell(self._notify.watch(LONGEST, STEP, STEP, None))
        except WatchfilesRustInternalError as error:
            logger.warning("an ear for %d folders is deaf: %s", len(self.folders), error)
            self._lost(self, error)
        finally:
            self._notify.close()

    def _tell(self, found: set[Noise] | str) -> None:
        if not isinstance(found, str):
            self._heard(found)


Lost = Callable[[_Ear, WatchfilesRustInternalError], None]
