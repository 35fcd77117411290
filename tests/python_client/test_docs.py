"""The samples of the documents do what is said there."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.processes import poll
from tests.python_client.reading import ONE_WORLD
from tests.rooms import Room, Rooms
from tests.servers import ROOT, World

pytestmark = ONE_WORLD

SAMPLES = [
    pytest.param(path, number, text, id=f"{path.name}-{number}")
    for path in (ROOT / "docs/clients-python.md", ROOT / "clients/python/README.md")
    for number, text in enumerate(re.findall(r"^```python\n(.*?)^```", path.read_text("utf-8"), re.M | re.S))
]
# What each sample prints at least, of a circle in which Bob said "Good morning" before.
PRINTS = {
    ("clients-python.md", 0): "user_message ada Hello\n",
    ("clients-python.md", 1): " user_message\n",
    ("clients-python.md", 2): "bob Good morning\n",
    ("clients-python.md", 3): "answered bob\n",
    ("clients-python.md", 4): "user_message Built.\n",
    ("README.md", 0): "'content': 'Hello from Python'",
}


@pytest.fixture
def team(world: World) -> Any:
    """The circle of the samples."""
    room = Room(Rooms(world, None), "dev-team")  # type: ignore[arg-type]
    room.hand("say", "bob", "dev-team", "Good morning")
    room.hand("say", "bob", "dev-team", "@robo how many words are these?")
    yield room
    world.hand("delete_circle", "dev-team")


@pytest.mark.parametrize(("path", "number", "text"), SAMPLES)
def test_a_sample_prints_what_it_should(
    team: Room, tmp_path: Path, path: Path, number: int, text: str
) -> None:
    server = team.world.steady
    token = team.world.tokens["robo" if "reply_to" in text else "ada"]
    program = text.replace("http://127.0.0.1:8000", server.http).replace('"TOKEN"', repr(token))
    printed = run(program, tmp_path, token, PRINTS[path.name, number])
    assert PRINTS[path.name, number] in printed


def run(program: str, directory: Path, token: str, wanted: str) -> str:
    """Run a program until it has printed ``wanted``, or has ended; returns what it printed."""
    output = directory / "printed"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "clients/python/src"),
        "GATHERING_TOKEN": token,
        "NO_PROXY": "127.0.0.1",
    }
    with output.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-W", "error", "-c", program],
            cwd=directory,
            env=environment,
            stdout=out,
            stderr=out,
        )
    try:
        poll(lambda: wanted in output.read_text() or process.poll() is not None, 30)
    finally:
        process.kill()
        process.wait()
    return output.read_text()
