"""A directory, its watcher, its server and its clients: what is there is told, whoever ends meanwhile."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from tests.clients import eventually
from tests.rooms import Room
from tests.servers import Command
from tests.trees import Tree

SETTLE = 60.0
ONE = [("uvicorn", "embedded"), ("daphne", "full")]
FULL = [("uvicorn", "full")]


@pytest.fixture
def watcher(room: Room) -> Command:
    return room.world.watcher.start()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.txt").write_text("x")
    return root


@pytest.fixture
def key(room: Room, root: Path, watcher: Command) -> int:
    return int(room.hand("make_workspace", room.name, str(root)))


async def _settles(room: Room, key: int) -> int:
    """Wait until the picture is the directory; the head of the stream then."""
    await eventually(lambda: not room.hand("workspace_differs", key), SETTLE)
    return int(room.hand("head", f"workspaces.{key}"))


async def test_what_happens_in_a_directory_reaches_every_address(room: Room, root: Path, key: int) -> None:
    token = room.world.tokens["robo"]
    clients = [await room.rooms.connect(f"/ws/{name}/{key}", token) for name in ("workspaces", "workspace")]
    clients.append(await room.rooms.at_the_hub("bob"))
    await clients[-1].ask("subscribe", channel=f"workspaces.{key}")
    (root / "new.txt").write_text("hello")
    for client in clients:
        event = await client.of_type("file_created", 30)
        assert (event["data"]["path"], event["data"]["size"], event["data"]["actor"]) == ("new.txt", 5, None)
        assert event["channel"] == f"workspaces.{key}"
    outsider = await room.rooms.connect(f"/ws/workspaces/{key}", room.world.tokens["carol"])
    assert await outsider.refused() == ("not_found", 4004)


@pytest.mark.parametrize("world", ONE, indirect=True, ids="-".join)
async def test_if_the_watcher_is_killed_in_the_middle_the_one_that_waits_loses_nothing(
    room: Room, root: Path, key: int, watcher: Command
) -> None:
    waiting = await asyncio.to_thread(room.world.another_watcher)
    tree, other = Tree(room, key), Tree(room, key)
    client, witness = await tree.follow(), await other.follow()
    writing = asyncio.create_task(asyncio.to_thread(_write_much, root, 2000))
    await witness.of_type("files_changed", 30)
    await asyncio.to_thread(watcher.kill)
    (root / "while it was dead").write_text("x")
    await writing
    await tree.until(client, await _settles(room, key))
    assert set(tree.files) == _paths(root)
    waiting.stop()


@pytest.mark.parametrize("world", FULL, indirect=True, ids="-".join)
async def test_while_database_and_redis_are_away_nothing_is_missed(room: Room, root: Path, key: int) -> None:
    tree = Tree(room, key)
    client = await tree.follow()
    room.world.redis.pause()
    try:
        (root / "without redis").write_text("x")
        await tree.until(client, await _settles(room, key))
        assert "without redis" in tree.files
        room.world.postgres.stop("immediate")
        try:
            await asyncio.to_thread(_write_much, root, 500)
            (root / "a.txt").rename(root / "b.txt")
        finally:
            room.world.postgres.start()
    finally:
        room.world.redis.resume()
    await tree.until(client, await _settles(room, key))
    assert set(tree.files) == _paths(root)


def _write_much(root: Path, count: int) -> None:
    for number in range(count):
        folder = root / f"f{number % 50}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.txt").write_text(str(number))


def _paths(root: Path) -> set[str]:
    found: list[Any] = [Path(at) / name for at, folders, files in os.walk(root) for name in folders + files]
    return {str(path.relative_to(root)) for path in found}
