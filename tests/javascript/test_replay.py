"""A long log, replayed: nothing missing, soon, and in little memory."""

import asyncio
import json

from tests.javascript.worlds import one_world
from tests.nodejs import NODE
from tests.rooms import Room
from tests.servers import ROOT

PROGRAM = ROOT / "clients/js/tests/programs/replay.js"
EVENTS = 10_000
SECONDS = 20.0  # on a machine that does much else; it takes one or two
KEPT = 8 << 20


@one_world
async def test_ten_thousand_events_are_replayed(room: Room) -> None:
    head = room.hand("post", "bob", room.name, EVENTS - room.head)
    about = {"url": room.world.steady.http, "token": room.world.tokens["ada"], "circle": room.name}
    pipe = asyncio.subprocess.PIPE
    arguments = json.dumps({**about, "head": head})
    process = await asyncio.create_subprocess_exec(NODE, "--expose-gc", PROGRAM, arguments, stdout=pipe)
    said, _ = await asyncio.wait_for(process.communicate(), 3 * SECONDS)
    measured = json.loads(said)
    print(measured)
    assert measured["handled"] == EVENTS
    assert measured["seconds"] < SECONDS
    assert measured["kept"] < KEPT
