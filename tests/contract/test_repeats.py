"""The same id again does nothing: a client may retry until it has an ack."""

import asyncio

from tests.rooms import Room


async def test_the_same_id_gets_the_same_ack_and_one_message(room: Room) -> None:
    client = await room.join("ada")
    ref = f"same-{room.name}"
    acks = [await client.post("Once", id=ref) for _ in range(3)]
    assert acks[0] == acks[1] == acks[2] == {"ref": ref, "seq": room.head + 1}
    assert room.hand("messages", room.name) == [["ada", "Once"]]


async def test_the_first_content_counts(room: Room) -> None:
    client = await room.join("ada")
    await client.post("First", id="one")
    assert (await client.post("Second", id="one"))["seq"] == room.head + 1
    assert room.hand("messages", room.name) == [["ada", "First"]]


async def test_on_two_sockets_at_once_it_is_said_once(room: Room) -> None:
    clients = [await room.join("ada", on=server) for server in room.world.both * 2]
    for number in range(5):
        acks = await asyncio.gather(*(c.post("Once", id=f"n-{number}") for c in clients))
        assert {ack["seq"] for ack in acks} == {room.head + 1 + number}
    assert len(room.hand("messages", room.name)) == 5


async def test_in_one_burst_it_is_said_once(room: Room) -> None:
    client = await room.join("ada")
    for _ in range(10):
        await client.tell("message", content="Once", id="burst")
    acks = [await client.of_type("ack") for _ in range(10)]
    assert {ack["data"]["seq"] for ack in acks} == {room.head + 1}
    assert len(room.hand("messages", room.name)) == 1


async def test_after_a_reconnect_it_is_known(room: Room) -> None:
    client = await room.join("ada")
    first = await client.post("Once", id="kept")
    await client.close()
    for server in room.world.both:
        assert await (await room.join("ada", on=server)).post("Once", id="kept") == first


async def test_two_senders_may_use_the_same_id(room: Room) -> None:
    ada, bob = await room.join("ada"), await room.join("bob")
    acks = [await client.post("Mine", id="shared") for client in (ada, bob)]
    assert [ack["seq"] for ack in acks] == [room.head + 1, room.head + 2]
    assert room.hand("messages", room.name) == [["ada", "Mine"], ["bob", "Mine"]]


async def test_without_an_id_each_is_another(room: Room) -> None:
    client = await room.join("ada")
    for _ in range(3):
        await client.tell("message", content="Again")
    assert await client.answers_ping()
    assert room.hand("messages", room.name) == [["ada", "Again"]] * 3
