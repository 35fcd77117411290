"""A client that keeps the tree of a workspace, as docs/protocol.md tells it to."""

from typing import Any

from tests.clients import Client, Frame
from tests.rooms import Room

ABOUT = ("path", "kind", "is_dir", "size", "mtime", "hash")


class Tree:
    """``files`` is what it knows, by path, and ``seen`` the types of the events that it handled."""

    def __init__(self, room: Room, key: int, who: str = "bob") -> None:
        self.files: dict[str, Any] = {}
        self.seen: list[str] = []
        self._room, self._key, self._who = room, key, who
        self._cursor = self._pages_until = 0

    async def follow(self) -> Client:
        """Fetch the tree, and join where it is true; returns the client, for ``until`` to read from."""
        await self._fetch()
        token = self._room.world.tokens[self._who]
        return await self._room.rooms.connect(f"/ws/workspaces/{self._key}?since={self._cursor}", token)

    async def until(self, client: Client, seq: int) -> None:
        """Handle the events up to ``seq``."""
        while self._cursor < seq:
            await self._take(await client.event(30))

    async def _take(self, event: Frame) -> None:
        if event["seq"] <= self._cursor:
            return
        assert event["seq"] == self._cursor + 1
        self._cursor = event["seq"]
        self.seen.append(event["type"])
        kind, data = event["type"], event["data"]
        if kind == "files_changed" or (kind == "file_moved" and data["is_dir"] and self._between_pages()):
            await self._fetch()
        elif kind == "file_deleted":
            self.files.pop(data["path"], None)
        elif kind in ("file_created", "file_changed", "file_moved"):
            if kind == "file_moved":
                self._move(data["old_path"], data["path"])
            self.files[data["path"]] = {name: data[name] for name in ABOUT}

    def _between_pages(self) -> bool:
        """Whether the pages of the tree do not agree on whether this event is in them."""
        return self._cursor <= self._pages_until

    def _move(self, old: str, new: str) -> None:
        moved = [path for path in self.files if path == old or path.startswith(f"{old}/")]
        for path in moved:
            place = new + path[len(old) :]
            self.files[place] = {**self.files.pop(path), "path": place}

    async def _fetch(self) -> None:
        self.files, seqs, more, after = {}, [], True, ""
        async with self._room.http(self._who) as http:
            while more:
                asked = {"after": after} if after else {}
                answer = await http.get(f"/api/workspaces/{self._key}/files/", params=asked)
                page = answer.raise_for_status().json()
                self.files |= {file["path"]: file for file in page["files"]}
                seqs.append(page["seq"])
                more, after = page["has_more"], max(self.files, default="")
        # Events that are old by now come on the socket as well, and are passed over.
        self._cursor, self._pages_until = seqs[0], seqs[-1]
