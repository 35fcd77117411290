"""Workspaces: directories of the server, live, with their files and their git."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import quote

from .streams import Stream

BYTES = "application/octet-stream"


class Workspace(Stream):
    """A workspace, by its id.

    A path is relative to the directory, and written as docs/protocol.md says of what is in a workspace.
    What is returned is the JSON of docs/workspaces.md.
    """

    kind = "workspaces"

    # Files

    def files(self) -> AsyncIterator[dict[str, Any]]:
        """All files and folders that are not ignored, by path."""
        return self.client.rest.pages(f"{self.path}files/", "path", inside="files")

    def folder(self, path: str = "") -> AsyncIterator[dict[str, Any]]:
        """What is in one folder on the disk now, also what is ignored."""
        return self.client.rest.pages(f"{self.path}tree/", "path", inside="entries", path=path)

    async def read(self, path: str) -> dict[str, Any]:
        """A file: its ``text`` (None if it is none), ``encoding``, ``hash``, and what else is known of it."""
        found: dict[str, Any] = await self.client.rest.get(self._file(path))
        return found

    async def read_bytes(self, path: str) -> bytes:
        """The bytes of a file."""
        answer = await self.client.rest.request(
            "GET", self._file(path), headers={"Accept": BYTES}, again=True
        )
        return answer.content

    async def write(self, path: str, content: str | bytes, seen: str | None) -> dict[str, Any]:
        """Write a file whole; returns what is known of it then, with its new ``hash``.

        ``seen`` is the hash of what you have seen, or None if there was no such file: raises
        :class:`ChangedMeanwhile` if it is another by now, so that two writers cannot overwrite each other
        unseen.  ``"*"`` overwrites whatever is there.
        """
        known = {"If-None-Match": "*"} if seen is None else {"If-Match": seen if seen == "*" else f'"{seen}"'}
        data = content.encode() if isinstance(content, str) else content
        headers = {**known, "Content-Type": BYTES}
        answer = await self.client.rest.request("PUT", self._file(path), content=data, headers=headers)
        written: dict[str, Any] = answer.json()
        return written

    async def delete(self, path: str, seen: str | None = None, *, whole: bool = False) -> None:
        """Delete the file whose hash you have ``seen``; or a folder, with all that is in it if ``whole``."""
        headers = {} if seen is None else {"If-Match": seen if seen == "*" else f'"{seen}"'}
        query = {"whole": "true"} if whole else None
        await self.client.rest.request("DELETE", self._file(path), query=query, headers=headers)

    async def make_folder(self, path: str) -> dict[str, Any]:
        """Make a folder."""
        made: dict[str, Any] = await self.client.rest.post(f"{self.path}tree/", {"path": path})
        return made

    async def move(self, path: str, to: str, *, replace: bool = False) -> dict[str, Any]:
        """Give a file or a folder another path; over another file only with ``replace``."""
        body = {"path": path, "to": to, "replace": replace}
        moved: dict[str, Any] = await self.client.rest.post(f"{self.path}move/", body)
        return moved

    async def search(self, text: str, *, path: str = "", ignore_case: bool = False) -> list[dict[str, Any]]:
        """The lines that hold ``text``: ``{"path", "line", "text"}``."""
        query = {"q": text, "path": path, "ignore_case": str(ignore_case).lower()}
        return list((await self.client.rest.get(f"{self.path}search/", **query))["matches"])

    async def changes(self, *, path: str = "", actor: str | None = None, limit: int = 50) -> list[Any]:
        """Who changed what, the latest first."""
        query = {"path": path, "actor": actor, "limit": limit}
        return list((await self.client.rest.get(f"{self.path}changes/", **query))["changes"])

    # Git

    async def git_status(self) -> dict[str, Any]:
        """Branch, commit and changed files, as they are now."""
        found: dict[str, Any] = await self.client.rest.get(f"{self.path}git/status/")
        return found

    async def git_log(self, *, path: str | None = None, limit: int = 20) -> list[dict[str, Any]]:
        """The latest commits."""
        return list((await self.client.rest.get(f"{self.path}git/log/", path=path, limit=limit))["commits"])

    async def git_diff(self, path: str | None = None) -> str:
        """What differs from the last commit, as a patch."""
        return str((await self.client.rest.get(f"{self.path}git/diff/", path=path))["patch"])

    # Leases

    async def lease(
        self, paths: Sequence[str], *, seconds: int = 300, note: str = "", api_only: bool = False
    ) -> dict[str, Any]:
        """Say that you are editing ``paths``; ``overlaps`` of the answer are those of others."""
        body = {"paths": list(paths), "seconds": seconds, "note": note, "api_only": api_only}
        lease: dict[str, Any] = await self.client.rest.post(f"{self.path}leases/", body)
        return lease

    async def release(self, lease: int) -> None:
        """Give up a lease before its time."""
        await self.client.rest.delete(f"{self.path}leases/{lease}/")

    def _file(self, path: str) -> str:
        return f"{self.path}files/{quote(path)}"
