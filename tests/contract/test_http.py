"""The same log over HTTP: pages, long polls and Server-Sent Events."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.clients import PATIENCE, seqs
from tests.rooms import Room

EVENTS = {"Accept": "text/event-stream"}


class Stream:
    """A stream of Server-Sent Events, read one at a time."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self) -> dict[str, Any]:
        """The next event: its fields, ``data`` as JSON.  Raises StopAsyncIteration at the end."""
        fields: dict[str, Any] = {}
        async with asyncio.timeout(PATIENCE):
            while line := await anext(self._lines):
                name, _, value = line.partition(": ")
                fields[name] = json.loads(value) if name == "data" else value
        return fields if "data" in fields else await self.next()

    async def ended(self) -> list[dict[str, Any]]:
        """What comes until the server ends it."""
        found = []
        try:
            while True:
                found.append(await self.next())
        except (StopAsyncIteration, httpx.RemoteProtocolError):
            return found


def _path(room: Room) -> str:
    return f"/api/streams/{room.channel}/events"


@asynccontextmanager
async def _follow(
    room: Room, who: str | None = "bob", token: str | None = None, **fields: Any
) -> AsyncIterator[Stream]:
    last = {"Last-Event-ID": str(fields.pop("last"))} if "last" in fields else {}
    bearer = {"Authorization": f"Bearer {token}"} if token is not None else {}
    on = fields.pop("on", None)
    async with (
        room.http(None if token else who, on=on) as http,
        http.stream("GET", _path(room), params=fields, headers=EVENTS | last | bearer) as answer,
    ):
        assert answer.status_code == 200
        yield Stream(answer)


async def _get(room: Room, who: str | None = "bob", **query: Any) -> httpx.Response:
    async with room.http(who) as http:
        return await http.get(_path(room), params=query)


async def test_a_page_says_where_the_stream_stands(room: Room) -> None:
    page = (await _get(room)).json()
    events = page.pop("events")
    truth = {"epoch": room.hand("epoch", room.channel), "head": room.head, "floor": 0}
    assert page == {"channel": room.channel, "reset": None, **truth}
    assert seqs(events) == [1, 2, 3]


async def test_a_page_holds_what_a_socket_gets(room: Room) -> None:
    client = await room.join("ada")
    await client.post("Hello")
    event = await client.event()
    assert (await _get(room, since=room.head)).json()["events"] == [event]


async def test_pages_of_any_length_are_the_same_log(room: Room) -> None:
    head = room.hand("post", "ada", room.name, 250)
    found: list[int] = []
    while len(found) < head:
        page = (await _get(room, since=len(found), limit=100)).json()
        assert page["head"] == head
        found += seqs(page["events"])
    assert found == list(range(1, head + 1))


@pytest.mark.parametrize(
    ("query", "reason"),
    [({"since": 1, "epoch": "other"}, "epoch"), ({"since": 999}, "ahead")],
)
async def test_a_page_after_a_position_that_is_none_says_so(
    room: Room, query: dict[str, Any], reason: str
) -> None:
    page = (await _get(room, **query)).json()
    assert (page["reset"], page["events"], page["head"]) == (reason, [], room.head)


async def test_a_page_below_the_floor_says_so(room: Room) -> None:
    room.hand("post", "ada", room.name, 3)
    room.hand("prune", room.channel)
    page = (await _get(room, since=1)).json()
    assert (page["reset"], page["floor"], page["events"]) == ("pruned", room.head + 3, [])


async def test_bad_parameters_are_refused(room: Room) -> None:
    bad: list[dict[str, Any]] = [
        {"since": "-1"},
        {"since": "soon"},
        {"since": 10**30},
        {"epoch": "x"},
        {"since": 1, "epoch": "a b"},
        {"limit": "0"},
        {"limit": "-5"},
        {"limit": "many"},
        {"limit": 1001},
        {"wait": 26},
        {"wait": "long"},
    ]
    for query in bad:
        answer = await _get(room, **query)
        assert answer.status_code == 400, query
        assert answer.json()["code"] in ("bad_field", "bad_cursor"), query


async def test_a_long_poll_returns_as_soon_as_something_happens(room: Room) -> None:
    asking = asyncio.create_task(_get(room, since=room.head, wait=25))
    client = await room.join("ada")
    assert await client.answers_ping()
    begin = time.monotonic()
    await client.post("Now")
    page = (await asking).json()
    assert time.monotonic() - begin < 1
    assert [event["data"]["content"] for event in page["events"]] == ["Now"]


async def test_a_long_poll_hears_what_another_process_does(room: Room) -> None:
    asking = asyncio.create_task(_get(room, since=room.head, wait=25))
    await (await room.join("ada", on=room.world.hasty)).post("From there")
    begin = time.monotonic()
    assert seqs((await asking).json()["events"]) == [room.head + 1]
    assert time.monotonic() - begin < 2


