"""What differs between the picture of a workspace and its directory."""

from collections.abc import Container, Iterable

from django.conf import settings

from .diff import diff
from .disk import Disk
from .ignoring import FILE as IGNORE_FILE
from .models import Workspace
from .paths import folder_of
from .picture import Change, Entry, Kind

WHOLE = ""  # the path of the directory itself
CHUNK = 500  # paths in one query
FOLDERS = 200  # whose entries are in memory at a time
MANY = 20  # folders whose rows are found faster among all rows

Picture = dict[str, Entry]


def changes(
    workspace: Workspace, touched: Iterable[str], renewed: Iterable[str] = (), listed: Iterable[str] = ()
) -> list[Change]:
    """The steps from the picture to what is on the disk now at the paths ``touched``.

    The folders above them are looked at as well, and all that is in a folder which came, went or became
    another one.  ``renewed`` are touched too, and what is there may be another folder without looking
    so: a disk gives the inode of what was deleted to what comes next.  ``renewed=[WHOLE]`` compares
    everything.  Of folders that are ``listed`` the entries are compared.  Raises OSError if the directory
    cannot be read.
    """
    renewed = set(renewed)
    asked = renewed.union(touched)
    renewed |= {folder_of(path) for path in asked if path.rpartition("/")[2] == IGNORE_FILE}
    paths = _with_folders_above(asked)
    with Disk(workspace.path, workspace.ignore, settings.GATHERING_MAX_HASHED) as disk:
        old, new = _rows_at(workspace, paths), disk.look(paths)
        for folder in listed:
            old |= workspace.files.filter(folder=folder).pictured()
            new |= disk.entries(folder)
        seen = {*old, *new, *renewed}
        whole = topmost(path for path in seen if _is_other(path, old, new, renewed))
        old |= _rows_below(workspace, whole)
        for folder in whole:
            new |= disk.walk(folder)
        _digest(disk, old, new, asked)
    return diff(old, new)


def differing(workspace: Workspace) -> set[str]:
    """The paths at which the picture and the disk differ, or WHOLE.

    For ``changes`` to look at: it holds what it compares in memory, 20 MB for 50,000 files, and this only
    some folders at a time.  Most often there is nothing.  Raises OSError as ``changes`` does.
    """
    if not workspace.files.exists():
        return {WHOLE}
    found: set[str] = set()
    seen, lost, folders = 0, False, [WHOLE]
    with Disk(workspace.path, workspace.ignore) as disk:
        while folders:
            some, folders = folders[-FOLDERS:], folders[:-FOLDERS]
            old = workspace.files.filter(folder__in=some).pictured()
            new = {path: entry for folder in some for path, entry in disk.entries(folder)}
            other = {path for path in old.keys() | new.keys() if not _is_alike(old.get(path), new.get(path))}
            lost = lost or any(path in old and old[path].kind == Kind.FOLDER for path in other)
            folders += [path for path, entry in new.items() if entry.kind == Kind.FOLDER]
            seen, found = seen + len(old), found | other
    # Rows that were not seen are below a folder that is lost; else something is wrong with them.
    return found if lost or seen == workspace.files.count() else {WHOLE}


def _is_alike(before: Entry | None, now: Entry | None) -> bool:
    return before is not None and before._replace(digest="") == now


def _is_other(path: str, old: Picture, new: Picture, renewed: Container[str]) -> bool:
    """Whether all that is in ``path`` may have changed: a folder is there or was, and not the same."""
    before, now = old.get(path), new.get(path)
    if before is None or now is None or before.kind != now.kind:
        return path == WHOLE or Kind.FOLDER in {each.kind for each in (before, now) if each}
    return now.kind == Kind.FOLDER and (path in renewed or before.inode != now.inode)


def _with_folders_above(paths: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        while path and path not in found:
            found.add(path)
            path = folder_of(path)
    return found


def topmost(folders: Iterable[str]) -> set[str]:
    """Those that are in none of the others."""
    chosen: set[str] = set()
    for folder in sorted(folders):  # so that a folder comes before those in it
        if WHOLE not in chosen and chosen.isdisjoint(_with_folders_above([folder])):
            chosen.add(folder)
    return chosen


def _rows_at(workspace: Workspace, paths: Iterable[str]) -> Picture:
    asked, found = list(paths), {}
    for start in range(0, len(asked), CHUNK):
        found |= workspace.files.filter(path__in=asked[start : start + CHUNK]).pictured()
    return found


def _rows_below(workspace: Workspace, folders: set[str]) -> Picture:
    if len(folders) <= MANY:
        return {path: row for each in folders for path, row in workspace.files.below(each).pictured().items()}
    rows = workspace.files.pictured()
    return {path: row for path, row in rows.items() if not folders.isdisjoint(_with_folders_above([path]))}


def _digest(disk: Disk, old: Picture, new: Picture, asked: Container[str]) -> None:
    """Put digests into ``new``: those that are known, where nothing says that the content is another."""
    gone = {entry.inode: entry for path, entry in old.items() if path not in new}
    for path, entry in list(new.items()):
        known = old.get(path) or gone.get(entry.inode)
        if path not in asked and known is not None and known._replace(digest="") == entry:
            new[path] = known
        elif (read := disk.digested(path, entry)) is not None:
            new[path] = read
        else:  # gone since
            del new[path]
