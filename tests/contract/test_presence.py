"""Who is connected to a circle: as its members are told, on every server and every backend."""

from typing import Any

import pytest

from tests.clients import Client
from tests.rooms import Room

GONE = 20.0  # seconds after which a killed server's members are not here any more

# What waits for leases to run out is not a matter of server and backend.
in_one_world = pytest.mark.parametrize("world", [("uvicorn", "full")], ids="-".join, indirect=True)


def names(people: list[dict[str, Any]]) -> set[str]:
    return {who["name"] for who in people}


async def here(client: Client, wanted: set[str], seconds: float = 15) -> None:
    """Fold the news until the picture is as wanted."""
    picture: dict[int, str] = getattr(client, "picture", {})
    while set(picture.values()) != wanted:
        news = await client.presence(seconds)
        if "here" in news:
            picture.clear()
        for who in news.get("here", []) + news.get("came", []):
            picture[who["id"]] = who["name"]
        for who in news.get("left", []):
            picture.pop(who["id"], None)
    client.picture = picture  # type: ignore[attr-defined]


async def test_a_socket_that_is_greeted_is_told_who_is_here(room: Room) -> None:
    ada = await room.join("ada", since=room.head)
    first = await ada.presence()
    assert [(who["name"], who["kind"]) for who in first["here"]] == [("ada", "person")]
    assert set(first["here"][0]) == {"id", "name", "display_name", "kind"}
    robo = await room.join("robo")
    await here(ada, {"ada", "robo"})
    assert await robo.answers_ping()


async def test_a_socket_that_is_not_greeted_is_told_nothing(room: Room) -> None:
    bob, ada = await room.join("bob"), await room.join("ada", since=room.head)
    await here(ada, {"ada", "bob"})
    await room.join("robo", since=room.head)
    await here(ada, {"ada", "bob", "robo"})
    assert await bob.answers_ping()
    assert bob._presence.empty()


async def test_the_pictures_of_two_processes_agree(room: Room) -> None:
    ada = await room.join("ada", since=room.head)
    path, token = f"{room.path}?since={room.head}", room.world.tokens["bob"]
    bob = await room.rooms.connect(path, token, on=room.world.hasty)
    for client in (ada, bob):
        await here(client, {"ada", "bob"})
    async with room.http("bob") as http:
        answer = (await http.get(f"/api/circles/{room.name}/presence/")).json()
    assert [who["name"] for who in answer["here"]] == ["ada", "bob"]


@in_one_world
async def test_who_reconnects_at_once_has_not_been_away(room: Room) -> None:
    ada, bob = await room.join("ada", since=room.head), await room.join("bob")
    await here(ada, {"ada", "bob"})
    await bob.close()
    await room.rooms.connect(room.path, room.world.tokens["bob"], on=room.world.hasty)
    robo = await room.join("robo")
    await here(ada, {"ada", "bob", "robo"})
    await robo.close()
    news = await ada.presence()  # Robo's leaving is told after Bob's would have been
    assert names(news.get("left", [])) == {"robo"}


@in_one_world
async def test_the_members_of_a_killed_server_are_gone(room: Room) -> None:
    spare = room.world.spare.start()
    ada = await room.join("ada", since=room.head)
    await room.rooms.connect(room.path, room.world.tokens["bob"], on=spare)
    await here(ada, {"ada", "bob"})
    spare.kill()
    await here(ada, {"ada"}, seconds=GONE)
    async with room.http("ada") as http:
        answer = (await http.get(f"/api/circles/{room.name}/presence/")).json()
    assert names(answer["here"]) == {"ada"}
