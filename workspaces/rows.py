"""Changes of a picture, written to its rows: in a few statements, however many they are."""

from collections.abc import Sequence
from itertools import groupby

from django.db.models import F, Value
from django.db.models.functions import Concat, Substr

from .models import Workspace, WorkspaceFile
from .paths import folder_of
from .picture import Change, Kind, What

CHUNK = 500  # rows in one statement; SQLite takes 32,766 variables
COLUMNS = ("folder", "kind", "size", "mtime_ns", "inode", "digest")


def write(workspace: Workspace, changes: Sequence[Change]) -> None:
    """Take the steps of ``changes`` in their order; must run in a transaction."""
    for what, some in groupby(changes, key=lambda change: change.what):
        if what == What.MOVED:
            for change in some:
                _move(workspace, change)
        elif what == What.DELETED:
            _delete(workspace, [change.path for change in some])
        else:
            _put(workspace, list(some))


def _put(workspace: Workspace, changes: Sequence[Change]) -> None:
    rows = [
        WorkspaceFile(
            workspace=workspace, path=change.path, folder=folder_of(change.path), **change.entry._asdict()
        )
        for change in changes
    ]
    WorkspaceFile.objects.bulk_create(
        rows,
        batch_size=CHUNK,
        update_conflicts=True,
        unique_fields=["workspace", "path"],
        update_fields=COLUMNS,
    )


def _delete(workspace: Workspace, paths: Sequence[str]) -> None:
    for start in range(0, len(paths), CHUNK):
        workspace.files.filter(path__in=paths[start : start + CHUNK]).delete()


def _move(workspace: Workspace, change: Change) -> None:
    old, new = change.old_path, change.path
    assert old is not None  # noqa: S101 (what moved was somewhere before)
    if change.entry.kind == Kind.FOLDER:
        rest = len(old) + 1
        workspace.files.below(old).update(
            path=Concat(Value(new), Substr(F("path"), rest)),
            folder=Concat(Value(new), Substr(F("folder"), rest)),
        )
    workspace.files.filter(path=old).update(path=new, folder=folder_of(new), **change.entry._asdict())
