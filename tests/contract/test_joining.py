"""Joining a stream, and from where."""

import pytest

from tests.clients import contents, seqs
from tests.rooms import Room, Rooms


async def test_a_post_reaches_everybody_the_author_included(room: Room) -> None:
    ada, bob = await room.join("ada"), await room.join("bob")
    ack = await ada.post("Hello")
    for client in (ada, bob):
        event = await client.event()
        assert event["type"] == "user_message"
        assert event["channel"] == room.channel
        assert event["seq"] == ack["seq"] == room.head + 1
        assert (event["data"]["sender"], event["data"]["content"]) == ("ada", "Hello")


async def test_an_agent_speaks_as_an_agent(room: Room) -> None:
    robo, ada = await room.join("robo"), await room.join("ada")
    await robo.ask("agent_message", content="Done.")
    event = await ada.event()
    assert event["type"] == "agent_message"
    assert event["data"]["agent_id"] == room.hand("user_id", "robo")
    assert "content" not in event


async def test_a_reply_names_what_it_answers(room: Room) -> None:
    ada = await room.join("ada")
    await ada.post("Who is here? @robo")
    asked = await ada.event()
    await ada.post("I am.", reply_to=asked["data"]["id"])
    assert (await ada.event())["data"]["reply_to"] == asked["data"]["id"]
    assert asked["data"]["mentions"] == ["robo"]


async def test_fields_may_stand_under_data(room: Room) -> None:
    ada = await room.join("ada")
    await ada.ask("message", data={"content": "Inside"})
    assert (await ada.event())["data"]["content"] == "Inside"


async def test_typing_is_told_and_not_kept(room: Room) -> None:
    ada, bob = await room.join("ada"), await room.join("bob")
    assert (await ada.ask("typing"))["seq"] is None
    event = await bob.of_type("typing")
    assert event["data"]["sender"] == "ada"
    assert "seq" not in event
    assert room.hand("head", room.channel) == room.head


async def test_a_plain_client_gets_nothing_before_something_happens(room: Room) -> None:
    plain, ada = await room.join("bob"), await room.join("ada")
    await ada.post("First")
    assert (await plain.receive())["data"]["content"] == "First"


async def test_welcome_says_where_the_stream_stands_and_who_you_are(room: Room) -> None:
    client = await room.join("robo", since=1)
    welcome = await client.receive()
    assert welcome["type"] == "welcome"
    assert welcome["data"] == {
        "channel": room.channel,
        "epoch": room.hand("epoch", room.channel),
        "head": room.head,
        "floor": 0,
        "actor": {"id": room.hand("user_id", "robo"), "name": "robo", "kind": "agent"},
        "resumed": True,
    }


async def test_the_subprotocol_asks_for_a_welcome(room: Room) -> None:
    client = await room.join("ada", subprotocols=("gathering.v1",))
    assert client.connection.subprotocol == "gathering.v1"
    welcome = await client.receive()
    assert (welcome["type"], welcome["data"]["resumed"]) == ("welcome", False)


@pytest.mark.parametrize("skip", [0, 2])
async def test_since_replays_what_came_after_and_goes_live(room: Room, skip: int) -> None:
    head = room.hand("post", "ada", room.name, 5)
    client = await room.join("bob", since=skip)
    assert (await client.receive())["type"] == "welcome"
    client.cursor = skip
    assert seqs(await client.until(head)) == list(range(skip + 1, head + 1))
    await client.post("live")
    assert (await client.event())["seq"] == head + 1


async def test_since_the_head_replays_nothing(room: Room) -> None:
    epoch = room.hand("epoch", room.channel)
    client = await room.join("bob", since=room.head, epoch=epoch)
    assert (await client.receive())["data"]["resumed"] is True
    await client.post("next")
    assert (await client.event())["seq"] == room.head + 1


async def test_a_long_replay_is_whole(room: Room) -> None:
    head = room.hand("post", "ada", room.name, 230)  # more than a page of the log
    client = await room.join("bob", since=0)
    client.cursor = 0
    assert seqs(await client.until(head)) == list(range(1, head + 1))


@pytest.mark.parametrize(
    ("since", "epoch", "reason"),
    [
        (1, "another", "epoch"),
        (999, None, "ahead"),
        ("-1", None, "invalid"),
        ("soon", None, "invalid"),
        (10**30, None, "invalid"),
        (1, "not/an/epoch", "invalid"),
    ],
)
async def test_a_position_that_cannot_be_honoured_is_reset(
    room: Room, since: object, epoch: str | None, reason: str
) -> None:
    client = await room.join("bob", since=since, epoch=epoch)
    reset = await client.of_type("reset")
    truth = {"epoch": room.hand("epoch", room.channel), "head": room.head, "floor": 0}
    assert reset["data"] == {"reason": reason, **truth}
    await client.post("live")
    assert (await client.event())["seq"] == room.head + 1


async def test_a_position_below_the_floor_is_reset(room: Room) -> None:
    head = room.hand("post", "ada", room.name, 3)
    room.hand("prune", room.channel)
    client = await room.join("bob", since=1)
    assert (await client.receive())["data"]["resumed"] is False
    reset = (await client.receive())["data"]
    assert (reset["reason"], reset["head"], reset["floor"]) == ("pruned", head, head)
    await client.post("live")
    assert (await client.event())["seq"] == head + 1


async def test_all_that_is_retained_is_never_pruned(room: Room) -> None:
    room.hand("post", "ada", room.name, 3)
    room.hand("prune", room.channel)
    head = room.hand("post", "ada", room.name)
    client = await room.join("bob", since=0)
    assert (await client.receive())["data"]["resumed"] is True
    assert (await client.event())["seq"] == head


async def test_a_new_epoch_resets_a_live_client(room: Room) -> None:
    client = await room.join("bob", since=0)
    client.cursor = 0
    await client.until(room.head)
    epoch = room.hand("renew", room.channel)
    reset = await client.of_type("reset")
    assert (reset["data"]["reason"], reset["data"]["epoch"]) == ("epoch", epoch)
    await client.post("live")
    assert (await client.event())["seq"] == room.head + 1


@pytest.mark.parametrize("path", ["/ws/circles/{}/", "/ws/circles/{}"])
async def test_a_slash_at_the_end_makes_no_difference(room: Room, rooms: Rooms, path: str) -> None:
    client = await rooms.connect(path.format(room.name), room.world.tokens["ada"])
    await client.post("Hello")
    assert contents([await client.event()]) == ["Hello"]


@pytest.mark.parametrize("slash", ["", "/"])
async def test_an_agent_reports_on_its_own_stream(rooms: Rooms, slash: str) -> None:
    path = f"/ws/agents/{rooms.world.hand('user_id', 'robo')}{slash}"
    robo = await rooms.connect(path, rooms.world.tokens["robo"])
    owner = await rooms.connect(path, rooms.world.tokens["ada"])
    for status in ("working", "idle"):
        await robo.ask("agent_status", data={"status": status})
        event = await owner.event()
        assert (event["type"], event["data"]["status"]) == ("agent_status", status)


async def test_nobody_reports_for_an_agent(rooms: Rooms) -> None:
    path = f"/ws/agents/{rooms.world.hand('user_id', 'robo')}"
    owner = await rooms.connect(path, rooms.world.tokens["ada"])
    answer = await owner.answer("agent_status", data={"status": "working"})
    assert (answer["type"], answer["data"]["code"]) == ("error", "not_allowed")
