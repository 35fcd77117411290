"""The examples do what they are for."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients import eventually
from tests.python_client.reading import ONE_WORLD
from tests.rooms import Room
from tests.servers import ROOT

pytestmark = ONE_WORLD
EXAMPLES = ROOT / "clients/python/examples"
SECONDS = 30


@pytest.fixture
async def start(room: Room, tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    started: list[Process] = []

    async def start(example: str, who: str, *arguments: str) -> Process:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "clients/python/src"),
            "GATHERING_TOKEN": room.world.tokens[who],
            "NO_PROXY": "127.0.0.1",
        }
        command = [
            sys.executable,
            "-u",
            str(EXAMPLES / example),
            room.world.steady.http,
            room.name,
            *arguments,
        ]
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdin=PIPE, stdout=PIPE, cwd=tmp_path
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def here(room: Room, name: str) -> None:
    """Wait until somebody is connected to the room."""
    async with room.http("ada") as http:
        async with asyncio.timeout(SECONDS):
            while name not in [
                each["name"]
                for each in (await http.get(f"/api/circles/{room.name}/presence/")).json()["here"]
            ]:
                await asyncio.sleep(0.05)


async def test_the_chat_says_and_hears(room: Room, start: Any) -> None:
    chat = await start("chat.py", "bob")
    await here(room, "bob")
    room.hand("say", "ada", room.name, "Hello Bob")
    assert await asyncio.wait_for(chat.stdout.readline(), SECONDS) == b"ada: Hello Bob\n"
    chat.stdin.write(b"Hello Ada\n")
    assert b"bob: Hello Ada" in await asyncio.wait_for(chat.stdout.readline(), SECONDS)
    chat.stdin.close()
    assert await asyncio.wait_for(chat.wait(), SECONDS) == 0


async def test_the_agent_answers_each_mention_once(room: Room, start: Any) -> None:
    agent = await start("agent.py", "robo")
    await here(room, "robo")
    room.hand("say", "bob", room.name, "@robo one two")
    await eventually(lambda: len(room.hand("messages", room.name)) == 2, SECONDS)
    agent.kill()
    await start("agent.py", "robo")
    room.hand("say", "bob", room.name, "@robo three")
    await eventually(lambda: len(room.hand("messages", room.name)) == 4, SECONDS)
    said = [text.strip() for name, text in room.hand("messages", room.name) if name == "robo"]
    assert said == ["two one @robo", "three @robo"]


async def test_the_notifier_tells_of_a_build_once(room: Room, start: Any) -> None:
    for _ in range(2):
        notifier = await start("notify.py", "robo", "failure")
        assert await asyncio.wait_for(notifier.wait(), SECONDS) == 0
    assert room.hand("messages", room.name) == [["robo", "Build local of local FAILED."]]
