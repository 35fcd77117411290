"""Two people and three agents in a circle: whoever watches sees the agents alike, whatever they are.

One is the Python sample of ``docs/agents.md``, one is curl alone, and one GatheRing runs itself on a
language model's server.
"""

from contextlib import AsyncExitStack
from typing import Any

import pytest

from circles.tests.law import apply
from tests.clients import Client
from tests.contract.test_activity import Agents
from tests.model_server import ModelServer
from tests.rooms import Room
from tests.runners import Runner
from tests.test_agents_document import at_work

PATIENCE = 60.0
one_world = pytest.mark.parametrize("world", [("uvicorn", "embedded")], ids="-".join, indirect=True)


class Observer:
    """Bob, who keeps a picture of the circle by its events, and what each agent did by theirs."""

    def __init__(self, room: Room, agents: dict[str, int], snapshot: dict[str, Any]) -> None:
        self.room = room
        self.names = {f"agents.{pk}": name for name, pk in agents.items()}
        self.picture = snapshot
        self.did: dict[str, list[dict[str, Any]]] = {name: [] for name in agents}
        self.cursors = dict.fromkeys(self.names, 0)

    async def look(self) -> Client:
        """Watch, from where it has got to."""
        client = await self.room.rooms.at_the_hub("bob")
        await client.ask("subscribe", channel=self.room.channel, since=self.picture["seq"])
        for channel, cursor in self.cursors.items():
            await client.ask("subscribe", channel=channel, since=cursor)
        return client

    def take(self, event: dict[str, Any]) -> None:
        channel, seq = event["channel"], event["seq"]
        if channel == self.room.channel:
            assert seq == self.picture["seq"] + 1
            self.picture["seq"] = seq
            apply(self.picture, event["type"], event["data"])
        else:
            assert seq == self.cursors[channel] + 1
            self.cursors[channel] = seq
            if event["type"] == "agent_activity":
                self.did[self.names[channel]].append(event)

    def answers(self, name: str) -> list[dict[str, Any]]:
        return [message for message in self.picture["messages"] if message["sender"] == name]

    def has_finished(self, name: str) -> bool:
        return bool(self.answers(name)) and self.did[name][-1:] != [] and self._last(name) == "RUN_FINISHED"

    def _last(self, name: str) -> str:
        return self.did[name][-1]["data"]["type"]


@one_world
async def test_three_agents_are_seen_alike_and_a_resumed_picture_is_the_fresh_one(room: Room) -> None:
    by_python, by_curl = Agents(room, "snake"), Agents(room, "curly")
    thinker = room.hand("make_thinker", f"thinker-{room.name}", room.name, "echo")
    agents = {"snake": by_python.pk, "curly": by_curl.pk, "thinker": thinker}
    names = {short: f"{short}-{room.name}" for short in agents}
    async with room.http("bob") as http, AsyncExitStack() as stack:
        snapshot = (await http.get(f"/api/circles/{room.name}/")).json()
        observer = Observer(room, {names[short]: pk for short, pk in agents.items()}, snapshot)
        models = stack.enter_context(ModelServer())
        stack.enter_context(Runner(room.world, models.url))
        await stack.enter_async_context(at_work(by_python, "ws", "python"))
        await stack.enter_async_context(at_work(by_curl, "http", "bash"))
        ada, bob = await room.join("ada"), await observer.look()
        await until_they_listen(room, ada)
        await ada.post(f"What is new, @{names['thinker']}?")
        for name in names.values():
            while not observer.has_finished(name):
                observer.take(await bob.find(lambda frame: "seq" in frame, PATIENCE))
            await bob.close()
            bob = await observer.look()
        fresh = await settled(http, room, observer, bob)
    assert observer.picture == fresh
    assert_alike(observer, list(names.values()))


async def until_they_listen(room: Room, ada: Client) -> None:
    """Post until both samples have answered: they hear from when they are there."""
    heard: set[str] = set()
    while len(heard) < 2:
        await ada.post("Hello")
        try:
            while len(heard) < 2:
                event = await ada.find(lambda frame: frame["type"] == "agent_message", 1)
                heard.add(event["data"]["sender"])
        except TimeoutError:
            continue


async def settled(http: Any, room: Room, observer: Observer, bob: Client) -> dict[str, Any]:
    """A fresh snapshot, once the observer has got as far as it is."""
    fresh: dict[str, Any] = (await http.get(f"/api/circles/{room.name}/")).json()
    while observer.picture["seq"] < fresh["seq"]:
        observer.take(await bob.find(lambda frame: "seq" in frame, PATIENCE))
        fresh = (await http.get(f"/api/circles/{room.name}/")).json()
    return fresh


def assert_alike(observer: Observer, names: list[str]) -> None:
    """Each ran in this circle, and what is told of it has the same shape."""
    messages = [set(observer.answers(name)[0]) for name in names]
    assert messages[0] == messages[1] == messages[2]
    for name in names:
        first, last = observer.did[name][0], observer.did[name][-1]
        assert set(first) == {"type", "data", "timestamp", "channel", "seq"}
        assert (first["data"]["type"], last["data"]["type"]) == ("RUN_STARTED", "RUN_FINISHED")
        assert first["data"]["threadId"] == last["data"]["threadId"] == observer.room.name
