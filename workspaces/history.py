"""What has happened in a workspace: who changed what, by the log of its stream, and what git says."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from gathering.accounts.models import User
from gathering.hub import log

from . import files, git
from .actions import find_workspace
from .models import Workspace

TYPES = ("file_created", "file_changed", "file_deleted", "file_moved", "files_changed")
MOST_READ = 2000  # events that one request looks through


@dataclass(frozen=True, slots=True)
class Changes:
    """Events of the log, the latest first; those of the next page are ``before`` a seq, or there are none."""

    changes: list[dict[str, Any]]
    before: int | None


def changes(
    user: User, key: str, path: str = "", actor: str | None = None, before: int | None = None, limit: int = 50
) -> Changes:
    """The latest changes of files, of those at ``path`` or below it, and by ``actor`` if one is named."""
    workspace = find_workspace(user, key)
    files.parse_folder(path)
    found: list[dict[str, Any]] = []
    seq = before
    for read, event in enumerate(_events(workspace.channel, before), 1):
        if _is_about(event["data"], path, actor):
            found.append({name: event[name] for name in ("seq", "type", "timestamp", "data")})
        seq = event["seq"]
        if len(found) == limit or read == MOST_READ:
            return Changes(found, seq)
    return Changes(found, None)


def latest(workspace: Workspace, limit: int) -> list[dict[str, Any]]:
    """The last changes of files, the latest first."""
    return [orjson.loads(frame.text) for frame in log.latest(workspace.channel, TYPES, limit=limit)]


def _events(channel: str, before: int | None) -> Iterator[dict[str, Any]]:
    while page := log.latest(channel, TYPES, before=before):
        for frame in page:
            yield orjson.loads(frame.text)
        before = page[-1].seq


def _is_about(data: dict[str, Any], path: str, actor: str | None) -> bool:
    if actor is not None and data["actor"] != actor:
        return False
    named = data.get("sample") or [data.get("path"), data.get("old_path")]
    return not path or any(each == path or (each or "").startswith(f"{path}/") for each in named)


def git_status(user: User, key: str) -> dict[str, Any]:
    """What git says now, as in the event ``git_status``."""
    workspace = find_workspace(user, key)
    status = git.status(workspace.path, trusted=workspace.trusted)
    return {"workspace_id": workspace.pk, **status.as_data()}


def git_log(user: User, key: str, path: str | None = None, limit: int = 20, skip: int = 0) -> git.Log:
    """The latest commits of HEAD, or those of them that changed ``path``."""
    workspace = find_workspace(user, key)
    return git.log(workspace.path, trusted=workspace.trusted, limit=limit, skip=skip, path=_raw(path))


def git_diff(user: User, key: str, path: str | None = None) -> git.Diff:
    """What differs between HEAD and the files, in all of them or at ``path``."""
    workspace = find_workspace(user, key)
    return git.diff(workspace.path, trusted=workspace.trusted, path=_raw(path))


def _raw(path: str | None) -> bytes | None:
    return b"/".join(files.parse(path)) if path is not None else None
