"""Processes of one machine hear of each other at once, without Redis."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gathering.hub.neighbours import NeighbourLayer, directory

ROOM = "circles.room"
SAY = """
import asyncio, pathlib, sys, django
django.setup()
from gathering.hub import neighbours
neighbours.directory = lambda: pathlib.Path(sys.argv[1])
asyncio.run(neighbours.NeighbourLayer().group_send("circles.room", {"type": "t", "n": 1}))
"""
BIND = "import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind(sys.argv[1])"


@pytest.fixture
def place(tmp_path: Path, settings: Any) -> Path:
    settings.GATHERING_DATA_DIR = tmp_path
    return directory(make=True)


@pytest.fixture
async def ear(place: Path) -> AsyncIterator[tuple[NeighbourLayer, str]]:
    layer = NeighbourLayer()
    channel = await layer.new_channel()
    await layer.group_add(ROOM, channel)
    yield layer, channel
    with pytest.raises(TimeoutError):  # cancelled, it listens no more
        async with asyncio.timeout(0):
            await layer.receive(channel)
    assert not os.listdir(place)


async def test_a_group_hears_another_process(ear: tuple[NeighbourLayer, str], place: Path) -> None:
    layer, channel = ear
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "gathering.settings"}
    done = await asyncio.create_subprocess_exec(sys.executable, "-c", SAY, str(place), env=environment)
    assert await layer.receive(channel) == {"type": "t", "n": 1}
    assert await done.wait() == 0


async def test_other_groups_and_the_speaker_itself_hear_nothing(ear: tuple[NeighbourLayer, str]) -> None:
    layer, channel = ear
    other = NeighbourLayer()
    await layer.group_send(ROOM, {"from": "itself"})
    await other.group_send("circles.shop", {"from": "another room"})
    await other.group_send(ROOM, {"from": "other"})
    assert await layer.receive(channel) == {"from": "other"}


async def test_whoever_has_died_is_forgotten(ear: tuple[NeighbourLayer, str], place: Path) -> None:
    dying = await asyncio.create_subprocess_exec(sys.executable, "-c", BIND, str(place / "dead"))
    assert await dying.wait() == 0
    layer, channel = ear
    await NeighbourLayer().group_send(ROOM, {"n": 1})
    assert await layer.receive(channel) == {"n": 1}
    assert "dead" not in os.listdir(place)


async def test_a_neighbour_that_does_not_read_and_a_message_too_large_stop_nobody(
    ear: tuple[NeighbourLayer, str], place: Path
) -> None:
    layer, channel = ear
    other = NeighbourLayer()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(place / "deaf"))
        await other.group_send(ROOM, {"text": "x" * 20_000_000})
        for number in range(30):
            await other.group_send(ROOM, {"n": number})
        assert [await layer.receive(channel) for _ in range(30)] == [{"n": n} for n in range(30)]
    (place / "deaf").unlink()


def test_the_directory_is_its_owners_alone(place: Path) -> None:
    assert place.stat().st_mode & 0o777 == 0o700
