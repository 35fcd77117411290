"""A bad frame is answered with one error and does no harm."""

import json
from typing import Any

import pytest

from tests.clients import Client
from tests.rooms import Room

DEEP = 10_000

# Not even a frame: nothing in it can be named in the answer.
NOISE = {
    "not JSON": "Hello",
    "half of a frame": '{"type": "ping"',
    "two frames": '{"type": "ping"}{"type": "ping"}',
    "empty": "",
    "blank": "   ",
    "array": '["ping"]',
    "empty array": "[]",
    "number": "42",
    "string": '"ping"',
    "null": "null",
    "true": "true",
    "NaN": "NaN",
    "infinity": '{"type": "ping", "n": Infinity}',
    "deep array": "[" * DEEP + "]" * DEEP,
    "deep object": '{"a":' * DEEP + "1" + "}" * DEEP,
    "deep in data": '{"type":"user_message","data":' + "[" * DEEP + "]" * DEEP + "}",
    "single quotes": "{'type': 'ping'}",
    "comment": '{"type": "ping"} // hi',
    "NUL in the text": '{"type": "ping\x00"}',
    "byte order mark": '\ufeff{"type": "ping"}',
    "lone surrogate as type": '{"type": "\\ud800"}',
    "lone surrogate as content": '{"type": "message", "content": "\\udfff"}',
    "huge number": '{"type": "message", "content": 1e999}',
    "no type": "{}",
    "null as type": '{"type": null}',
    "number as type": '{"type": 1}',
    "list as type": '{"type": ["ping"]}',
    "object as type": '{"type": {"type": "ping"}}',
    "empty type": '{"type": ""}',
    "long type": json.dumps({"type": "x" * 65}),
    "NUL in type": '{"type": "ping\\u0000"}',
    "long id": json.dumps({"type": "ping", "id": "x" * 65}),
    "empty id": '{"type": "user_message", "content": "x", "id": ""}',
    "number as id": '{"type": "user_message", "content": "x", "id": 7}',
    "list as id": '{"type": "user_message", "content": "x", "id": ["a"]}',
    "NUL in id": '{"type": "user_message", "content": "x", "id": "a\\u0000b"}',
    "binary": b'{"type": "ping"}',
    "binary noise": b"\xff\xfe\x00\x01",
}

# Frames that carry an id, which the error names.
FRAMES: dict[str, tuple[str, dict[str, Any]]] = {
    "unknown type": ("unknown_type", {"type": "dance"}),
    "type of the server": ("unknown_type", {"type": "agent_joined", "data": {}}),
    "layer message": ("unknown_type", {"type": "hub.bell", "channel": None, "events": []}),
    "type of another kind": ("unknown_type", {"type": "agent_status", "data": {"status": "idle"}}),
    "subscribe": ("unknown_type", {"type": "subscribe"}),
    "no content": ("bad_field", {"type": "user_message"}),
    "null content": ("bad_field", {"type": "user_message", "content": None}),
    "number as content": ("bad_field", {"type": "user_message", "content": 5}),
    "true as content": ("bad_field", {"type": "user_message", "content": True}),
    "list as content": ("bad_field", {"type": "user_message", "content": ["Hello"]}),
    "object as content": ("bad_field", {"type": "message", "content": {"text": "Hello"}}),
    "string as data": ("bad_field", {"type": "message", "data": "Hello"}),
    "empty content": ("bad_field", {"type": "message", "content": ""}),
    "blank content": ("bad_field", {"type": "message", "content": " \n\t "}),
    "long content": ("bad_field", {"type": "message", "content": "x" * 32_001}),
    "NUL in content": ("bad_field", {"type": "message", "content": "a\u0000b"}),
    "reply to nothing": ("bad_field", {"type": "message", "content": "x", "reply_to": 10**9}),
    "reply to zero": ("bad_field", {"type": "message", "content": "x", "reply_to": 0}),
    "reply to a word": ("bad_field", {"type": "message", "content": "x", "reply_to": "you"}),
    "reply to too much": ("bad_field", {"type": "message", "content": "x", "reply_to": 2**70}),
    "reply to a list": ("bad_field", {"type": "message", "content": "x", "reply_to": [1]}),
    "as another": ("not_allowed", {"type": "message", "content": "x", "sender": "bob"}),
    "as another id": ("not_allowed", {"type": "message", "content": "x", "user_id": 1000}),
    "as an agent id": ("not_allowed", {"type": "message", "content": "x", "agent_id": 1}),
    "as an agent": ("not_allowed", {"type": "agent_message", "content": "x"}),
    "another channel": ("bad_field", {"type": "message", "content": "x", "channel": "circles.x"}),
    "number as channel": ("bad_field", {"type": "message", "content": "x", "channel": 5}),
    "empty channel": ("bad_field", {"type": "message", "content": "x", "channel": ""}),
}

SUBSCRIPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "no channel": ("bad_name", {}),
    "number as channel": ("bad_field", {"channel": 1}),
    "no name": ("bad_name", {"channel": "circles"}),
    "glob": ("bad_name", {"channel": "circles.*"}),
    "path": ("bad_name", {"channel": "circles/../x"}),
    "the hub's own": ("not_found", {"channel": "hub.access"}),
    "negative since": ("bad_cursor", {"since": -1}),
    "huge since": ("bad_cursor", {"since": 2**63}),
    "huger since": ("bad_cursor", {"since": 10**40}),
    "word as since": ("bad_cursor", {"since": "now"}),
    "fraction as since": ("bad_cursor", {"since": 1.5}),
    "true as since": ("bad_cursor", {"since": True}),
    "list as since": ("bad_cursor", {"since": [1]}),
    "number as epoch": ("bad_cursor", {"since": 1, "epoch": 7}),
    "epoch alone": ("bad_cursor", {"epoch": "abc"}),
}


async def _unharmed(client: Client) -> bool:
    """Whether the next frame answers a ping: so nothing else was said, and the socket lives."""
    await client.tell("ping")
    return (await client.receive())["type"] == "pong"


@pytest.mark.parametrize("names", [list(NOISE)[::2], list(NOISE)[1::2]], ids=["even", "odd"])
async def test_noise_gets_one_error_each(room: Room, names: list[str]) -> None:
    client = await room.join("ada")
    for name in names:
        await client.send(NOISE[name])
        answer = await client.receive()
        assert answer["type"] == "error", name
        assert answer["data"]["code"] in ("bad_frame", "bad_field"), (name, answer)
        assert answer["data"]["retryable"] is False
        assert await _unharmed(client), name
    assert room.hand("head", room.channel) == room.head


async def test_what_cannot_be_done_gets_one_error_with_the_ref(room: Room) -> None:
    client = await room.join("ada")
    for number, (name, (code, frame)) in enumerate(FRAMES.items()):
        answer = await client.answer(**{"kind": frame["type"], **_fields(frame)}, id=f"bad-{number}")
        assert answer["type"] == "error", name
        assert (answer["data"]["code"], answer["data"]["ref"]) == (code, f"bad-{number}"), name
        assert await _unharmed(client), name
    assert room.hand("head", room.channel) == room.head


async def test_what_cannot_be_followed_gets_one_error_with_the_ref(room: Room) -> None:
    client = await room.rooms.at_the_hub("ada")
    for number, (name, (code, fields)) in enumerate(SUBSCRIPTIONS.items()):
        fields = {"channel": room.channel, **fields} if fields else {}
        answer = await client.answer("subscribe", **fields, id=f"sub-{number}")
        assert answer["type"] == "error", name
        assert (answer["data"]["code"], answer["data"]["ref"]) == (code, f"sub-{number}"), name
        assert await _unharmed(client), name


async def test_what_was_refused_may_be_sent_again_with_the_same_id(room: Room) -> None:
    client = await room.join("ada")
    assert (await client.answer("message", content="", id="again"))["type"] == "error"
    assert (await client.ask("message", content="Now", id="again"))["seq"] == room.head + 1


@pytest.mark.parametrize("content", ["x" * 32_000, "\U0001f600 é \u202e", " a ", "<b>&amp;", "{}"])
async def test_odd_but_good_content_arrives_as_it_was(room: Room, content: str) -> None:
    client = await room.join("ada")
    await client.post(content)
    assert (await client.event())["data"]["content"] == content


async def test_fields_that_nobody_knows_are_ignored(room: Room) -> None:
    client = await room.join("ada")
    await client.post("Hello", colour="red", seq=99, timestamp="never", data={"mood": 1})
    event = await client.event()
    assert event["seq"] == room.head + 1
    assert "colour" not in str(event)


async def test_an_observer_reads_and_does_not_post(room: Room) -> None:
    token = room.hand("make_user", f"look-{room.name}", room.name, "observer")
    client = await room.join(None, token=token)
    answer = await client.answer("message", content="May I?")
    assert (answer["type"], answer["data"]["code"]) == ("error", "not_allowed")
    await (await room.join("ada")).post("No.")
    assert (await client.event())["data"]["content"] == "No."


async def test_an_archived_circle_takes_nothing(room: Room) -> None:
    ada = await room.join("ada")
    room.hand("archive", room.name)
    assert (await ada.event())["data"]["status"] == "archived"
    answer = await ada.answer("message", content="Too late")
    assert (answer["type"], answer["data"]["code"]) == ("error", "circle_archived")
    assert await ada.answers_ping()


def _fields(frame: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in frame.items() if name != "type"}
