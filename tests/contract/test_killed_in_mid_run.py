"""kill -9 of a web process while agents report: what was acknowledged is there, and the run goes on."""

import os
import random
from typing import Any

import pytest

from tests.clients import Client, Closed
from tests.contract.test_activity import FINISHED, STARTED, Agents, text
from tests.rooms import Room

ROUNDS = int(os.environ.get("GATHERING_TEST_ROUNDS", "2"))
in_one_world = pytest.mark.parametrize("world", [("uvicorn", "full")], ids="-".join, indirect=True)


async def write_until_killed(robo: Client, words: list[str], acknowledged: list[str]) -> None:
    """Send deltas, each with an id, until the server is gone."""
    try:
        for word in words:
            await robo.ask("agent_activity", data=text("CONTENT", delta=word))
            acknowledged.append(word)
    except (Closed, ConnectionError, OSError):
        return


@in_one_world
async def test_what_was_acknowledged_before_a_kill_is_in_the_end(room: Room) -> None:
    agents, spare = Agents(room), room.world.spare
    acknowledged: list[str] = []
    for number in range(ROUNDS):
        spare.start()
        robo = await agents.itself(on=spare)
        if number == 0:
            await robo.ask("agent_activity", data=STARTED)
            await robo.ask("agent_activity", data=text("START"))
        words = [f"{number}.{word} " for word in range(random.randint(3, 12))]
        await write_until_killed(robo, words, acknowledged)
        await robo.tell("agent_activity", data=text("CONTENT", delta="unheard "))  # nobody waits for this one
        spare.kill()
    bearer = {"Authorization": f"Bearer {agents.token}"}
    async with room.http(None) as http:
        path = f"/api/agents/{agents.pk}/"
        ended = await http.post(f"{path}activity/", json=[text("END"), FINISHED], headers=bearer)
        assert ended.status_code == 201
        run: dict[str, Any] = (await http.get(f"{path}runs/r1/", headers=bearer)).json()
    (content,) = [event["content"] for event in run["events"] if "content" in event]
    assert content.replace("unheard ", "") == "".join(acknowledged)
    assert run["run"]["status"] == "finished"


@in_one_world
async def test_a_report_that_was_cut_off_is_sent_again_and_taken_once(room: Room) -> None:
    agents, spare = Agents(room), room.world.spare.start()
    robo = await agents.itself(on=spare)
    await robo.tell("agent_activity", data=STARTED, id="begin")
    await robo.tell("agent_activity", data=text("START"), id="start")
    spare.kill()
    again = await agents.itself()
    for ref, event in (("begin", STARTED), ("start", text("START"))):
        await again.ask("agent_activity", data=event, id=ref)
    late = await agents.watched_by("ada", "?since=0")
    events = [event for event in await late.events(3) if event["type"] == "agent_activity"]
    assert [event["data"]["type"] for event in events] == ["RUN_STARTED", "TEXT_MESSAGE_START"]
