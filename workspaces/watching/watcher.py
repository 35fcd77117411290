"""All workspaces of a database, watched; those that come, go or change there, too."""

import logging
import threading
from collections.abc import Iterable

from django.db import InterfaceError, OperationalError, connection

from workspaces import leasing
from workspaces.models import Lease, Workspace

from .ears import Ears, Noise
from .history import History
from .tree import Tree
from .turn import Turn

logger = logging.getLogger(__name__)

FOLLOW = 1.0  # seconds between two looks at the list of workspaces: one short query

Description = tuple[int, str, str, bool]  # what a workspace is watched by


class Watcher:
    """Watches until ``stop`` is called, from a signal or another thread."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._turn = Turn()
        self._ears = Ears(self._hear, self._doubt)
        self._watched: dict[Description, tuple[Tree, History]] = {}

    def run(self) -> None:
        waits = False
        while not self._stopping.is_set():
            try:
                ours = self._turn.is_ours()
                self._follow(Workspace.objects.order_by("pk") if ours else ())
                if ours and Lease.objects.over().exists():
                    leasing.end_those_over()
                if not ours and not waits:
                    logger.warning("another process watches already; this one waits for it to end")
                waits = not ours
            except (OperationalError, InterfaceError) as error:
                logger.warning("the database is away: %s", error)
                connection.close()
            self._stopping.wait(FOLLOW)
        self._follow(())
        self._ears.close()
        self._turn.end()

    def stop(self) -> None:
        self._stopping.set()

    @property
    def watched(self) -> set[int]:
        """The ids of the workspaces that it watches now."""
        return {pk for pk, *_ in self._watched}

    def _follow(self, workspaces: Iterable[Workspace]) -> None:
        """Watch ``workspaces`` as they are described now, and no others."""
        wanted = {_description(each): each for each in workspaces}
        for description in self._watched.keys() - wanted.keys():
            self._unwatch(description)
        for description in wanted.keys() - self._watched.keys():
            self._watch(description, wanted[description])

    def _watch(self, description: Description, workspace: Workspace) -> None:
        history = History(workspace, self._ears)
        tree = Tree(workspace, self._ears, history.changed)
        # Another dictionary, as the ears' threads may be looking at this one.
        self._watched = {**self._watched, description: (tree, history)}
        for worker in (tree, history):
            worker.start()

    def _unwatch(self, description: Description) -> None:
        workers = self._watched[description]
        self._watched = {other: both for other, both in self._watched.items() if other != description}
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.join()
        # Not those of the one that ended: another workspace may be in the same directory.
        self._ears.keep(
            {folder for both in self._watched.values() for each in both for folder in each.folders()}
        )

    def _hear(self, noises: set[Noise]) -> None:
        for tree, history in self._watched.values():
            tree.hear(noises)
            history.hear(noises)

    def _doubt(self, folder: str | None) -> None:
        for tree, history in self._watched.values():
            tree.doubt(folder)
            history.changed()


def _description(workspace: Workspace) -> Description:
    return workspace.pk, workspace.path, workspace.ignore, workspace.trusted
