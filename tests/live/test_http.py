"""The same log over HTTP: pages, long poll, Server-Sent Events."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from .conftest import Room


def _path(room: Room) -> str:
    return f"/api/streams/{room.channel}/events"


def test_pages_follow_one_another_without_a_gap(room: Room) -> None:
    for n in range(7):
        room.call("bob", "POST", "messages/", content=f"m{n}")
    seen: list[int] = []
    with room.rest("bob") as rest:
        while page := rest.get(_path(room), params={"since": len(seen), "limit": 3}).json()["events"]:
            seen += [event["seq"] for event in page]
    assert seen == list(range(1, 12))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"since": "x"}, "bad_cursor"),
        ({"since": "-1"}, "bad_cursor"),
        ({"limit": "x"}, "bad_field"),
        ({"limit": "5000"}, "bad_field"),
        ({"wait": "26"}, "bad_field"),
        ({"epoch": "e"}, "bad_cursor"),
    ],
)
def test_a_bad_question_is_refused(query: dict[str, str], code: str, room: Room) -> None:
    with room.rest("bob") as rest:
        answer = rest.get(_path(room), params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_since_that_cannot_be_honoured_is_told(room: Room) -> None:
    with room.rest("bob") as rest:
        page = rest.get(_path(room), params={"since": 99}).json()
    assert (page["reset"], page["events"], page["head"]) == ("ahead", [], 4)


def test_nobody_and_outsiders_see_nothing(room: Room) -> None:
    with room.rest(None) as nobody, room.rest("carol") as carol:
        assert nobody.get(_path(room)).status_code == 401
        assert carol.get(_path(room)).status_code == 404
        assert carol.get("/api/streams/hub.access/events").status_code == 404
        assert carol.get("/api/streams/%00/events").status_code == 400


async def test_a_long_poll_returns_when_something_happens(room: Room) -> None:
    headers = {"Authorization": f"Bearer {room.token('bob')}"}
    async with httpx.AsyncClient(base_url=room.server.http, headers=headers, timeout=20) as rest:
        waiting = asyncio.create_task(rest.get(_path(room), params={"since": 4, "wait": 15}))
        async with await room.join("ada") as ada:
            await ada.post("at last")
        async with asyncio.timeout(10):
            events = (await waiting).json()["events"]
    assert [event["content"] for event in events] == ["at last"]


async def _events(lines: Any, count: int) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    now: dict[str, str] = {}
    async with asyncio.timeout(15):
        async for line in lines:
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                now[name] = value
            elif now:
                found.append(now)
                now = {}
                if len(found) == count:
                    break
    return found


async def test_server_sent_events_resume_by_last_event_id_and_end_with_the_right(room: Room) -> None:
    token = room.server.place.manage("create_token", "bob", "--label", room.name)
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "text/event-stream",
        "Last-Event-ID": "2",
    }
    async with (
        httpx.AsyncClient(base_url=room.server.http, headers=headers, timeout=20) as rest,
        rest.stream("GET", _path(room)) as stream,
        await room.join("ada") as ada,
    ):
        assert stream.headers["content-type"] == "text/event-stream"
        lines = stream.aiter_lines()
        assert [event["id"] for event in await _events(lines, 2)] == ["3", "4"]
        await ada.post("live")
        (event,) = await _events(lines, 1)
        assert (event["id"], json.loads(event["data"])["content"]) == ("5", "live")
        room.call("ada", "DELETE", "members/bob/")
        room.call("ada", "POST", "messages/", content="not for bob")
        last = [event async for event in lines]
    assert "not for bob" not in "".join(last)


def test_the_command_line_reaches_the_log(room: Room) -> None:
    place = room.server.place
    seq = place.manage("say", room.name, "from", "a", "terminal", "--as", "bob")
    lines = place.manage("tail", room.channel, "--since", "4", "--json", "--no-follow").splitlines()
    assert [json.loads(line)["content"] for line in lines] == ["from a terminal"]
    assert json.loads(lines[0])["seq"] == int(seq) == 5


async def test_what_is_said_in_another_process_reaches_a_socket(room: Room) -> None:
    async with await room.join("bob", since=4) as bob:
        await bob.recv()
        await asyncio.to_thread(room.server.place.manage, "say", room.name, "-", stdin="piped")
        assert (await bob.until(content="piped", timeout=2))["seq"] == 5
