"""Many frames at once: each has its own answer, in order, and none waits for a commit of its own."""

import asyncio

from tests.clients import contents
from tests.rooms import Room


async def test_a_burst_of_one_socket_is_said_in_its_order(room: Room) -> None:
    client = await room.join("ada", since=room.head)
    for number in range(150):
        await client.tell("message", content=str(number), id=f"{room.name}-{number}")
    assert contents(await client.events(150)) == [str(number) for number in range(150)]
    acks = [(await client.of_type("ack"))["data"] for _ in range(150)]
    assert acks == [{"ref": f"{room.name}-{n}", "seq": room.head + 1 + n} for n in range(150)]


async def test_one_bad_frame_in_a_burst_is_refused_alone(room: Room) -> None:
    client = await room.join("ada")
    for number in range(30):
        wrong = {"reply_to": 2**40} if number == 17 else {}
        await client.tell("message", content=str(number), id=f"{room.name}-{number}", **wrong)
    error = (await client.of_type("error"))["data"]
    assert (error["ref"], error["code"]) == (f"{room.name}-17", "bad_field")
    acks = [(await client.of_type("ack"))["data"]["seq"] for _ in range(29)]
    assert acks == list(range(room.head + 1, room.head + 30))
    assert [text for _, text in room.hand("messages", room.name)] == [str(n) for n in range(30) if n != 17]


async def test_a_ping_behind_a_burst_is_answered_after_it(room: Room) -> None:
    client = await room.join("ada")
    for number in range(20):
        await client.tell("message", content=str(number))
    assert await client.answers_ping()
    assert len(room.hand("messages", room.name)) == 20


async def test_a_burst_of_many_sockets_gets_every_seq_once(room: Room) -> None:
    clients = [await room.join(who, on=server) for server in room.world.both for who in ("ada", "bob") * 4]

    async def burst(place: int) -> list[int]:
        client = clients[place]
        for number in range(10):
            await client.tell("message", content=f"{place} {number}", id=f"{room.name}-{place}-{number}")
        return [(await client.of_type("ack"))["data"]["seq"] for _ in range(10)]

    gained = await asyncio.gather(*(burst(place) for place in range(len(clients))))
    assert all(some == sorted(some) for some in gained)
    count = 10 * len(clients)
    assert sorted(seq for some in gained for seq in some) == list(range(room.head + 1, room.head + count + 1))


async def test_what_a_socket_leaves_behind_is_still_done(room: Room) -> None:
    client, other = await room.join("ada"), await room.join("bob", since=room.head)
    for number in range(10):
        await client.tell("message", content=str(number))
    assert await client.answers_ping()
    await client.tell("message", content="last")
    await client.close()
    assert contents(await other.events(11))[-1] == "last"
