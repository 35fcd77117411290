"""A right that is taken away ends within a second, on every process."""

import time

import pytest

from tests.clients import Client
from tests.rooms import Room

SECOND = 1.0


async def _ends(client: Client, code: int) -> list[str]:
    """The codes of the errors told before the close, which must come within a second."""
    begin = time.monotonic()
    assert await client.closed() == code
    assert time.monotonic() - begin < SECOND
    return [frame["data"]["code"] for frame in client.pending() if frame["type"] == "error"]


async def test_a_revoked_token_ends_its_sockets_everywhere(room: Room) -> None:
    token, other = room.hand("mint", "bob"), room.hand("mint", "bob")
    here = await room.join(None, token=token)
    there = await room.join(None, token=token, on=room.world.hasty)
    untouched = await room.join(None, token=other)
    room.hand("revoke", token)
    assert await _ends(here, 4003) == ["access_withdrawn"]
    assert await _ends(there, 4003) == ["access_withdrawn"]
    assert await untouched.answers_ping()


async def test_a_token_revoked_over_rest_ends_its_sockets(room: Room) -> None:
    async with room.http("bob") as http:
        made = (await http.post("/api/tokens/", json={"name": "lost"})).json()
        clients = [await room.join(None, token=made["token"], on=s) for s in room.world.both]
        assert (await http.delete(f"/api/tokens/{made['id']}/")).status_code == 204
    for client in clients:
        assert await _ends(client, 4003) == ["access_withdrawn"]


async def test_who_is_deactivated_is_out(room: Room) -> None:
    name = f"gone-{room.name}"
    token = room.hand("make_user", name, room.name)
    clients = [await room.join(None, token=token, on=server) for server in room.world.both]
    room.hand("deactivate", name)
    for client in clients:
        assert await _ends(client, 4003) == ["access_withdrawn"]
    assert await (await room.join(None, token=token)).refused() == ("not_authenticated", 4001)


async def test_a_member_who_is_removed_is_out(room: Room) -> None:
    clients = [await room.join("bob", on=server) for server in room.world.both]
    ada = await room.join("ada")
    room.hand("remove_member", room.name, "bob")
    for client in clients:
        assert await _ends(client, 4003) == ["access_withdrawn"]
    assert (await ada.event())["type"] == "member_left"
    assert await (await room.join("bob")).refused() == ("not_found", 4004)


async def test_what_is_said_after_a_removal_is_not_heard(room: Room) -> None:
    bob, ada = await room.join("bob"), await room.join("ada")
    room.hand("remove_member", room.name, "bob")
    await bob.closed()
    await ada.post("secret")
    assert "secret" not in str(bob.pending())


async def test_who_loses_one_circle_keeps_the_others(room: Room) -> None:
    other = room.rooms.make()
    clients = [await room.rooms.at_the_hub("bob", on=server) for server in room.world.both]
    for client in clients:
        await client.ask("subscribe", channel=room.channel)
        await client.ask("subscribe", channel=other.channel)
    room.hand("remove_member", room.name, "bob")
    for client in clients:
        lost = await client.of_type("error")
        assert (lost["channel"], lost["data"]["code"]) == (room.channel, "access_withdrawn")
        await client.post("still here", channel=other.channel)
        answer = await client.answer("user_message", channel=room.channel, content="Hello?")
        assert answer["data"]["code"] == "not_found"


async def test_a_session_that_ends_ends_its_sockets(room: Room) -> None:
    key = room.hand("session", "bob")
    headers = {"Cookie": f"sessionid={key}", "Origin": room.world.steady.http}
    client = await room.join(None, headers=headers)
    assert await client.answers_ping()
    room.hand("end_session", key)
    assert await _ends(client, 4003) == ["access_withdrawn"]


async def test_a_circle_that_is_deleted_is_closed(room: Room) -> None:
    clients = [await room.join("ada", on=server) for server in room.world.both]
    room.hand("delete_circle", room.name)
    for client in clients:
        assert await _ends(client, 4003) == ["access_withdrawn"]


async def test_a_token_that_expires_ends_its_sockets(room: Room) -> None:
    client = await room.join(None, token=room.hand("mint", "bob", 1))
    assert await client.answers_ping()
    assert await client.refused() == ("token_expired", 4010)


async def test_a_refreshed_socket_outlives_its_first_token(room: Room) -> None:
    brief = room.hand("mint", "bob", 1)
    client, witness = await room.join(None, token=brief), await room.join(None, token=brief)
    await client.ask("refresh", token=room.world.tokens["bob"])
    assert await witness.closed() == 4010
    assert await client.answers_ping()


async def test_a_refreshed_socket_lives_on_the_new_token(room: Room) -> None:
    new = room.hand("mint", "bob")
    client = await room.join("bob")
    await client.ask("refresh", token=new)
    room.hand("revoke", new)
    assert await _ends(client, 4003) == ["access_withdrawn"]


@pytest.mark.parametrize("token", ["0" * 64, "", None, 7, "someone else's"])
async def test_a_wrong_token_refreshes_nothing(room: Room, token: object) -> None:
    client = await room.join("bob")
    if token == "someone else's":
        token = room.world.tokens["ada"]
    answer = await client.answer("refresh", token=token)
    assert (answer["type"], answer["data"]["code"]) == ("error", "not_authenticated")
    await client.post("still bob")
    assert (await client.event())["data"]["sender"] == "bob"
