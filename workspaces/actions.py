"""What may be done with workspaces, and by whom."""

import os
import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from circles.models import Circle
from gathering.accounts.models import User
from gathering.protocol.errors import NotFound

from . import compare, rows
from .models import Workspace, picture_changed
from .picture import Change

_ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


def find_workspace(user: User, key: str) -> Workspace:
    """The workspace whose id is ``key`` if ``user`` may see it."""
    if not _ID.fullmatch(key):  # "007" would be another stream than "7"
        raise NotFound
    found = Workspace.objects.visible_to(user).select_related("circle").filter(pk=int(key)).first()
    if found is None:
        raise NotFound
    return found


def seen_workspaces(asked: Collection[tuple[User, str]]) -> list[tuple[User, str]]:
    """Of pairs of a user and a workspace's id, those where the user may see it."""
    ids = {int(key) for _, key in asked if _ID.fullmatch(key)}
    seen = Workspace.objects.filter(pk__in=ids).seen_by({user for user, _ in asked})
    return [(user, key) for user, key in asked if _ID.fullmatch(key) and (user.pk, int(key)) in seen]


def ids_of_workspaces(user: User) -> Iterable[int]:
    """The ids of the workspaces that ``user`` may see."""
    return Workspace.objects.visible_to(user).values_list("pk", flat=True)


def add_workspace(circle: Circle, path: str, title: str, **fields: Any) -> Workspace:
    """Make a directory a workspace of ``circle``; for those who administer the server."""
    workspace = Workspace(circle=circle, path=os.path.normpath(path), title=title, **fields)
    workspace.full_clean()
    workspace.save()
    return workspace


@contextmanager
def held(user: User, key: str) -> Iterator[Workspace]:
    """A workspace that ``user`` may see, in a transaction in which nobody else changes its picture."""
    with transaction.atomic():
        workspace = find_workspace(user, key)
        yield (
            Workspace.objects.select_for_update(of=("self",), no_key=True)
            .select_related("circle")
            .get(pk=workspace.pk)
        )


CHUNK = 2000  # changes in one transaction: SQLite has one writer, who waits for it


class PictureMoved(Exception):
    """Somebody else has recorded changes since: compare with the picture as it is now, and record that."""


@transaction.atomic
def record(
    workspace: Workspace, changes: Sequence[Change], actor: User | None = None, batch: str | None = None
) -> None:
    """Write ``changes`` into the picture and tell of them: the one way in which a picture changes.

    ``changes`` lead from the picture at ``workspace.revision`` to the next, in this order.  Raises
    PictureMoved, and writes nothing, if that is not the picture's revision any more.  Whoever writes
    into the directory itself holds the workspace for it, so that the change is told once and with its
    ``actor``, and the watcher then finds no difference::

        with actions.held(user, key) as workspace:  # a transaction in which nobody else records
            ...                                      # write below workspace.path
            actions.record(workspace, compare.changes(workspace, [path]), actor=user)
    """
    if not changes:
        return
    here = Workspace.objects.filter(pk=workspace.pk, revision=workspace.revision)
    if not here.update(revision=workspace.revision + 1):
        raise PictureMoved
    workspace.revision += 1
    rows.write(workspace, changes)
    batch = batch or secrets.token_hex(6)
    picture_changed.send(Workspace, workspace=workspace, changes=changes, actor=actor, batch=batch)


def settle(workspace: Workspace, *paths: Iterable[str]) -> list[Change]:
    """Bring the picture up to date with the disk, at the ``paths`` that ``compare.changes`` is given.

    Returns what differed.  Raises OSError if the directory cannot be read.
    """
    asked, batch = [list(some) for some in paths], secrets.token_hex(6)
    recorded: list[Change] = []
    while True:
        workspace.refresh_from_db(fields=["path", "ignore", "revision"])
        try:
            changes = compare.changes(workspace, *asked)
            for start in range(0, len(changes), CHUNK):
                some = changes[start : start + CHUNK]
                record(workspace, some, batch=batch)
                recorded += some
            return recorded
        except PictureMoved:  # somebody wrote through the API: what is left is compared again
            continue


@transaction.atomic
def report_state(workspace: Workspace, state: str, note: str) -> None:
    """Say whether the directory can be seen, and why not in a sentence."""
    row = Workspace.objects.get(pk=workspace.pk)
    if (row.state, row.note) != (state, note):
        row.state, row.note = state, note
        row.save(update_fields=["state", "note"])


def report_git(workspace: Workspace, status: dict[str, Any], commit: dict[str, Any] | None) -> None:
    """Say what git says; ``commit`` is the one that HEAD is at."""
    if (workspace.git, workspace.commit) != (status, commit):
        workspace.git, workspace.commit = status, commit
        workspace.save(update_fields=["git", "commit"])
