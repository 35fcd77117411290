"""Joining, replaying, living on: nothing lost, repeated or reordered."""

import asyncio
import random
from typing import Any

import pytest

from .clients import connect
from .conftest import Room


async def test_a_plain_client_is_told_nothing_that_it_did_not_ask_for(room: Room) -> None:
    async with await room.join("ada") as ada, await room.join("bob") as bob:
        await bob.ask({"type": "typing"})
        await ada.post("first")
        types = [frame["type"] for frame in ada.seen]
    assert "welcome" not in types


async def test_whoever_asks_is_welcomed_first(room: Room) -> None:
    async with await room.join("bob", since=0) as bob:
        welcome = await bob.recv()
    assert welcome["type"] == "welcome"
    data = welcome["data"]
    assert (data["channel"], data["head"], data["floor"], data["resumed"]) == (room.channel, 4, 0, True)
    assert (data["actor"]["name"], data["actor"]["kind"]) == ("bob", "person")


async def test_replay_is_everything_after_since(room: Room) -> None:
    async with await room.join("ada") as ada:
        for n in range(300):
            await ada.send({"type": "message", "content": f"m{n}"})
        await ada.until_seq(304)
    async with await room.join("bob", since=4) as bob:
        await bob.until_seq(304)
    assert [event["seq"] for event in bob.applied] == list(range(5, 305))
    assert bob.contents() == [f"m{n}" for n in range(300)]


async def test_live_and_replayed_frames_are_the_same_to_the_byte(room: Room) -> None:
    async with await room.join("ada") as ada:
        seq = await ada.post("same ☃ @bob")
        live = next(event for event in ada.applied if event["seq"] == seq)
    async with await room.join("bob", since=seq - 1) as bob:
        await bob.until_seq(seq)
    assert bob.applied == [live]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"since": 99}, "ahead"),
        ({"since": 2**63 - 1}, "ahead"),
        ({"since": 1, "epoch": "other"}, "epoch"),
        ({"since": -1}, "invalid"),
        ({"since": "x"}, "invalid"),
        ({"since": 10**30}, "invalid"),
        ({"since": ""}, "invalid"),
    ],
)
async def test_a_since_that_cannot_be_honoured_is_reset_and_then_live(
    query: dict[str, Any], reason: str, room: Room
) -> None:
    async with await room.join("bob", **query) as bob, await room.join("ada") as ada:
        reset = await bob.until(type="reset")
        assert (reset["data"]["reason"], reset["data"]["head"]) == (reason, 4)
        await ada.post("after the reset")
        event = await bob.recv()
        assert (event["seq"], event["content"]) == (5, "after the reset")
    if reason == "invalid":
        assert bob.seen[0]["data"]["code"] == "bad_cursor"


async def test_the_right_epoch_resumes(room: Room) -> None:
    async with await room.join("bob", since=0) as bob:
        epoch = (await bob.recv())["data"]["epoch"]
    async with await room.join("bob", since=3, epoch=epoch) as bob:
        assert (await bob.recv())["data"]["resumed"]
        assert (await bob.recv())["seq"] == 4


async def test_what_was_pruned_is_reset_and_since_0_is_what_is_kept(room: Room) -> None:
    async with await room.join("ada") as ada:
        await ada.post("old")
    room.server.place.manage("prune_events", "--days", "0", "--stream", room.channel)
    async with await room.join("ada") as ada:
        await ada.post("new")
    async with await room.join("bob", since=2) as bob:
        assert (await bob.until(type="reset"))["data"]["reason"] == "pruned"
    async with await room.join("bob", since=0) as bob:
        await bob.until_seq(6)
    assert [event["seq"] for event in bob.applied] == [6]


