"""Pages of workspaces: what is in one, what git says of it, and who changed what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from gathering.protocol.errors import GatheringError, NotFound
from gathering.web import page

from . import editing, encodings, history, leasing, patch
from .actions import find_workspace
from .models import Workspace
from .picture import Kind

MOST_ENTRIES = 500
MOST_LINES = 3000
RECENT = 30
COMMITS = 10
# What git's letters say, of two columns the one that says more; groups in the order of `git status`.
GROUPS = (("conflict", "In conflict"), ("staged", "Staged"), ("changed", "Changed"), ("new", "Not tracked"))
WORDS = {
    "M": "changed",
    "A": "new",
    "D": "deleted",
    "R": "renamed",
    "C": "copied",
    "T": "another kind",
    "?": "new",
}


@dataclass(frozen=True)
class Entry:
    """One line of the tree; ``mark`` is what git says of it, or of something in it."""

    path: str
    name: str
    is_folder: bool
    size: int
    mark: str


@require_GET
@page
def workspace(request: HttpRequest, pk: int) -> HttpResponse:
    """A folder of it, its git, and what happened lately."""
    found = find_workspace(request.user, str(pk))
    folder = request.GET.get("folder", "")
    changed = (found.git or {}).get("files") or []
    rows = found.files.filter(folder=folder, path__gt=request.GET.get("after", "")).order_by("path")
    rows = rows[: MOST_ENTRIES + 1]
    shown = {
        "workspace": found,
        "crumbs": _crumbs(folder),
        "entries": _entries(rows[:MOST_ENTRIES], changed),
        "folder": folder,
        "more": rows[MOST_ENTRIES - 1].path if len(rows) > MOST_ENTRIES else "",
        "groups": _groups(changed),
        "log": history.git_log(request.user, str(pk), limit=COMMITS),
        "happened": _happened(request.user, pk),
        "leases": leasing.running(found),
        "stream": found.channel,
    }
    return render(request, "workspaces/workspace.html", shown)


@require_GET
@page
def diff(request: HttpRequest, pk: int) -> HttpResponse:
    """What differs between HEAD and the files, in all of them or in one."""
    found = find_workspace(request.user, str(pk))
    path = request.GET.get("path") or None
    said = history.git_diff(request.user, str(pk), path)
    files, cut = patch.read(said.patch)
    shown = {"workspace": found, "path": path, "said": said, "files": files, "cut": cut or said.truncated}
    return render(request, "workspaces/diff.html", {**shown, "stream": found.channel})


@require_GET
@page
def file(request: HttpRequest, pk: int, path: str) -> HttpResponse:
    """A file, line by line."""
    found = find_workspace(request.user, str(pk))
    shown: dict[str, Any] = {
        "workspace": found,
        "path": path,
        "crumbs": _crumbs(path),
        "stream": found.channel,
    }
    try:
        content = editing.read_file(request.user, str(pk), path)
        text, encoding = encodings.decode(content.data)
    except NotFound:
        raise
    except GatheringError as error:
        return render(
            request, "workspaces/file.html", {**shown, "problem": error.detail}, status=error.status
        )
    lines = text.splitlines() if text is not None else []
    about = {"size": content.entry.size, "encoding": encoding, "binary": text is None}
    return render(
        request,
        "workspaces/file.html",
        {**shown, **about, "lines": lines[:MOST_LINES], "count": len(lines), "cut": len(lines) > MOST_LINES},
    )


def _crumbs(path: str) -> list[tuple[str, str]]:
    """Each folder on the way: its name and its path."""
    parts = path.split("/") if path else []
    return [(name, "/".join(parts[: index + 1])) for index, name in enumerate(parts)]


def _entries(rows: Iterable[Any], changed: list[dict[str, Any]]) -> list[Entry]:
    marks = {each["path"]: _word(each) for each in changed}
    entries = [_entry(row, marks) for row in rows]
    return sorted(entries, key=lambda each: (not each.is_folder, each.path))


def _entry(row: Any, marks: dict[str, str]) -> Entry:
    is_folder = row.kind == Kind.FOLDER
    inside = is_folder and any(path.startswith(f"{row.path}/") for path in marks)
    mark = "changes inside" if inside else marks.get(row.path, "")
    return Entry(row.path, row.path.rsplit("/", 1)[-1], is_folder, row.size, mark)


def _groups(changed: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    grouped = [
        (title, [{**each, "word": _word(each)} for each in changed if _group(each) == key])
        for key, title in GROUPS
    ]
    return [(title, files) for title, files in grouped if files]


def _group(change: dict[str, Any]) -> str:
    if change["conflict"]:
        return "conflict"
    if change["index"] == "?":
        return "new"
    return "changed" if change["worktree"] != "." else "staged"


def _word(change: dict[str, Any]) -> str:
    letter = change["worktree"] if change["worktree"] not in (".", "?") else change["index"]
    return "in conflict" if change["conflict"] else WORDS.get(letter, "changed")


def _happened(user: Any, pk: int) -> list[dict[str, Any]]:
    return [told(event) for event in history.changes(user, str(pk), limit=RECENT).changes]


def told(event: dict[str, Any]) -> dict[str, Any]:
    """An event of a file, as its line in a feed needs it."""
    data = event["data"]
    counts = data.get("counts") or {}
    return {
        "seq": event["seq"],
        "what": event["type"].removeprefix("file_") if "path" in data else "changed",
        "path": data.get("path"),
        "old_path": data.get("old_path"),
        "many": sum(counts.values()),
        "actor": data.get("actor"),
        "at": datetime.fromisoformat(event["timestamp"]),
    }


def latest(workspaces: Iterable[Workspace], limit: int) -> list[dict[str, Any]]:
    """What happened last in each of ``workspaces``: one query for each."""
    return [
        {**told(event), "workspace": each} for each in workspaces for event in history.latest(each, limit)
    ]
