"""Files of a workspace over real servers: what a path may say, and what others see of a change."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.clients import PATIENCE, Client
from tests.rooms import Room

SECRET = "a secret"
PATHS = [
    b"../../outside/secret",
    b"%2e%2e/outside/secret",
    b"%2e%2e%2foutside%2fsecret",
    b"..%5coutside%5csecret",
    b"/etc/passwd",
    b"%2fetc%2fpasswd",
    b"link/secret",
    b".git/config",
    b"%2egit/config",
    b"a%00b",
    b"%ff",
    b"%c0%ae%c0%ae/outside/secret",
    b"%u002e%u002e/outside/secret",
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    outside, root = tmp_path / "outside", tmp_path / "root"
    for directory in (outside, root, root / ".git"):
        directory.mkdir()
    (outside / "secret").write_text(SECRET)
    (root / ".git" / "config").write_text(SECRET)
    (root / "link").symlink_to(outside)
    (root / "a.txt").write_text("first")
    return root


@pytest.fixture
def key(room: Room, root: Path) -> str:
    return str(room.hand("make_workspace", room.name, str(root)))


@pytest.fixture
async def robo(room: Room, key: str) -> Client:
    return await room.rooms.connect(f"/ws/workspaces/{key}?since=0", room.world.tokens["robo"])


async def _ask(room: Room, method: bytes, path: bytes) -> bytes:
    """The answer to a request whose path goes out exactly as it is: no client tidies it up."""
    address = urlsplit(room.world.steady.http)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    token = room.world.tokens["bob"].encode()
    headers = b"Host: localhost\r\nConnection: close\r\nIf-Match: *\r\nAuthorization: Bearer " + token
    writer.write(method + b" " + path + b" HTTP/1.1\r\n" + headers + b"\r\nContent-Length: 1\r\n\r\nx")
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE)
    finally:
        writer.close()


@pytest.mark.parametrize("method", [b"GET", b"PUT", b"DELETE"])
async def test_no_path_leads_out_however_it_is_written(
    method: bytes, room: Room, key: str, root: Path
) -> None:
    for path in PATHS:
        answer = await _ask(room, method, b"/api/workspaces/%s/files/%s" % (key.encode(), path))
        assert answer.split(b" ")[1] in (b"400", b"403", b"404"), (path, answer)
        assert SECRET.encode() not in answer
    assert (root.parent / "outside" / "secret").read_text() == SECRET
    assert (root / ".git" / "config").read_text() == SECRET
    assert (root / "a.txt").read_text() == "first"


async def test_who_writes_what_is_leased_is_named_to_all(
    room: Room, key: str, root: Path, robo: Client
) -> None:
    await robo.tell("lease", paths=["a.txt"])
    lease = (await robo.of_type("lease_taken"))["data"]
    async with room.http("bob") as bob:
        read = await bob.get(f"/api/workspaces/{key}/files/a.txt")
        assert read.json()["text"] == "first"
        written = await bob.put(
            f"/api/workspaces/{key}/files/a.txt",
            json={"text": "second"},
            headers={"If-Match": read.headers["ETag"]},
        )
        late = await bob.put(
            f"/api/workspaces/{key}/files/a.txt",
            json={"text": "third"},
            headers={"If-Match": read.headers["ETag"]},
        )
        raw = await bob.get(f"/api/workspaces/{key}/files/a.txt?raw", headers={"Range": "bytes=1-3"})
    assert (written.status_code, late.status_code) == (200, 412)
    assert (raw.status_code, raw.content, (root / "a.txt").read_text()) == (206, b"eco", "second")
    changed = (await robo.of_type("file_changed"))["data"]
    assert (changed["path"], changed["actor"], changed["hash"]) == ("a.txt", "bob", written.json()["hash"])
    conflict = (await robo.of_type("file_conflict"))["data"]
    assert (conflict["lease"], conflict["actor"], conflict["batch"]) == (lease["id"], "bob", changed["batch"])
