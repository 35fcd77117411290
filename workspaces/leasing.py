"""Soft leases: who says that it is editing what.

Advisory: nothing is refused because of one.  A lease is over at its ``until``, which everybody was told
of, so nobody has to notice that; the row goes, and ``lease_ended`` is told, when somebody next asks for
or gives up a lease here, or at the watcher's tick.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from circles.actions import open_circle
from gathering.accounts.models import User
from gathering.protocol.errors import Conflict, NotAllowed, NotFound

from . import files
from .actions import find_workspace, held
from .models import Lease, Workspace
from .picture import Change, Kind

MOST = 20  # leases of one holder in one workspace


def lease(
    user: User, key: str, paths: Sequence[str], seconds: int = 300, note: str = "", api_only: bool = False
) -> Lease:
    """Say that ``user`` is editing ``paths`` for so long; the same paths again renew what it has.

    With ``api_only`` the holder changes them through this API alone, so that a change which comes from
    the disk is somebody else's.
    """
    named = sorted({files.text_of(files.parse_folder(path)) for path in paths})
    with held(user, key) as workspace:
        open_circle(user, workspace.circle.name)
        end_those_over(workspace)
        mine = list(Lease.objects.filter(workspace=workspace, holder=user))
        made = next((each for each in mine if each.paths == named), None)
        if made is None and len(mine) >= MOST:
            raise Conflict(f"You have {MOST} leases here: give one up first.")
        made = made or Lease(workspace=workspace, holder=user, paths=named)
        made.until = timezone.now() + timedelta(seconds=seconds)
        made.note, made.api_only = note, api_only
        made.save()
        return made


@transaction.atomic
def release(user: User, key: str, lease: int | None = None) -> None:
    """Give up a lease of one's own, or all of them; staff may end anybody's."""
    workspace = find_workspace(user, key)
    end_those_over(workspace)
    leases = Lease.objects.filter(workspace=workspace)
    if lease is None:
        leases.filter(holder=user).delete()
        return
    found = leases.filter(pk=lease).first()
    if found is None:
        raise NotFound("There is no such lease, or it is over.")
    if found.holder_id != user.pk and not user.is_staff:
        raise NotAllowed("A lease is given up by its holder.")
    found.delete()


def end_those_over(workspace: Workspace | None = None) -> None:
    """Delete the leases whose time is over, here or everywhere, and tell of it."""
    over = Lease.objects.over()
    (over if workspace is None else over.filter(workspace=workspace)).delete()


def running(workspace: Workspace) -> list[Lease]:
    """The leases of a workspace that are not over."""
    return list(workspace.leases.running().select_related("holder"))


def overlapping(lease: Lease) -> list[Lease]:
    """The running leases of others on the same paths, or on what is in them."""
    others = running(lease.workspace)
    return [other for other in others if other.holder_id != lease.holder_id and _meet(lease, other)]


def offended(
    workspace: Workspace, changes: Iterable[Change], actor: User | None
) -> list[tuple[Lease, list[str]]]:
    """The leases of others than ``actor`` that ``changes`` touch, with the paths.

    Who has changed what on the disk is not known (``actor`` is None): that may be the holder's own tool,
    so only a lease that is ``api_only`` is offended by it.
    """
    changes = list(changes)
    found = []
    for each in running(workspace):
        if (each.api_only if actor is None else each.holder_id != actor.pk) and (
            touched := [change.path for change in changes if _touches(each, change)]
        ):
            found.append((each, touched))
    return found


def _touches(lease: Lease, change: Change) -> bool:
    places = [path for path in (change.path, change.old_path) if path is not None]
    if any(lease.covers(path) for path in places):
        return True
    # A folder that moves takes what is in it along, in one change.
    return change.old_path is not None and change.entry.kind == Kind.FOLDER and lease.is_in(change.old_path)


def _meet(one: Lease, other: Lease) -> bool:
    return any(one.covers(path) for path in other.paths) or any(other.covers(path) for path in one.paths)