async def test_a_long_poll_that_is_behind_does_not_wait(room: Room) -> None:
    async with asyncio.timeout(5):
        assert seqs((await _get(room, since=0, wait=25)).json()["events"]) == [1, 2, 3]


async def test_a_long_poll_in_vain_is_an_empty_page(room: Room) -> None:
    page = (await _get(room, since=room.head, wait=1)).json()
    assert (page["events"], page["head"], page["reset"]) == ([], room.head, None)


async def test_what_is_pruned_during_a_long_poll_is_told(room: Room) -> None:
    asking = asyncio.create_task(_get(room, since=room.head, wait=25))
    assert await (await room.join("ada")).answers_ping()
    room.hand("post_and_prune", "ada", room.name, 2)
    page = (await asking).json()
    assert (page["events"], page["reset"], page["floor"]) == ([], "pruned", room.head + 2)


async def test_nobody_is_told_nothing(room: Room) -> None:
    answer = await _get(room, None)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert "WWW-Authenticate" in answer.headers


async def test_a_stream_of_others_and_none_at_all_look_the_same(room: Room) -> None:
    async with room.http("carol") as http:
        others = await http.get(_path(room))
        none = await http.get("/api/streams/circles.there-is-none/events")
    assert others.status_code == none.status_code == 404
    assert others.json() == none.json()


async def test_names_that_are_none_are_not_found_or_refused(room: Room) -> None:
    async with room.http("ada") as http:
        for name in ("hub.access", "circles", "CIRCLES.x", "circles.a%20b", "x.y", "circles..x"):
            answer = await http.get(f"/api/streams/{name}/events")
            assert answer.status_code in (400, 404), name


async def test_sse_replays_and_goes_live(room: Room) -> None:
    async with _follow(room, since=1) as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        for seq in (2, 3):
            event = await stream.next()
            assert (event["id"], event["data"]["seq"]) == (str(seq), seq)
        client = await room.join("ada")
        await client.post("Live")
        event = await stream.next()
        assert event == {"id": str(room.head + 1), "data": await client.event()}


async def test_sse_without_a_position_is_live_only(room: Room) -> None:
    async with _follow(room) as stream:
        await (await room.join("ada")).post("First")
        assert (await stream.next())["data"]["data"]["content"] == "First"


async def test_sse_goes_on_from_the_last_event_id(room: Room) -> None:
    head = room.hand("post", "ada", room.name, 5)
    async with _follow(room, last=room.head + 2, since=0) as stream:
        found = [(await stream.next())["data"]["seq"] for _ in range(3)]
    assert found == [head - 2, head - 1, head]


async def test_sse_says_when_a_position_cannot_be_honoured(room: Room) -> None:
    async with _follow(room, since=999) as stream:
        reset = await stream.next()
        assert (reset["event"], reset["data"]["data"]["reason"]) == ("reset", "ahead")
        await (await room.join("ada")).post("After")
        assert (await stream.next())["id"] == str(room.head + 1)


async def test_sse_says_when_the_history_is_another(room: Room) -> None:
    async with _follow(room, since=room.head) as stream:
        epoch = room.hand("renew", room.channel)
        reset = await stream.next()
        assert (reset["event"], reset["data"]["data"]["epoch"]) == ("reset", epoch)
        await (await room.join("ada")).post("After")
        assert (await stream.next())["id"] == str(room.head + 1)


async def test_sse_ends_within_a_second_when_the_token_is_revoked(room: Room) -> None:
    token = room.hand("mint", "bob")
    async with _follow(room, token=token, since=room.head) as stream:
        room.hand("revoke", token)
        begin = time.monotonic()
        (last,) = await stream.ended()
        assert time.monotonic() - begin < 1
    assert (last["event"], last["data"]["data"]["code"]) == ("error", "access_withdrawn")


async def test_sse_ends_within_a_second_when_the_membership_ends(room: Room) -> None:
    async with _follow(room, since=room.head) as stream:
        room.hand("remove_member", room.name, "bob")
        begin = time.monotonic()
        told = await stream.ended()
        assert time.monotonic() - begin < 1
    assert told[-1]["event"] == "error"


async def test_a_long_poll_of_who_was_put_out_tells_nothing(room: Room) -> None:
    asking = asyncio.create_task(_get(room, since=room.head, wait=3))
    assert await (await room.join("bob")).answers_ping()
    room.hand("remove_member", room.name, "bob")
    room.hand("post", "ada", room.name)
    answer = await asking
    assert answer.status_code in (401, 403, 404) or not answer.json()["events"]
