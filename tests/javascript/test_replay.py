"""A long log, replayed: nothing missing, soon, and in little memory."""

import asyncio
import json

import pytest
from playwright.async_api import Browser, expect

from tests.javascript.pages import bundle, show
from tests.javascript.worlds import one_world
from tests.nodejs import NODE
from tests.servers import ROOT, World

PROGRAM = ROOT / "clients/js/tests/programs/replay.js"
EVENTS = 10_000
SECONDS = 20.0  # on a machine that does much else; it takes one or two
KEPT = 32 << 20  # bytes; Chromium's include what it has not yet collected


@pytest.fixture(scope="module")
def about(world: World) -> dict[str, object]:
    """Where the long log is, for those who have it replayed; made once."""
    world.hand("make_circle", "replayed")
    made = world.hand("head", "circles.replayed")
    head = world.hand("post", "bob", "replayed", EVENTS - made)
    place = {"url": world.steady.http, "token": world.tokens["ada"]}
    return {**place, "circle": "replayed", "head": head}


@one_world
async def test_ten_thousand_events_are_replayed_in_node(about: dict[str, object]) -> None:
    pipe = asyncio.subprocess.PIPE
    command = [NODE, "--expose-gc", PROGRAM, json.dumps(about)]
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe)
    said, _ = await asyncio.wait_for(process.communicate(), 3 * SECONDS)
    judge("Node", json.loads(said))


@one_world
async def test_ten_thousand_events_are_replayed_in_chromium(
    about: dict[str, object], world: World, browser: Browser
) -> None:
    page = await show(browser, world.steady.http, bundle("tests/pages/replay.js"), about)
    await expect(page.locator("#root")).to_contain_text("handled", timeout=3000 * SECONDS)
    judge("Chromium", json.loads(await page.inner_text("#root")))


def judge(where: str, measured: dict[str, float]) -> None:
    print(f"{where}: {measured}")
    assert measured["handled"] == EVENTS
    assert measured["seconds"] < SECONDS
    assert measured["kept"] < KEPT
