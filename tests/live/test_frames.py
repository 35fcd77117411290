"""Bad frames by the dozen, repeated ids, floods: each is answered, and nothing is lost."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
import websockets

from .conftest import Room

BAD: dict[str, tuple[Any, str]] = {
    "not JSON": ("hello", "bad_frame"),
    "nothing": ("", "bad_frame"),
    "array": ("[1]", "bad_frame"),
    "number": ("7", "bad_frame"),
    "null": ("null", "bad_frame"),
    "deep": ("[" * 10_000, "bad_frame"),
    "deep field": ('{"type":"message","content":' + "[" * 5_000 + "]" * 5_000 + "}", "bad_frame"),
    "bytes": (b'{"type":"ping"}', "bad_frame"),
    "no type": ("{}", "bad_frame"),
    "type of another kind": ({"type": 7}, "bad_field"),
    "unknown type": ({"type": "launch"}, "unknown_type"),
    "a type of the server": ({"type": "circle_status"}, "unknown_type"),
    "a layer's type": ({"type": "hub.bell"}, "unknown_type"),
    "no content": ({"type": "message"}, "bad_field"),
    "content number": ({"type": "message", "content": 5}, "bad_field"),
    "content null": ({"type": "message", "content": None}, "bad_field"),
    "content list": ({"type": "message", "content": ["x"]}, "bad_field"),
    "content object": ({"type": "message", "content": {"a": 1}}, "bad_field"),
    "empty": ({"type": "message", "content": ""}, "bad_field"),
    "blank": ({"type": "message", "content": "  \n"}, "bad_field"),
    "too long": ({"type": "message", "content": "x" * 32_001}, "bad_field"),
    "NUL": ({"type": "message", "content": "a\x00b"}, "bad_field"),
    "lone surrogate": ('{"type":"message","content":"a\\ud800b"}', "bad_frame"),
    "unknown reply": ({"type": "message", "content": "x", "reply_to": 10**9}, "bad_field"),
    "reply of another kind": ({"type": "message", "content": "x", "reply_to": "one"}, "bad_field"),
    "as somebody": ({"type": "message", "content": "x", "sender": "ada"}, "not_allowed"),
    "as some id": ({"type": "message", "content": "x", "user_id": 1}, "not_allowed"),
    "as an agent": ({"type": "message", "content": "x", "agent_id": 5}, "not_allowed"),
    "an agent's type": ({"type": "agent_message", "content": "x"}, "not_allowed"),
    "another channel": ({"type": "message", "content": "x", "channel": "circles.x"}, "bad_field"),
    "auth again": ({"type": "auth", "token": "x"}, "bad_frame"),
    "refresh with nonsense": ({"type": "refresh", "token": "x"}, "not_authenticated"),
    "refresh with a list": ({"type": "refresh", "token": []}, "not_authenticated"),
    "subscribe here": ({"type": "subscribe", "channel": None}, "unknown_type"),
}


async def test_bad_frames_are_answered_and_the_socket_stays(room: Room) -> None:
    async with await room.join("bob") as bob:
        for name, (frame, code) in BAD.items():
            await bob.send(frame)
            answer = await bob.recv()
            assert (name, answer["type"], answer["data"].get("code")) == (name, "error", code)
            await bob.send({"type": "ping"})
            assert (await bob.recv())["type"] == "pong"
        assert await bob.post("still here") == 5


@pytest.mark.parametrize("name", ["unknown type", "empty", "NUL", "as somebody"])
async def test_the_error_names_the_frame(name: str, room: Room) -> None:
    frame, code = BAD[name]
    async with await room.join("bob") as bob:
        answer = await bob.ask(frame)
    assert (answer["data"]["code"], answer["data"]["retryable"]) == (code, False)


@pytest.mark.parametrize("ref", ["", "x" * 65, 7, ["a"], "a\nb"])
async def test_an_id_is_a_short_text(ref: Any, room: Room) -> None:
    async with await room.join("bob") as bob:
        await bob.send({"type": "message", "content": "x", "id": ref})
        answer = await bob.recv()
    assert (answer["data"]["code"], answer["data"]["field"]) == ("bad_field", "id")


async def test_a_frame_over_the_limit_closes_with_1009_and_harms_nobody(room: Room) -> None:
    async with await room.join("bob") as bob, await room.join("ada") as ada:
        with contextlib.suppress(websockets.ConnectionClosed):  # while it is still sending
            await bob.send(json.dumps({"type": "message", "content": "x" * 10_000_000}))
        assert await bob.closed() == 1009
        assert await ada.post("on we go") == 5


async def test_the_longest_message_passes(room: Room) -> None:
    async with await room.join("bob") as bob:
        text = "é" * 32_000  # 64,000 bytes, as it stands
        await bob.send(json.dumps({"type": "message", "content": text}, ensure_ascii=False))
        assert (await bob.until(type="user_message"))["content"] == text


async def test_the_same_id_posts_once(room: Room) -> None:
    async with await room.join("bob") as bob, await room.join("bob") as again:
        first, second = await asyncio.gather(
            bob.post("once", id=f"same {room.name}"), again.post("once", id=f"same {room.name}")
        )
        assert first == second == 5
        assert await bob.post("once more", id=f"same {room.name}") == 5
    async with await room.join("bob") as later, await room.join("ada") as ada:
        assert await later.post("once", id=f"same {room.name}") == 5
        assert await ada.post("of another sender", id=f"same {room.name}") == 6


async def test_a_paused_circle_refuses_and_an_archived_one_is_read(room: Room) -> None:
    async with await room.join("bob", since=4) as bob:
        for status, code in (("paused", "circle_paused"), ("archived", "circle_archived")):
            room.call("ada", "PATCH", status=status)
            assert (await bob.until(type="circle_status"))["data"]["status"] == status
            assert (await bob.ask({"type": "message", "content": "x"}))["data"]["code"] == code
        room.call("ada", "PATCH", status="active")
        assert await bob.post("again") == 8


async def test_an_observer_reads_and_does_not_post(room: Room) -> None:
    async with await room.join("olga", since=0) as olga:
        await olga.until_seq(4)
        assert (await olga.ask({"type": "message", "content": "x"}))["data"]["code"] == "not_allowed"


async def test_a_flood_is_refused_and_then_closed(hasty: Room) -> None:
    async with await hasty.join("bob") as bob:
        for n in range(15):
            await bob.send({"type": "typing", "id": f"f{n}"})
        answer = await bob.until(type="error")
        assert (answer["data"]["code"], answer["data"]["retryable"]) == ("rate_limited", True)
        for n in range(60):
            await bob.send({"type": "typing", "id": f"g{n}"})
        assert await bob.closed() == 4029
