"""One socket for many streams: ``/ws/``."""

from tests.clients import eventually
from tests.rooms import Room, Rooms


async def test_one_socket_follows_several_streams(rooms: Rooms) -> None:
    one, other = rooms.make(), rooms.make()
    client = await rooms.at_the_hub("ada")
    for room in (one, other):
        await client.ask("subscribe", channel=room.channel)
        assert (await client.of_type("welcome"))["channel"] == room.channel
    for room in (one, other):
        await client.post("Hello", channel=room.channel)
        event = await client.event()
        assert (event["channel"], event["seq"]) == (room.channel, room.head + 1)


async def test_subscribe_replays_from_a_position(room: Room) -> None:
    client = await room.rooms.at_the_hub("bob")
    await client.tell("subscribe", channel=room.channel, since=1)
    assert (await client.receive())["type"] == "welcome"
    assert [(await client.receive())["seq"] for _ in range(room.head - 1)] == [2, 3]


async def test_subscribe_with_another_epoch_is_reset(room: Room) -> None:
    client = await room.rooms.at_the_hub("bob")
    await client.ask("subscribe", data={"channel": room.channel, "since": 1, "epoch": "other"})
    assert (await client.of_type("reset"))["data"]["reason"] == "epoch"


async def test_to_subscribe_again_starts_again(room: Room) -> None:
    client = await room.rooms.at_the_hub("bob")
    for _ in range(2):
        await client.ask("subscribe", channel=room.channel, since=0)
        assert [(await client.event())["seq"] for _ in range(room.head)] == [1, 2, 3]
    await client.post("once", channel=room.channel)
    await client.event()
    assert await client.answers_ping()
    assert [frame["type"] for frame in client.pending()] == ["welcome", "welcome"]


async def test_what_is_unsubscribed_is_not_heard(rooms: Rooms) -> None:
    one, other = rooms.make(), rooms.make()
    client, ada = await rooms.at_the_hub("bob"), await one.join("ada")
    for room in (one, other):
        await client.ask("subscribe", channel=room.channel)
    await client.ask("unsubscribe", channel=one.channel)
    await ada.post("unheard")
    await client.post("heard", channel=other.channel)
    assert (await client.event())["data"]["content"] == "heard"


async def test_a_command_for_what_is_not_followed_is_refused(room: Room) -> None:
    client = await room.rooms.at_the_hub("ada")
    answer = await client.answer("user_message", channel=room.channel, content="Hello")
    assert (answer["type"], answer["data"]["code"]) == ("error", "not_found")


async def test_a_stranger_and_a_stranger_to_it_hear_the_same(room: Room) -> None:
    client = await room.rooms.at_the_hub("carol")
    answers = []
    for channel in (room.channel, "circles.nowhere", "nothing.at-all"):
        answer = await client.answer("subscribe", channel=channel)
        answers.append(answer["data"] | {"ref": None})
    assert answers[0]["code"] == "not_found"
    assert answers[0] == answers[1] == answers[2]
    assert await client.answers_ping()


async def test_subscriptions_are_limited(rooms: Rooms) -> None:
    client = await rooms.at_the_hub("ada", on=rooms.world.hasty)
    many = [rooms.make().channel for _ in range(4)]
    for channel in many[:3]:
        await client.ask("subscribe", channel=channel)
    assert (await client.answer("subscribe", channel=many[3]))["data"]["code"] == "conflict"
    await client.ask("subscribe", channel=many[0])  # the same again is no more than before
    await client.ask("unsubscribe", channel=many[0])
    await client.ask("subscribe", channel=many[3])


async def test_the_heartbeat_tells_all_heads(rooms: Rooms) -> None:
    one, other = rooms.make(), rooms.make()
    client = await rooms.at_the_hub("ada", on=rooms.world.hasty)
    for room in (one, other):
        await client.ask("subscribe", channel=room.channel)
    heads = {one.channel: one.head, other.channel: other.head}
    await eventually(lambda: any(ping["data"] == {"heads": heads} for ping in client.pings))
