"""The law's other half: what a client makes of the tree and the events after it."""

from typing import Any

import orjson

from gathering.hub import log
from workspaces.disk import Disk
from workspaces.models import Workspace
from workspaces.serializers import FileSerializer

Tree = dict[str, dict[str, Any]]


class Follower:
    """A client that follows a workspace as docs/protocol.md tells it to."""

    def __init__(self, workspace: Workspace) -> None:
        self.types: list[str] = []
        self._workspace = workspace
        self._fetch()

    def catch_up(self) -> Tree:
        """Apply what came since; returns the tree."""
        for frame in log.read(self._workspace.channel, self.seq, limit=100_000):
            event = orjson.loads(frame.text)
            if event["seq"] <= self.seq:  # told in the tree that was fetched meanwhile
                continue
            assert event["seq"] == self.seq + 1
            self.seq = event["seq"]
            self.types.append(event["type"])
            self._apply(event["type"], event["data"])
        return self.tree

    def _fetch(self) -> None:
        with log.snapshot(self._workspace.channel):
            self.seq = log.heads([self._workspace.channel])[self._workspace.channel].head
            rows = self._workspace.files.pictured()
        self.tree: Tree = {path: FileSerializer((path, entry)).data for path, entry in rows.items()}

    def _apply(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "files_changed":
            self._fetch()
        elif kind == "file_deleted":
            assert self.tree.pop(data["path"])["is_dir"] == data["is_dir"]
        elif kind in ("file_created", "file_changed", "file_moved"):
            if kind == "file_moved":
                self._move(data["old_path"], data["path"])
            assert (data["path"] in self.tree) == (kind != "file_created")
            self.tree[data["path"]] = {name: data[name] for name in FileSerializer().fields}

    def _move(self, old: str, new: str) -> None:
        moved = [path for path in self.tree if path == old or path.startswith(f"{old}/")]
        taken = {path: self.tree.pop(path) for path in moved}
        for path, file in taken.items():
            place = new + path[len(old) :]
            self.tree[place] = {**file, "path": place}


def on_disk(workspace: Workspace) -> Tree:
    """The tree as a fresh walk finds it."""
    with Disk(workspace.path, workspace.ignore, 1 << 20) as disk:
        found = {path: disk.digested(path, entry) for path, entry in disk.walk()}
    return {path: FileSerializer((path, entry)).data for path, entry in found.items() if entry}
