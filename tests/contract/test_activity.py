"""What an agent does, as those see it who watch: on every server and every backend."""

from typing import Any

from tests.clients import Client
from tests.rooms import Room

RUN = {"threadId": "t", "runId": "r1"}
STARTED = {"type": "RUN_STARTED", **RUN}
FINISHED = {"type": "RUN_FINISHED", **RUN}


def text(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"TEXT_MESSAGE_{kind}", "messageId": "m1", **fields}


class Agents:
    """A fresh agent of a room, as itself and as those who watch it."""

    def __init__(self, room: Room, name: str = "agent") -> None:
        self.room = room
        self.pk, self.token = room.hand("make_agent", f"{name}-{room.name}", room.name)
        self.path = f"/ws/agents/{self.pk}"

    async def itself(self, **options: Any) -> Client:
        return await self.room.rooms.connect(self.path, self.token, **options)

    async def watched_by(self, who: str, query: str = "", **options: Any) -> Client:
        return await self.room.rooms.connect(self.path + query, self.room.world.tokens[who], **options)


async def tell(client: Client, *events: dict[str, Any]) -> None:
    for event in events:
        await client.tell("agent_activity", data=event)


async def test_who_watches_sees_each_delta_and_the_whole_at_the_end(room: Room) -> None:
    agents = Agents(room)
    watcher, robo = await agents.watched_by("bob"), await agents.itself()
    await tell(robo, STARTED, text("START"))
    assert [(await watcher.receive())["data"] for _ in range(2)] == [STARTED, text("START")]
    await tell(robo, text("CONTENT", delta="Hel"), text("CONTENT", delta="lo"))
    for offset, delta in ((0, "Hel"), (3, "lo")):
        frame = await watcher.receive()
        assert (frame["data"], frame["offset"]) == (text("CONTENT", delta=delta), offset)
        assert "seq" not in frame
    await tell(robo, text("END"), FINISHED)
    end = await watcher.event()
    assert (end["data"], end["content"]) == (text("END"), "Hello")
    assert (await watcher.event())["data"] == FINISHED


async def test_who_joins_late_has_lost_nothing(room: Room) -> None:
    agents = Agents(room)
    robo = await agents.itself()
    await tell(robo, STARTED, text("START"), text("CONTENT", delta="Hello"), text("END"))
    await robo.ask("agent_activity", data=FINISHED)
    late = await agents.watched_by("ada", "?since=0")
    seen = [frame for frame in await late.events(5) if frame["type"] == "agent_activity"]
    assert [frame["data"]["type"] for frame in seen] == [
        "RUN_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    assert seen[2]["content"] == "Hello"


async def test_what_is_wrong_is_answered_and_the_socket_stays(room: Room) -> None:
    agents = Agents(room)
    robo = await agents.itself()
    for event, code, field in (
        (text("END"), "conflict", None),
        ({"type": "TEXT_MESSAGE_START"}, "bad_field", "messageId"),
        ({"type": 5}, "bad_field", "type"),
    ):
        answer = await robo.answer("agent_activity", data=event)
        assert (answer["type"], answer["data"]["code"]) == ("error", code)
        assert answer["data"].get("field") == field
    await robo.ask("agent_activity", data=STARTED)


async def test_only_the_agent_itself_reports(room: Room) -> None:
    watcher = await Agents(room).watched_by("ada")
    answer = await watcher.answer("agent_activity", data=STARTED)
    assert answer["data"]["code"] == "not_allowed"


async def test_the_end_may_come_by_another_connection_than_its_deltas(room: Room) -> None:
    agents = Agents(room)
    robo = await agents.itself()
    await tell(robo, STARTED, text("START"), text("CONTENT", delta="Hel"))
    await robo.ask("agent_activity", data=text("CONTENT", delta="lo"))  # and so all before it is stored
    await robo.close()
    async with room.http(None, on=room.world.hasty) as http:
        bearer = {"Authorization": f"Bearer {agents.token}"}
        path = f"/api/agents/{agents.pk}/"
        answer = await http.post(f"{path}activity/", json=[text("END"), FINISHED], headers=bearer)
        assert answer.status_code == 201
        run = (await http.get(f"{path}runs/r1/", headers=bearer)).json()
    assert [event.get("content") for event in run["events"]] == [None, None, "Hello", None]
