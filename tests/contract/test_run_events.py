"""One run as Server-Sent Events of pure AG-UI; AG-UI's own client is the judge."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.contract.test_activity import FINISHED, STARTED, Agents, tell, text
from tests.nodejs import NODE
from tests.rooms import Room
from tests.servers import ROOT

FOLLOW = ROOT / "tests/agui/follow.mjs"
PATIENCE = 60.0
in_one_world = pytest.mark.parametrize("world", [("uvicorn", "full")], ids="-".join, indirect=True)


def tool(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"TOOL_CALL_{kind}", "toolCallId": "c1", **fields}


async def following(
    http: httpx.AsyncClient, agents: Agents, run: str = "r1"
) -> AsyncIterator[dict[str, Any]]:
    """The events of a run, as they come."""
    async with http.stream("GET", f"/api/agents/{agents.pk}/runs/{run}/events") as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


async def test_a_run_that_is_over_is_told_with_one_content_for_each_text(room: Room) -> None:
    agents = Agents(room)
    robo = await agents.itself()
    await tell(
        robo, STARTED, text("START"), *[text("CONTENT", delta=each) for each in ("Hel", "lo")], text("END")
    )
    await robo.ask("agent_activity", data=FINISHED)
    async with room.http("bob") as http:
        told = [event async for event in following(http, agents)]
    assert told == [STARTED, text("START"), text("CONTENT", delta="Hello"), text("END"), FINISHED]


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another process"])
async def test_who_comes_in_the_middle_gets_all_of_it_and_then_what_comes(
    room: Room, elsewhere: bool
) -> None:
    agents = Agents(room)
    robo = await agents.itself()
    await tell(robo, STARTED, text("START"), text("CONTENT", delta="Hel"))
    assert await robo.answers_ping()
    async with room.http("bob", on=room.world.both[elsewhere]) as http:
        events = following(http, agents)
        assert [await anext(events) for _ in range(2)] == [STARTED, text("START")]
        await tell(robo, text("CONTENT", delta="lo, "), text("CONTENT", delta="you."))
        said = ""
        while said != "Hello, you.":
            said += (await anext(events))["delta"]
            assert "Hello, you.".startswith(said)
        await tell(robo, text("END"), FINISHED)
        assert [event async for event in events] == [text("END"), FINISHED]


async def test_who_may_not_see_the_agent_may_not_see_its_runs(room: Room) -> None:
    agents = Agents(room)
    robo = await agents.itself()
    await robo.ask("agent_activity", data=STARTED)
    for who, status in (("carol", 404), (None, 401)):
        async with room.http(who) as http:
            for run in ("r1", "none"):
                answer = await http.get(f"/api/agents/{agents.pk}/runs/{run}/events")
                assert answer.status_code == status
    async with room.http("bob") as http:
        assert (await http.get(f"/api/agents/{agents.pk}/runs/none/events")).status_code == 404


async def test_who_loses_the_sight_of_the_agent_is_told_no_more(room: Room) -> None:
    agents = Agents(room)
    robo = await agents.itself()
    await robo.ask("agent_activity", data=STARTED)
    async with room.http("bob") as http:
        events = following(http, agents)
        assert await anext(events) == STARTED
        room.hand("remove_member", room.name, "bob")
        (end,) = [event async for event in events]
    assert (end["type"], end["code"]) == ("RUN_ERROR", "access_withdrawn")


# AG-UI's own client


class Follower:
    """``tests/agui/follow.mjs`` at work."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def has_seen(self, kind: str) -> None:
        """Wait until it has got an event of this type."""
        assert self._process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            while (line := await self._process.stderr.readline()).decode().strip() != kind:
                assert line, "the client has ended"

    async def result(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            out, errors = await self._process.communicate()
        assert out, errors.decode()
        return json.loads(out)


@asynccontextmanager
async def ag_ui_client(agents: Agents, who: str) -> AsyncIterator[Follower]:
    world = agents.room.world
    url = f"{world.steady.http}/api/agents/{agents.pk}/runs/r1/events"
    process = await asyncio.create_subprocess_exec(
        *(NODE, FOLLOW, url, world.tokens[who]),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Follower(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@in_one_world
async def test_the_client_of_ag_ui_follows_a_run(room: Room) -> None:
    agents = Agents(room)
    robo = await agents.itself()
    await tell(robo, STARTED, text("START", role="assistant", name=None), text("CONTENT", delta="Hel"))
    await tell(robo, {"type": "STATE_SNAPSHOT", "snapshot": {"step": 1}})
    assert await robo.answers_ping()
    async with ag_ui_client(agents, "bob") as client:
        await client.has_seen("TEXT_MESSAGE_CONTENT")
        await tell(
            robo, text("CONTENT", delta="lo"), text("END"), {"type": "STEP_STARTED", "stepName": "look"}
        )
        await tell(
            robo, tool("START", toolCallName="read", parentMessageId="m1"), tool("ARGS", delta='{"path":')
        )
        await tell(
            robo, tool("ARGS", delta='"a"}'), tool("END"), {"type": "STEP_FINISHED", "stepName": "look"}
        )
        await tell(robo, tool("RESULT", messageId="t1", content="A file.", role="tool"))
        await tell(robo, {"type": "STATE_DELTA", "delta": [{"op": "replace", "path": "/step", "value": 2}]})
        await tell(
            robo, {"type": "TEXT_MESSAGE_CHUNK", "messageId": "m2", "role": "assistant", "delta": "Do"}
        )
        await tell(robo, {"type": "TEXT_MESSAGE_CHUNK", "delta": "ne."}, FINISHED)
        result = await client.result()
    assert result["error"] is None
    assert result["state"] == {"step": 2}
    said, read, done = result["messages"]
    assert (said["id"], said["role"], said["content"]) == ("m1", "assistant", "Hello")
    assert said["toolCalls"][0]["function"] == {"name": "read", "arguments": '{"path":"a"}'}
    assert (read["role"], read["content"]) == ("tool", "A file.")
    assert (done["id"], done["content"]) == ("m2", "Done.")


@in_one_world
async def test_the_client_of_ag_ui_is_told_that_a_run_failed(room: Room) -> None:
    agents = Agents(room)
    robo = await agents.itself()
    await tell(robo, STARTED, text("START"), text("CONTENT", delta="Hm"))
    await robo.ask("agent_activity", data={"type": "RUN_ERROR", "message": "Out of luck."})
    async with ag_ui_client(agents, "bob") as client:
        result = await client.result()
    assert result["error"] == "Out of luck."
    assert [message["content"] for message in result["messages"]] == ["Hm"]
