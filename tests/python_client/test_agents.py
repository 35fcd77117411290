"""What agents do and say through the client is what others see."""

import asyncio
from typing import Any

import pytest

from gathering_client import Agent, Conflict, Event, Events, NotFound
from tests.python_client.reading import ONE_WORLD, await_type, said, take
from tests.rooms import Room

pytestmark = ONE_WORLD
Join = Any


@pytest.fixture
async def robo(room: Room, join: Join) -> Agent:
    return (await join("robo")).agent(room.hand("user_id", "robo"))


async def activities(events: Events, last: str) -> list[dict[str, Any]]:
    """The logged activities up to one of the type ``last``, each with what stands beside it."""
    found: list[dict[str, Any]] = []
    while not found or found[-1]["type"] != last:
        event = (await take(events, 1))[0]
        if event.type == "agent_activity":
            found.append({**event.data, **event.beside})
    return found


def types(found: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in found]


async def test_a_run_is_told_as_it_happens_and_what_it_wrote_is_posted(
    room: Room, join: Join, robo: Agent
) -> None:
    bob = await join("bob")
    async with bob.circle(room.name).events() as said_there, bob.agent(robo.key).events() as done:
        async with robo.run(room.name) as run:
            await run.text("I look. ")
            call = await run.tool_call("read_file", {"path": "README.md"})
            await call.result("# Hello")
            async with run.step("answer"):
                await run.text("It says ")
                await run.text("Hello.")
        found = await activities(done, "RUN_FINISHED")
        messages = await take(said_there, 2)
    assert types(found) == [
        "RUN_STARTED",
        *("TEXT_MESSAGE_START", "TEXT_MESSAGE_END"),
        *("TOOL_CALL_START", "TOOL_CALL_END", "TOOL_CALL_RESULT"),
        "STEP_STARTED",
        *("TEXT_MESSAGE_START", "TEXT_MESSAGE_END"),
        *("STEP_FINISHED", "RUN_FINISHED"),
    ]
    assert [each["content"] for each in found if each["type"] == "TEXT_MESSAGE_END"] == said(messages)
    assert said(messages) == ["I look. ", "It says Hello."]
    assert found[4]["content"] == '{"path": "README.md"}'
    kept = await bob.agent(robo.key).run_of(run.id)
    assert (kept["run"]["status"], kept["run"]["circle"]) == ("finished", room.name)
    assert [(each["tool"], each["result"]) for each in kept["calls"]] == [("read_file", "# Hello")]
    listed = [each["run_id"] async for each in bob.agent(robo.key).runs()]
    assert listed[0] == run.id


async def test_what_it_writes_is_seen_while_it_is_written(room: Room, join: Join, robo: Agent) -> None:
    async with (await join("bob")).circle(room.name).events() as events:
        async with robo.run(room.name) as run:
            shown = ""
            for word in ("one ", "two ", "three é😀"):
                await run.text(word)
                delta = await await_type(events, "message_delta")
                assert delta.data["offset"] == len(shown)
                shown += delta.data["delta"]
                assert shown.endswith(word)
        (message,) = await take(events, 1)
    assert (message.data["content"], message.data["draft"]) == (shown, delta.data["draft"])


async def test_many_small_deltas_stay_below_what_a_server_takes(room: Room, join: Join, robo: Agent) -> None:
    async with (await join("bob")).circle(room.name).events() as events:
        async with robo.run(room.name) as run:
            for number in range(500):
                await run.text(f"{number} ")
                await asyncio.sleep(0)
        seen: list[Event] = []
        while not seen or seen[-1].seq is None:
            seen.append(await asyncio.wait_for(events.__anext__(), 10))
    assert seen[-1].data["content"] == "".join(f"{number} " for number in range(500))
    assert len(seen) < 20


async def test_a_run_that_fails_says_so_and_takes_its_draft_back(room: Room, join: Join, robo: Agent) -> None:
    bob = await join("bob")
    async with bob.circle(room.name).events() as there, bob.agent(robo.key).events() as done:
        with pytest.raises(LookupError):
            await _fail_while_writing(robo, room, there)
        found = await activities(done, "RUN_ERROR")
        while not (ended := await await_type(there, "message_delta")).data.get("ended"):
            pass
    assert found[-1]["message"] == "no such thing"
    assert ended.data["sender"] == "robo"
    assert (await bob.agent(robo.key).snapshot()).data["agent"]["status"] == "error"
    assert room.hand("messages", room.name) == []


async def test_somebody_stops_it(room: Room, join: Join, robo: Agent) -> None:
    ada = (await join("ada")).agent(robo.key)
    async with ada.events() as done:
        async with robo.run(room.name) as run:
            await run.text("This will take long")
            await ada.stop(run.id)
            await asyncio.sleep(30)
        found = await activities(done, "RUN_FINISHED")
    assert run.stopped
    assert found[-1]["outcome"] == {"type": "cancelled"}
    assert room.hand("messages", room.name) == []


async def test_a_run_that_a_killed_process_left_open_is_taken_over(
    room: Room, join: Join, robo: Agent
) -> None:
    left = robo.run(room.name)
    await left.__aenter__()
    with pytest.raises(Conflict):
        await robo.run(room.name).__aenter__()
    async with robo.run(room.name, take_over=True) as run:
        await run.say("Here I am again", id=f"again-{room.name}")
        await run.say("Here I am again", id=f"again-{room.name}")
    assert room.hand("messages", room.name) == [["robo", "Here I am again"]]
    assert (await robo.run_of(left.id))["run"]["error_code"] == "abandoned"


async def test_a_cut_in_the_middle_of_a_run_changes_nothing(room: Room, join: Join, proxy: Any) -> None:
    robo = (await join("robo", proxy)).agent(room.hand("user_id", "robo"))
    async with (await join("bob")).agent(robo.key).events() as done:
        async with robo.run(room.name) as run:
            for number in range(5):
                proxy.cut()
                call = await run.tool_call("count", {"to": number})
                proxy.cut()
                await call.result(str(number))
        found = await activities(done, "RUN_FINISHED")
    assert types(found).count("TOOL_CALL_RESULT") == 5
    assert types(found).count("TOOL_CALL_START") == 5


async def test_a_run_answers_a_message(room: Room, join: Join, robo: Agent) -> None:
    asked = room.hand("say", "ada", room.name, "@robo how are you?")
    bob = await join("bob")
    async with bob.circle(room.name).events() as there, robo.run(room.name, reply_to=asked) as run:
        await run.text("Well.")
        assert (await await_type(there, "message_delta")).data["reply_to"] == asked
    messages = await robo.client.circle(room.name).messages()
    assert [(each["content"], each["reply_to"]) for each in messages][-1] == ("Well.", asked)


async def test_only_the_agent_itself_reports(room: Room, join: Join, robo: Agent) -> None:
    with pytest.raises(NotFound):
        await (await join("carol")).agent(robo.key).status("working")


async def _fail_while_writing(robo: Agent, room: Room, there: Events) -> None:
    async with robo.run(room.name) as run:
        await run.text("I was going to say")
        await await_type(there, "message_delta")
        raise LookupError("no such thing")
