"""What is said about workspaces: pure builders from what happened to its events."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from gathering.accounts.models import User
from gathering.hub.log import Draft

from . import leasing
from .models import Lease, Workspace
from .picture import Change, What
from .serializers import FileSerializer, LeaseSerializer, WorkspaceSerializer

TOLD = ("title", "path", "ignore", "trusted", "state", "note")
SAMPLE = 20  # paths that stand for a batch which is too large to be told file by file


def picture_changed(
    workspace: Workspace, changes: Sequence[Change], actor: User | None, batch: str
) -> list[Draft]:
    """Each change, or one summary of them all where they are too many."""
    about = {"batch": batch, "actor": actor.username if actor else None}
    most = settings.GATHERING_MAX_FILE_EVENTS
    if most and len(changes) > most:
        return [_draft(workspace, "files_changed", {**_summary(changes), **about})]
    return [_draft(workspace, f"file_{change.what}", {**_told(change), **about}) for change in changes]


def workspace_changed(workspace: Workspace, before: Mapping[str, Any]) -> list[Draft]:
    """Its state for users, the state of its git, and the commit that its HEAD has moved to."""
    drafts = []
    if any(before.get(name) != getattr(workspace, name) for name in TOLD):
        drafts.append(_draft(workspace, "workspace_status", WorkspaceSerializer(workspace).data))
    if before.get("git") and workspace.commit and _oid(workspace.commit) != _oid(before.get("commit")):
        drafts.append(_draft(workspace, "git_commit", workspace.commit))
    if workspace.git and before.get("git") != workspace.git:
        drafts.append(_draft(workspace, "git_status", workspace.git))
    return drafts


def lease_taken(lease: Lease) -> Draft:
    return _draft(lease.workspace, "lease_taken", LeaseSerializer(lease).data)


def lease_renewed(lease: Lease, before: Mapping[str, Any]) -> Draft:
    """Told as a taking: whoever applies it by ``id`` has the new ``until``."""
    return lease_taken(lease)


def lease_ended(lease: Lease) -> Draft:
    reason = "expired" if lease.is_over else "released"
    return _draft(lease.workspace, "lease_ended", {**LeaseSerializer(lease).data, "reason": reason})


def conflicts(workspace: Workspace, changes: Sequence[Change], actor: User | None, batch: str) -> list[Draft]:
    """For each lease that somebody else's changes touch, one notice."""
    about = {"batch": batch, "actor": actor.username if actor else None}
    return [
        _draft(workspace, "file_conflict", {**_offence(lease, paths), **about})
        for lease, paths in leasing.offended(workspace, changes, actor)
    ]


def _offence(lease: Lease, paths: Sequence[str]) -> dict[str, Any]:
    return {
        "lease": lease.pk,
        "holder": lease.holder.username,
        "paths": paths[:SAMPLE],
        "count": len(paths),
    }


def _oid(commit: dict[str, Any] | None) -> str | None:
    return commit["oid"] if commit else None


def _told(change: Change) -> dict[str, Any]:
    return {**FileSerializer((change.path, change.entry)).data, "old_path": change.old_path}


def _summary(changes: Sequence[Change]) -> dict[str, Any]:
    counts = Counter(change.what for change in changes)
    return {
        "counts": {what.value: counts[what] for what in What},
        "sample": [change.path for change in changes[:SAMPLE]],
    }


def _draft(workspace: Workspace, kind: str, data: Mapping[str, Any]) -> Draft:
    return Draft(workspace.channel, kind, {"workspace_id": workspace.pk, **data})
