"""What may be done with the files of a workspace, and by whom: members read, and all but observers write.

Paths are texts as ``paths.py`` writes them, of anybody; ``files`` sees to it that none leads out.  Each
change is recorded in the picture in the transaction in which it is made, so it is told once and with its
actor.  If that transaction fails after the disk was written, the watcher finds the change, without one.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import transaction

from circles.actions import open_circle
from gathering.accounts.models import User
from gathering.protocol.errors import Conflict, NotFound, TooLarge

from . import compare, files, paths
from .actions import find_workspace, held, record
from .files import Content, Expected, Range, Seen
from .models import Workspace
from .picture import Entry

Found = tuple[str, Entry]  # a path, and what is there


def read_file(user: User, key: str, path: str, part: Range | None = None) -> Content:
    """A file, with the hash that who replaces it must name; or the ``part`` of it."""
    workspace = find_workspace(user, key)
    return files.read(workspace.path, files.parse(path), part, most=settings.GATHERING_MAX_FILE)


def list_folder(
    user: User, key: str, path: str = "", after: str = "", limit: int = 200
) -> tuple[list[Found], bool]:
    """A page of what is in a folder now, by name, and whether there is more; also what is ignored."""
    workspace = find_workspace(user, key)
    begin = files.parse(after)[-1] if after else b""
    page = files.page(workspace.path, files.parse_folder(path), after=begin, limit=limit)
    found = [(paths.join(path, paths.to_text(name)), entry) for name, entry in page.entries]
    return found, page.has_more


def write_file(
    user: User, key: str, path: str, data: bytes, seen: Seen = Expected.NOTHING, *, parents: bool = False
) -> Found:
    """Write a file whole: over what was ``seen`` (a hash), or a new one, in a new folder with ``parents``."""
    parts = files.parse(path)
    workspace = _writable(user, key)
    if len(data) > settings.GATHERING_MAX_FILE:
        raise TooLarge(f"A file that is written here has at most {settings.GATHERING_MAX_FILE} bytes.")
    if parents and len(parts) > 1:
        _make_folders(user, key, parts[:-1])
    with files.written(workspace.path, parts, data) as new, _changing(user, key, [path]):
        return path, new.put(seen)


def make_folder(user: User, key: str, path: str) -> Found:
    """Make a folder, in one that is there."""
    parts = files.parse(path)
    with _changing(user, key, [path]) as workspace:
        files.make_folder(workspace.path, parts)
        return path, files.look(workspace.path, parts)


def move(user: User, key: str, path: str, to: str, *, replace: bool = False) -> Found:
    """Give a file or folder another path; over another file only with ``replace``."""
    old, new = files.parse(path), files.parse(to)
    with _changing(user, key, [path, to]) as workspace:
        files.move(workspace.path, old, new, replace=replace)
        return to, files.look(workspace.path, new)


def delete(user: User, key: str, path: str, seen: Seen | None = None, *, whole: bool = False) -> None:
    """Delete the file that was ``seen``, or a folder: with all that is in it only if ``whole``."""
    parts = files.parse(path)
    with _changing(user, key, [path]) as workspace:
        files.delete(workspace.path, parts, seen=seen, whole=whole)


@transaction.atomic
def look(pk: int, path: str, actor: User | None) -> None:
    """Record what has changed at ``path``, by ``actor`` (None if that is not known), who says so itself."""
    files.parse(path)
    workspace = (
        Workspace.objects.select_for_update(of=("self",), no_key=True)
        .select_related("circle")
        .filter(pk=pk)
        .first()
    )
    if workspace is None:
        raise NotFound(f"There is no workspace {pk}.")
    record(workspace, compare.changes(workspace, [path]), actor=actor)


def _make_folders(user: User, key: str, parts: files.Parts) -> None:
    made: list[str] = []
    with _changing(user, key, made) as workspace:
        for depth in range(len(parts)):
            folder = parts[: depth + 1]
            with suppress(Conflict):  # it is there
                files.make_folder(workspace.path, folder)
                made.append(files.text_of(folder))


@contextmanager
def _changing(user: User, key: str, touched: Collection[str]) -> Iterator[Workspace]:
    """A transaction in which ``user`` alone changes the workspace; what it did at ``touched`` is recorded."""
    _writable(user, key)
    with held(user, key) as workspace:
        yield workspace
        record(workspace, compare.changes(workspace, touched), actor=user)


def _writable(user: User, key: str) -> Workspace:
    """A workspace in whose circle ``user`` may post."""
    workspace = find_workspace(user, key)
    open_circle(user, workspace.circle.name)
    return workspace
