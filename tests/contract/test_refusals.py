"""Each close code, and that a socket is accepted and told why before it is closed."""

import contextlib
import json

import pytest
import websockets

from tests.clients import Client
from tests.rooms import Room, Rooms


async def test_who_is_nobody_is_closed_with_4001(room: Room) -> None:
    client = await room.join(None, token="0" * 64)
    assert await client.refused() == ("not_authenticated", 4001)


async def test_an_expired_token_is_closed_with_4010(room: Room) -> None:
    token = room.hand("mint_expired", "ada")
    client = await room.join(None, token=token)
    assert await client.refused() == ("token_expired", 4010)


async def test_an_outsider_cannot_join(room: Room) -> None:
    client = await room.join("carol")
    assert await client.refused() == ("not_found", 4004)


async def test_staff_may_join_every_circle(room: Room) -> None:
    client = await room.join("stan", since=0)
    assert (await client.receive())["type"] == "welcome"


@pytest.mark.parametrize("since", ["", "?since=0"])
async def test_a_circle_of_others_and_none_at_all_look_the_same(room: Room, since: str) -> None:
    answers = []
    for path in (room.path, "/ws/circles/there-is-none"):
        client = await room.rooms.connect(path + since, room.world.tokens["carol"])
        code = await client.closed()
        (error,) = client.pending()
        answers.append((code, error["data"], error["type"], error.keys()))
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/ws/nothing/",
        "/ws/circles/",
        "/ws/circles/UPPER",
        "/ws/circles/a%20b",
        "/ws/circles/x%00y",
        f"/ws/circles/{'x' * 200}",
        "/ws/agents/robo",
        "/ws/agents/99999",
        f"/ws/agents/{'9' * 30}",
    ],
)
async def test_there_is_nothing_elsewhere(rooms: Rooms, path: str) -> None:
    client = await rooms.connect(path, rooms.world.tokens["ada"])
    assert (await client.closed()) == 4004
    (error,) = client.pending()
    assert error["type"] == "error"


async def test_a_frame_that_is_too_large_is_closed_with_1009(room: Room) -> None:
    big = await room.join("ada")
    with contextlib.suppress(websockets.ConnectionClosed):
        await big.tell("user_message", content="x" * 10_000_000)
    assert await big.closed() == 1009
    assert await (await room.join("ada")).answers_ping()


async def test_a_frame_just_over_the_limit_is_closed_with_1009(room: Room) -> None:
    client = await room.join("ada")
    await client.send(json.dumps({"type": "ping", "pad": "x" * 65536}))
    assert await client.closed() == 1009


async def test_a_frame_just_under_the_limit_is_taken(room: Room) -> None:
    client = await room.join("ada")
    frame = json.dumps({"type": "ping", "pad": ""})
    await client.send(frame.replace('""', f'"{"x" * (65536 - len(frame))}"'))
    assert (await client.receive())["type"] == "pong"


async def test_a_flood_is_refused_and_then_closed_with_4029(room: Room) -> None:
    client = await room.join("ada", on=room.world.hasty)
    with contextlib.suppress(websockets.ConnectionClosed):
        for _ in range(150):
            await client.tell("ping")
    assert await client.closed() == 4029
    errors = [f["data"]["code"] for f in client.pending() if f["type"] == "error"]
    assert set(errors) == {"rate_limited"}
    assert len(errors) > 50  # a whole burst is refused before it is closed


async def test_a_short_burst_is_taken(room: Room) -> None:
    client = await room.join("ada", on=room.world.hasty)
    for _ in range(40):
        await client.tell("ping")
    for _ in range(40):
        assert (await client.receive())["type"] == "pong"


async def test_too_many_sockets_are_closed_with_4029(room: Room) -> None:
    token = room.hand("make_user", f"many-{room.name}", room.name)
    clients = [await room.join(None, token=token, on=room.world.hasty) for _ in range(6)]
    assert await clients.pop().refused() == ("too_many_sockets", 4029)
    for client in clients:
        assert await client.answers_ping()
    await clients.pop().close()
    assert await _comes_in(room, token)


async def _comes_in(room: Room, token: str) -> bool:
    """Whether there is room again, once the server has noticed that a socket has gone."""
    for _ in range(50):
        client = await room.join(None, token=token, on=room.world.hasty, since=0)
        if (await client.receive())["type"] == "welcome":
            return True
    return False


async def test_an_error_says_what_to_do(room: Room) -> None:
    client: Client = await room.join("carol")
    await client.closed()
    (error,) = client.pending()
    assert error["data"].keys() == {"code", "detail", "ref", "retryable"}
    assert error["data"]["retryable"] is False
