"""Workspaces: directories, live."""

from __future__ import annotations

from .streams import Stream


class Workspace(Stream):
    """A workspace, by its id."""

    kind = "workspaces"
