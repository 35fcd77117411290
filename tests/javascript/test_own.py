"""The JavaScript client's own tests, in Node."""

import asyncio
import json
import os
from pathlib import Path

from tests.javascript.worlds import one_world
from tests.nodejs import NODE
from tests.rooms import Room
from tests.servers import ROOT

PACKAGE = ROOT / "clients/js"
PATIENCE = 100.0
TEST = ("--test", "--test-reporter=spec", "--test-timeout=30000", "--test-force-exit")


async def test_its_own_tests_pass() -> None:
    await run_tests(files_of(PACKAGE / "tests"))


@one_world
async def test_its_tests_against_a_server_pass(room: Room) -> None:
    place = {"url": room.world.steady.http, "tokens": room.world.tokens, "circle": room.name}
    await run_tests(files_of(PACKAGE / "tests/live"), GATHERING_PLACE=json.dumps(place))


def files_of(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.test.js"))


async def run_tests(files: list[Path], **environment: str) -> None:
    """Run test files in Node; what they say is what a failure says."""
    assert files
    process = await asyncio.create_subprocess_exec(
        *(NODE, *TEST, *files),
        env=os.environ | environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, said.decode()
