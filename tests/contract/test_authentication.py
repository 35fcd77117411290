"""The five ways to say who you are."""

import asyncio

import pytest

from tests.clients import Client
from tests.rooms import Room

WRONG = "0" * 64


async def _is_in(client: Client, who: str) -> bool:
    welcome = await client.of_type("welcome")
    return welcome["data"]["actor"]["name"] == who


async def _by_query(room: Room, token: str, **options: object) -> Client:
    return await room.rooms.connect(f"{room.path}?since=0&token={token}", **options)


def _bearer(token: str) -> tuple[str, str]:
    return ("gathering.v1", f"gathering.bearer.{token}")


async def test_by_header(room: Room) -> None:
    assert await _is_in(await room.join("bob", since=0), "bob")


async def test_by_subprotocol_which_is_never_echoed(room: Room) -> None:
    client = await room.join(None, subprotocols=_bearer(room.world.tokens["bob"]))
    assert await _is_in(client, "bob")
    answer = client.connection.response
    assert client.connection.subprotocol == "gathering.v1"
    assert room.world.tokens["bob"] not in str(answer.headers)


async def test_a_token_alone_as_subprotocol_is_not_echoed_either(room: Room) -> None:
    subprotocols = _bearer(room.world.tokens["bob"])[1:]
    client = await room.join(None, subprotocols=subprotocols, since=0)
    assert await _is_in(client, "bob")
    assert client.connection.subprotocol is None


async def test_by_query(room: Room) -> None:
    assert await _is_in(await _by_query(room, room.world.tokens["bob"]), "bob")


async def test_by_ticket_once(room: Room) -> None:
    async with room.http("bob") as http:
        ticket = (await http.post("/api/tickets/")).json()["ticket"]
    assert await _is_in(await _by_query(room, ticket), "bob")
    assert await (await _by_query(room, ticket)).refused() == ("not_authenticated", 4001)


async def test_of_two_who_use_a_ticket_at_once_one_comes_in(room: Room) -> None:
    ticket = room.hand("ticket", room.world.tokens["bob"])
    clients = await asyncio.gather(*(_by_query(room, ticket) for _ in range(4)))
    firsts = [(await client.receive())["type"] for client in clients]
    assert sorted(firsts) == ["error", "error", "error", "welcome"]


async def test_an_old_ticket_opens_nothing(room: Room) -> None:
    ticket = room.hand("ticket", room.world.tokens["bob"])
    room.hand("age_tickets")
    assert await (await _by_query(room, ticket)).refused() == ("not_authenticated", 4001)


async def test_by_cookie_from_the_own_site(room: Room) -> None:
    cookie = {"Cookie": f"sessionid={room.hand('session', 'bob')}"}
    origin = {"Origin": room.world.steady.http}
    assert await _is_in(await room.join(None, headers=cookie | origin, since=0), "bob")


async def test_a_foreign_site_is_refused_although_the_cookie_is_right(room: Room) -> None:
    cookie = {"Cookie": f"sessionid={room.hand('session', 'bob')}"}
    client = await room.join(None, headers=cookie | {"Origin": "https://evil.example"})
    assert await client.refused() == ("origin_refused", 4003)


@pytest.mark.parametrize("origin", ["null", "http://127.0.0.1:1", "https://evil.example"])
async def test_a_foreign_site_is_refused_whatever_the_credential(room: Room, origin: str) -> None:
    client = await room.join("bob", headers={"Origin": origin})
    assert await client.refused() == ("origin_refused", 4003)


async def test_a_cookie_without_an_origin_does_not_count(room: Room) -> None:
    cookie = {"Cookie": f"sessionid={room.hand('session', 'bob')}"}
    client = await room.join(None, headers=cookie, since=0)
    await client.tell("ping")  # a first frame that is not 'auth'
    assert await client.refused() == ("not_authenticated", 4001)


async def test_by_the_first_message(room: Room) -> None:
    client = await room.join(None)
    await client.tell("auth", token=room.world.tokens["bob"])
    assert await _is_in(client, "bob")
    await client.post("I am in.")
    assert (await client.event())["data"]["sender"] == "bob"


async def test_nothing_is_told_before_the_first_message(room: Room) -> None:
    silent, ada = await room.join(None, since=0), await room.join("ada")
    await ada.post("secret")
    await silent.tell("auth", token=room.world.tokens["bob"])
    assert (await silent.receive())["type"] == "welcome"


async def test_the_wrong_first_message_closes(room: Room) -> None:
    for frame in ({"token": WRONG}, {"token": 5}, {"token": None}, {}):
        client = await room.join(None)
        await client.tell("auth", **frame)
        assert await client.refused() == ("not_authenticated", 4001)


async def test_who_says_nothing_is_closed_in_time(room: Room) -> None:
    client = await room.join(None, on=room.world.hasty)
    assert await client.refused(5) == ("auth_timeout", 4001)


async def test_a_first_message_by_an_outsider_opens_nothing(room: Room) -> None:
    client = await room.join(None)
    await client.tell("auth", token=room.world.tokens["carol"])
    assert await client.refused() == ("not_found", 4004)


async def test_to_authenticate_twice_is_an_error(room: Room) -> None:
    client = await room.join("bob")
    answer = await client.answer("auth", token=room.world.tokens["ada"])
    assert answer["data"]["code"] == "bad_frame"
    await client.post("still me")
    assert (await client.event())["data"]["sender"] == "bob"


@pytest.mark.parametrize("header", [WRONG, "", "x y z"])
async def test_a_wrong_credential_is_not_skipped(room: Room, header: str) -> None:
    headers = {"Authorization": f"Bearer {header}"}
    client = await _by_query(room, room.world.tokens["bob"], headers=headers)
    assert await client.refused() == ("not_authenticated", 4001)


async def test_a_wrong_subprotocol_is_not_skipped(room: Room) -> None:
    client = await _by_query(room, room.world.tokens["bob"], subprotocols=_bearer(WRONG))
    assert await client.refused() == ("not_authenticated", 4001)


async def test_a_wrong_query_is_not_skipped(room: Room) -> None:
    cookie = {"Cookie": f"sessionid={room.hand('session', 'bob')}"}
    client = await _by_query(room, WRONG, headers=cookie | {"Origin": room.world.steady.http})
    assert await client.refused() == ("not_authenticated", 4001)


async def test_no_token_ever_reaches_the_log(room: Room) -> None:
    server, token = room.world.hasty, room.hand("mint", "bob")
    ticket = room.hand("ticket", token)
    await (await _by_query(room, token, on=server)).receive()
    await (await _by_query(room, ticket, on=server)).receive()
    await (await room.join(None, subprotocols=_bearer(token), on=server)).receive()
    first = await room.join(None, on=server)
    await first.tell("auth", token=token)
    await first.receive()
    await first.answer("refresh", token=token)
    async with room.http(None, on=server) as http:
        for path in ("/api/nothing/", "/api/streams/x/events", "/", "/admin/"):
            await http.get(f"{path}?token={token}", headers={"Cookie": f"sessionid={token}"})
    text = server.log_text
    assert "/api/nothing/" in text  # it does log what happens
    assert token not in text
    assert ticket not in text