async def test_the_seam_between_replay_and_live_loses_repeats_and_reorders_nothing(room: Room) -> None:
    """Somebody posts all through many joinings."""
    dice = random.Random(20261124)
    total = 150

    async def publish() -> None:
        async with await room.join("ada") as ada, await room.join("bob") as bob:
            for n in range(total):
                await (ada if n % 2 else bob).send({"type": "message", "content": f"m{n}"})
                await (ada if n % 2 else bob).until(content=f"m{n}")
                if n % 8 == 7:
                    await asyncio.sleep(0.06)

    async def follow() -> list[int]:
        await asyncio.sleep(dice.random() * 1.5)
        async with await room.join("robo", since=dice.randrange(5)) as robo:
            first = robo.cursor
            await robo.until_seq(4 + total)
            seqs = [event["seq"] for event in robo.seen if event.get("seq")]
        assert first == 0
        return seqs

    _, *followed = await asyncio.gather(publish(), *(follow() for _ in range(25)))
    for seqs in followed:
        assert seqs == list(range(seqs[0], 4 + total + 1))


async def test_ephemeral_events_have_no_seq(room: Room) -> None:
    async with await room.join("bob", since=4) as bob, await room.join("ada") as ada:
        await bob.recv()
        assert (await ada.ask({"type": "typing"}))["type"] == "ack"
        event = await bob.until(type="typing")
    assert event["data"]["sender"] == "ada"
    assert "seq" not in event


async def test_one_socket_follows_many_streams(room: Room) -> None:
    address = f"{room.server.ws}/ws/?token={room.token('ada')}"
    async with await connect(address) as many:
        assert (await many.ask({"type": "subscribe", "channel": room.channel, "since": 0}))["type"] == "ack"
        await many.until_seq(4)
        answer = await many.ask({"type": "message", "channel": room.channel, "content": "by channel"})
        assert answer["data"]["seq"] == 5
        refused = await many.ask({"type": "subscribe", "channel": "circles.nowhere"})
        assert refused["data"]["code"] == "not_found"
        await many.ask({"type": "unsubscribe", "channel": room.channel})
        refused = await many.ask({"type": "message", "channel": room.channel, "content": "x"})
        assert refused["data"]["code"] == "not_found"
    welcomes = [frame for frame in many.seen if frame["type"] == "welcome"]
    assert [frame["channel"] for frame in welcomes] == [room.channel]


async def test_an_agents_stream_says_what_it_is_doing(room: Room) -> None:
    with room.rest("robo") as rest:
        robo = rest.get("/api/me/").json()["id"]
    address = f"{room.server.ws}/ws/agents/{robo}/"
    async with (
        await connect(f"{address}?token={room.token('bob')}") as bob,
        await connect(f"{address}?token={room.token('robo')}") as agent,
    ):
        await bob.ask({"type": "agent_status", "data": {"status": "working"}})
        assert bob.seen[-1]["data"]["code"] == "not_allowed"
        for status in ("working", "idle"):
            await agent.ask({"type": "agent_status", "data": {"status": status}})
            told = await bob.until(type="agent_status", status=status)
            assert told["data"]["agent"] == "robo"


async def test_an_agent_posts_as_itself(room: Room) -> None:
    async with await room.join("robo") as robo:
        for kind in ("agent_message", "message", "user_message"):
            await robo.post(kind, type=kind)
        await robo.until_seq(7)
    assert {(event["type"], event["data"]["sender"]) for event in robo.applied} == {("agent_message", "robo")}
    assert all("agent_id" in event["data"] for event in robo.applied)


async def test_a_trailing_slash_is_optional(room: Room) -> None:
    address = f"{room.server.ws}/ws/circles/{room.name}/?token={room.token('bob')}&since=0"
    async with await connect(address) as bob:
        assert (await bob.recv())["type"] == "welcome"


async def test_a_hundred_posters_make_one_sequence(room: Room) -> None:
    async def post(n: int) -> int:
        async with await room.join("ada" if n % 2 else "bob") as poster:
            return await poster.post(f"p{n}")

    seqs = await asyncio.gather(*(post(n) for n in range(100)))
    assert sorted(seqs) == list(range(5, 105))
    with room.rest("ada") as rest:
        page = rest.get(f"/api/streams/{room.channel}/events", params={"since": 0, "limit": 500}).json()
    assert [event["seq"] for event in page["events"]] == list(range(1, 105))
