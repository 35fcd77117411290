"""A long log, replayed: nothing missing, soon, and in little memory."""

import asyncio
import json

from playwright.async_api import Browser, expect

from tests.javascript.pages import bundle, show
from tests.javascript.worlds import one_world
from tests.nodejs import NODE
from tests.rooms import Room
from tests.servers import ROOT

PROGRAM = ROOT / "clients/js/tests/programs/replay.js"
EVENTS = 10_000
SECONDS = 20.0  # on a machine that does much else; it takes one or two
KEPT = 32 << 20  # bytes; Chromium's include what it has not yet collected


@one_world
async def test_ten_thousand_events_are_replayed_in_node(room: Room) -> None:
    head = room.hand("post", "bob", room.name, EVENTS - room.head)
    about = {"url": room.world.steady.http, "token": room.world.tokens["ada"], "circle": room.name}
    pipe = asyncio.subprocess.PIPE
    arguments = json.dumps({**about, "head": head})
    process = await asyncio.create_subprocess_exec(NODE, "--expose-gc", PROGRAM, arguments, stdout=pipe)
    said, _ = await asyncio.wait_for(process.communicate(), 3 * SECONDS)
    measured = json.loads(said)
    judge("Node", measured)


@one_world
async def test_ten_thousand_events_are_replayed_in_chromium(room: Room, browser: Browser) -> None:
    head = room.hand("post", "bob", room.name, EVENTS - room.head)
    about = {"token": room.world.tokens["ada"], "circle": room.name, "head": head}
    page = await show(browser, room.world.steady.http, bundle("tests/pages/replay.js"), about)
    await expect(page.locator("#root")).to_contain_text("handled", timeout=3000 * SECONDS)
    judge("Chromium", json.loads(await page.inner_text("#root")))


def judge(where: str, measured: dict[str, float]) -> None:
    print(f"{where}: {measured}")
    assert measured["handled"] == EVENTS
    assert measured["seconds"] < SECONDS
    assert measured["kept"] < KEPT
