"""Who comes in, by which of the five ways, and who goes when a right goes."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from .clients import Client, connect
from .conftest import Room
from .servers import running


def _bearer(token: str) -> dict[str, Any]:
    return {"additional_headers": {"Authorization": f"Bearer {token}"}}


async def _refused(client: Client) -> tuple[str, int]:
    """The code of the one error frame, and of the close."""
    code = await client.closed()
    (error,) = [frame for frame in client.seen if frame["type"] == "error"]
    return error["data"]["code"], code


def _address(room: Room, query: str = "") -> str:
    return f"{room.server.ws}/ws/circles/{room.name}?{query}"


async def test_a_header_a_subprotocol_a_query_and_a_first_message_let_in(room: Room) -> None:
    token = room.token("bob")
    protocols: Any = ["gathering.v1", f"gathering.bearer.{token}"]
    async with (
        await connect(_address(room, "since=0"), **_bearer(token)) as header,
        await connect(_address(room), subprotocols=protocols) as subprotocol,
        await connect(_address(room, f"since=0&token={token}")) as query,
        await connect(_address(room)) as first,
    ):
        await first.send({"type": "auth", "token": token})
        for client in (header, subprotocol, query, first):
            assert (await client.recv())["data"]["actor"]["name"] == "bob"
        assert subprotocol.socket.subprotocol == "gathering.v1"


def _ticket(room: Room, who: str) -> str:
    with room.rest(who) as rest:
        return str(rest.post("/api/tickets/").json()["ticket"])


async def test_a_ticket_lets_in_once(room: Room) -> None:
    ticket = _ticket(room, "bob")
    async with await connect(_address(room, f"since=0&token={ticket}")) as bob:
        assert (await bob.recv())["type"] == "welcome"
    async with await connect(_address(room, f"token={ticket}")) as again:
        assert await _refused(again) == ("not_authenticated", 4001)


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "gt1.nothing", "%00", "a" * 5000])
async def test_a_wrong_token_is_4001(token: str, room: Room) -> None:
    async with await connect(_address(room, f"token={token}")) as client:
        assert await _refused(client) == ("not_authenticated", 4001)


async def test_a_wrong_credential_is_not_skipped_for_a_right_one(room: Room) -> None:
    address = _address(room, f"token={room.token('bob')}")
    async with await connect(address, **_bearer("0" * 64)) as client:
        assert await _refused(client) == ("not_authenticated", 4001)


@pytest.mark.parametrize("frame", [{"type": "ping"}, {"type": "auth"}, {"type": "auth", "token": "x"}])
async def test_a_first_frame_that_is_no_good_auth_is_4001(frame: dict[str, Any], room: Room) -> None:
    async with await connect(_address(room)) as client:
        await client.send(frame)
        assert await _refused(client) == ("not_authenticated", 4001)


async def test_whoever_says_nothing_is_4001_in_time(hasty: Room) -> None:
    async with await connect(_address(hasty)) as client:
        assert await _refused(client) == ("auth_timeout", 4001)
    assert [frame["type"] for frame in client.seen] == ["error"]


async def test_an_unknown_circle_and_one_of_others_are_the_same(room: Room) -> None:
    found = []
    for name in (room.name, "no-such-circle", "Not%20A%20Name", "x" * 200):
        address = f"{room.server.ws}/ws/circles/{name}?token={room.token('carol')}"
        async with await connect(address) as carol:
            code = await carol.closed()
        found.append((code, carol.seen[0]["data"]["code"], carol.seen[0]["data"]["detail"]))
    assert found[0] == found[1] == (4004, "not_found", found[0][2])
    assert {code for code, _, _ in found} == {4004}


async def test_an_address_that_leads_nowhere_is_4004(room: Room) -> None:
    async with await connect(f"{room.server.ws}/ws/nothing/7?token={room.token('ada')}") as client:
        assert await _refused(client) == ("not_found", 4004)


def _session(room: Room) -> str:
    with httpx.Client(base_url=room.server.http, timeout=20) as browser:
        browser.get("/admin/login/")
        form = {"username": "ada", "password": "ada-password"}
        form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        headers = {"Referer": f"{room.server.http}/admin/login/"}
        assert browser.post("/admin/login/?next=/", data=form, headers=headers).status_code == 302
        return str(browser.cookies["sessionid"])


async def test_a_session_counts_with_the_origin_of_this_site_alone(room: Room) -> None:
    cookie = {"Cookie": f"sessionid={_session(room)}"}
    own: Any = room.server.http
    async with await connect(_address(room, "since=0"), additional_headers=cookie, origin=own) as ada:
        assert (await ada.recv())["data"]["actor"]["name"] == "ada"
    evil: Any = "https://evil.example"
    async with await connect(_address(room), additional_headers=cookie, origin=evil) as client:
        assert await _refused(client) == ("origin_refused", 4003)
    async with await connect(_address(room), additional_headers=cookie) as client:
        await client.send({"type": "ping"})
        assert await _refused(client) == ("not_authenticated", 4001)


async def test_a_foreign_origin_is_refused_whatever_the_credential(room: Room) -> None:
    evil: Any = "https://evil.example"
    async with await connect(_address(room, f"token={room.token('ada')}"), origin=evil) as client:
        assert await _refused(client) == ("origin_refused", 4003)


async def test_a_session_that_signs_out_loses_its_socket(room: Room) -> None:
    key = _session(room)
    own: Any = room.server.http
    cookie = {"Cookie": f"sessionid={key}"}
    async with await connect(_address(room, "since=0"), additional_headers=cookie, origin=own) as ada:
        await ada.recv()
        code = f"from django.contrib.sessions.models import Session as S; S.objects.get(pk={key!r}).delete()"
        room.server.place.manage("shell", "-v0", "-c", code)
        assert await _refused(ada) == ("access_withdrawn", 4003)


def _mint(room: Room, who: str, **more: Any) -> dict[str, Any]:
    with room.rest(who) as rest:
        answer = rest.post("/api/tokens/", json=more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_revoked_token_loses_its_sockets_within_a_second_on_every_process(
    room: Room, software: str
) -> None:
    made = _mint(room, "bob")
    with running(room.server.place, software) as other:
        address = f"/ws/circles/{room.name}?since=0&token={made['token']}"
        async with (
            await connect(room.server.ws + address) as here,
            await connect(other.ws + address) as there,
            await room.join("bob", since=4) as kept,
        ):
            for client in (here, there, kept):
                await client.recv()
            with room.rest("bob") as rest:
                assert rest.delete(f"/api/tokens/{made['id']}/").status_code == 204
            began = time.monotonic()
            answers = await asyncio.gather(_refused(here), _refused(there))
            took = time.monotonic() - began
            assert answers == [("access_withdrawn", 4003)] * 2
            assert await kept.post("still here") == 5
    assert took < 3, took  # a second is the promise; this is a net for a loaded machine


async def test_a_member_that_is_put_out_loses_the_stream_and_nothing_else(room: Room) -> None:
    many = f"{room.server.ws}/ws/?token={room.token('bob')}"
    async with await room.join("bob", since=0) as bob, await connect(many) as both:
        await both.ask({"type": "subscribe", "channel": room.channel})
        await bob.until_seq(4)
        room.call("ada", "DELETE", "members/bob/")
        assert await _refused(bob) == ("access_withdrawn", 4003)
        error = await both.until(type="error")
        assert (error["data"]["code"], error["channel"]) == ("access_withdrawn", room.channel)
        await both.send({"type": "ping"})
        assert (await both.until(type="pong"))["type"] == "pong"
    async with await room.join("bob") as bob:
        assert await _refused(bob) == ("not_found", 4004)


async def test_a_user_that_is_deactivated_loses_every_socket(room: Room) -> None:
    place, name = room.server.place, f"temp{room.name}{room.server.port}"
    users = "from gathering.accounts.models import User as U"
    place.manage("shell", "-v0", "-c", f"{users}; U.objects.create_user({name!r})")
    token = place.manage("create_token", name)
    room.call("ada", "POST", "members/", name=name)
    async with await connect(_address(room, f"since=0&token={token}")) as client:
        await client.recv()
        code = f"{users}; u = U.objects.get(username={name!r}); u.is_active = False; u.save()"
        place.manage("shell", "-v0", "-c", code)
        assert await _refused(client) == ("access_withdrawn", 4003)
    async with await connect(_address(room, f"token={token}")) as client:
        assert await _refused(client) == ("not_authenticated", 4001)


async def test_a_token_that_expires_closes_with_4010_unless_it_is_refreshed(room: Room) -> None:
    old, new = _mint(room, "bob", expires_in=2), _mint(room, "bob")
    address = _address(room, f"since=0&token={old['token']}")
    async with await connect(address) as left, await connect(address) as kept:
        answer = await kept.ask({"type": "refresh", "token": new["token"]})
        assert answer["type"] == "ack"
        assert await _refused(left) == ("token_expired", 4010)
        assert await kept.post("refreshed") == 5
    async with await connect(address) as late:
        assert await _refused(late) == ("token_expired", 4010)


async def test_somebody_elses_token_refreshes_nothing(room: Room) -> None:
    async with await room.join("bob") as bob:
        answer = await bob.ask({"type": "refresh", "token": room.token("ada")})
        assert answer["data"]["code"] == "not_authenticated"
        assert await bob.post("as bob still") == 5


async def test_too_many_sockets_are_4029(hasty: Room) -> None:
    async with (
        await hasty.join("olga", since=0) as one,
        await hasty.join("olga", since=0) as two,
        await hasty.join("olga", since=0) as three,
    ):
        for client in (one, two, three):
            await client.recv()
        async with await hasty.join("olga") as fourth:
            assert await _refused(fourth) == ("too_many_sockets", 4029)


async def test_no_token_reaches_the_log(room: Room) -> None:
    token = room.token("bob")
    async with await room.join("bob", since=0) as bob:
        await bob.recv()
    with room.rest("bob") as rest:
        rest.get(f"/api/streams/{room.channel}/events?since=0&token={token}")
    assert token not in room.server.said()
