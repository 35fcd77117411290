"""``docs/agents.md``: the agents in it are run as they stand there."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.contract.test_activity import Agents
from tests.rooms import Room
from tests.servers import ROOT

DOCUMENT = (ROOT / "docs/agents.md").read_text()
one_world = pytest.mark.parametrize("world", [("uvicorn", "embedded")], ids="-".join, indirect=True)


def sample(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
    return found


@asynccontextmanager
async def at_work(agents: Agents, scheme: str, language: str) -> AsyncIterator[None]:
    """The agent of a sample, at work as ``agents``."""
    program = sys.executable if language == "python" else "bash"
    server = agents.room.world.steady
    place = {"HUB": getattr(server, scheme), "CIRCLE": agents.room.name, "AGENT": str(agents.pk)}
    process = await asyncio.create_subprocess_exec(
        *(program, "-c", sample(language)),
        env=os.environ | place | {"TOKEN": agents.token},
        stdin=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, 9)
        await process.wait()


async def answered(room: Room, agents: Agents) -> tuple[str, list[dict[str, Any]]]:
    """Post until the agent answers (it may not be there yet): its answer, and the runs that have ended."""
    ada = await room.join("ada")
    async with asyncio.timeout(60):
        while True:
            await ada.post("Hello")
            events = [await ada.event()]
            try:
                events.append(await ada.event(seconds=1))
            except TimeoutError:
                continue
            if events[-1]["type"] == "agent_message":
                break
        async with room.http("ada") as http:
            while not (runs := await ended(http, agents)):
                await asyncio.sleep(0.05)
    return events[-1]["data"]["content"], runs


async def ended(http: httpx.AsyncClient, agents: Agents) -> list[dict[str, Any]]:
    runs = (await http.get(f"/api/agents/{agents.pk}/runs/")).json()["runs"]
    return [run for run in runs if run["status"] == "finished"]


@one_world
async def test_the_agent_in_twenty_lines_answers_and_shows_its_work(room: Room) -> None:
    agents = Agents(room)
    assert len([line for line in sample("python").splitlines() if line.strip()]) <= 20
    async with at_work(agents, "ws", "python"):
        content, runs = await answered(room, agents)
    assert content == "I heard: Hello"
    assert runs[0]["circle"] == room.name


@one_world
async def test_the_agent_of_curl_alone_answers_and_shows_its_work(room: Room) -> None:
    agents = Agents(room)
    async with at_work(agents, "http", "bash"):
        content, runs = await answered(room, agents)
    assert content == "I heard that."
    assert runs[0]["circle"] == room.name
