"""A message as it is written, for whoever watches."""

from typing import Any

from tests.rooms import Room


async def test_deltas_are_seen_at_once_and_then_the_message(room: Room) -> None:
    robo, bob = await room.join("robo"), await room.join("bob")
    for offset, delta in ((0, "Hel"), (3, "lo")):
        await robo.tell("message_delta", draft="d1", delta=delta, offset=offset)
        seen = await bob.of_type("message_delta")
        assert (seen["data"]["sender"], seen["data"]["delta"], seen["data"]["offset"]) == (
            "robo",
            delta,
            offset,
        )
    await robo.ask("agent_message", content="Hello", draft="d1")
    message = await bob.event()
    assert (message["data"]["content"], message["data"]["draft"]) == ("Hello", "d1")
    await robo.tell("message_delta", draft="d2", ended=True)
    assert (await bob.of_type("message_delta"))["data"]["ended"] is True


async def test_a_delta_that_is_refused_is_answered(room: Room) -> None:
    robo, bob = await room.join("robo"), await room.join("bob")
    wrong: list[tuple[Any, dict[str, Any], str]] = [
        (bob, {"draft": "d", "delta": "x", "offset": 0}, "not_allowed"),
        (robo, {"draft": "d"}, "bad_field"),
        (robo, {"draft": "d", "delta": "x", "offset": 0, "sender": "bob"}, "not_allowed"),
    ]
    for client, fields, code in wrong:
        answer = await client.answer("message_delta", **fields)
        assert (answer["type"], answer["data"]["code"]) == ("error", code)
        await client.tell("message_delta", **fields)
        assert (await client.of_type("error"))["data"]["code"] == code


async def test_deltas_have_a_pace_of_their_own(room: Room) -> None:
    """150 at once are more than the 50 frames that may come at once, and fewer than the 200 deltas."""
    robo = await room.rooms.connect(room.path, room.world.tokens["robo"], on=room.world.hasty)
    bob = await room.join("bob")
    for offset in range(150):
        await robo.tell("message_delta", draft="d", delta="x", offset=offset)
    await robo.ask("agent_message", content="x" * 150, draft="d")
    message = await bob.event()
    assert len(message["data"]["content"]) == 150
    assert [frame["type"] for frame in robo.pending() if frame["type"] == "error"] == []
