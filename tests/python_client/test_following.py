"""What is said is heard once and in order, from wherever one wants to begin."""

from typing import Any

import pytest

from gathering_client import Busy, MemoryStore, NotAllowed, NotFound, Position
from tests.python_client.reading import ONE_WORLD, await_type, said, take
from tests.rooms import Room

Join = Any
pytestmark = ONE_WORLD


async def test_what_is_posted_is_heard(room: Room, join: Join) -> None:
    ada, bob = await join("ada"), await join("bob")
    async with bob.circle(room.name).events() as events:
        posted = await ada.circle(room.name).post("Hello")
        (event,) = await take(events, 1)
    assert (event.type, event.data["content"], event.data["sender"]) == ("user_message", "Hello", "ada")
    assert (event.seq, event.channel) == (posted.seq, room.channel) == (room.head + 1, room.channel)


async def test_since_replays_what_came_after(room: Room, join: Join) -> None:
    room.hand("post", "ada", room.name, count=50)
    events = (await join("bob")).circle(room.name).events(since=room.head)
    assert said(await take(events, 50)) == [str(number) for number in range(50)]


async def test_since_0_is_everything_that_is_kept(room: Room, join: Join) -> None:
    room.hand("post", "ada", room.name, count=3)
    floor = room.hand("prune", room.channel)
    room.hand("post", "ada", room.name, count=2)
    events = await take((await join("bob")).circle(room.name).events(since=0), 2)
    assert [event.seq for event in events] == [floor + 1, floor + 2]


async def test_without_since_it_begins_now(room: Room, join: Join) -> None:
    room.hand("post", "ada", room.name, count=3)
    ada = await join("ada")
    async with ada.circle(room.name).events() as events:
        await ada.circle(room.name).post("now")
        assert said(await take(events, 1)) == ["now"]


async def test_a_snapshot_and_what_follows_it_have_no_seam(room: Room, join: Join) -> None:
    circle = (await join("ada")).circle(room.name)
    await circle.post("before")
    snapshot = await circle.snapshot()
    await circle.post("after")
    assert [message["content"] for message in snapshot.data["messages"]] == ["before"]
    assert said(await take(circle.events(since=snapshot.position), 1)) == ["after"]


async def test_several_streams_share_one_socket(world: Any, rooms: Any, join: Join) -> None:
    here, there = rooms.make(), rooms.make()
    ada = await join("ada")
    robo = ada.agent(world.hand("user_id", "robo"))
    async with ada.circle(here.name).events() as a, ada.circle(there.name).events() as b, robo.events() as c:
        await ada.circle(there.name).post("there")
        await ada.circle(here.name).post("here")
        for status in ("waiting", "thinking"):  # whatever it was before, one of them is new
            await (await join("robo")).agent(robo.key).status(status)
        found = [(await take(events, 1))[0] for events in (a, b, c)]
    assert [event.channel for event in found] == [here.channel, there.channel, robo.channel]
    assert found[2].type == "agent_status"


async def test_one_stream_has_one_reader_for_each_client(room: Room, join: Join) -> None:
    circle = (await join("ada")).circle(room.name)
    async with circle.events():
        with pytest.raises(Busy):
            await circle.events().__anext__()
    async with circle.events():
        pass


async def test_a_loop_that_was_left_lets_the_next_one_begin(room: Room, join: Join) -> None:
    circle = (await join("ada")).circle(room.name)
    for number in range(3):
        await circle.post(str(number))
    for _ in range(3):
        async for event in circle.events(since=room.head):
            if event.seq is not None:
                assert event.data["content"] == "0"
                break


async def test_an_outsider_is_told_so(room: Room, join: Join) -> None:
    carol = await join("carol")
    with pytest.raises(NotFound):
        await carol.circle(room.name).events().__anext__()
    with pytest.raises(NotFound):
        await carol.circle(room.name).post("Let me in")
    assert room.hand("messages", room.name) == []


async def test_a_member_that_is_put_out_hears_it_after_all_that_came_before(room: Room, join: Join) -> None:
    bob = (await join("bob")).circle(room.name)
    async with bob.events(since=room.head) as events:
        room.hand("post", "ada", room.name)
        room.hand("remove_member", room.name, "bob")
        assert said(await take(events, 1)) == ["0"]
        with pytest.raises((NotAllowed, NotFound)):
            await take(events, 2)  # that it left may come, and no more


async def test_another_history_is_a_reset_with_a_snapshot(room: Room, join: Join) -> None:
    ada = await join("ada")
    circle = ada.circle(room.name)
    await circle.post("kept")
    async with circle.events(since=Position(room.head, "another")) as events:
        reset = await await_type(events, "reset")
        await circle.post("later")
        (event,) = await take(events, 1)
    assert (reset.type, reset.data["reason"]) == ("reset", "epoch")
    assert reset.snapshot.data["messages"][-1]["content"] == "kept"
    assert reset.snapshot.position == Position(room.head + 1, room.hand("epoch", room.channel))
    assert (event.seq, event.data["content"]) == (room.head + 2, "later")


async def test_a_history_that_changes_while_it_is_followed_is_a_reset(room: Room, join: Join) -> None:
    circle = (await join("ada", store=(store := MemoryStore()))).circle(room.name)
    async with circle.events(since=room.head) as events:
        await circle.post("one")
        await take(events, 1)
        epoch = room.hand("renew", room.channel)
        reset = await await_type(events, "reset")
        await events.handled()
    assert (reset.type, reset.snapshot.position.epoch) == ("reset", epoch)
    assert await store.load(room.channel) == reset.snapshot.position


async def test_what_the_cursor_store_knows_goes_before_since(room: Room, join: Join) -> None:
    room.hand("post", "ada", room.name, count=3)
    circle = (await join("bob", store=MemoryStore())).circle(room.name)
    async with circle.events(since=room.head) as events:
        await take(events, 2)  # the second is not handled: nothing more was asked for
    async with circle.events(since=0) as events:
        assert said(await take(events, 2)) == ["1", "2"]


async def test_where_it_began_is_stored_before_anything_comes(room: Room, join: Join) -> None:
    circle = (await join("bob", store=(store := MemoryStore()))).circle(room.name)
    async with circle.events():
        pass
    room.hand("post", "ada", room.name)
    assert (await store.load(room.channel)).seq == room.head
    async with circle.events() as events:
        assert said(await take(events, 1)) == ["0"]
