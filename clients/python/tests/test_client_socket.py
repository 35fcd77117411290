"""What the client does about a server that closes, lies, is new, or is no GatheRing server at all."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import websockets

from gathering_client import (
    BadInput,
    Closed,
    Event,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    NotGathering,
    State,
    TokenExpired,
    Unreachable,
    connect,
)

from scripted import CHANNEL, HURRY, Scripted, event, refuse, scripted, tell  # isort: skip

COMES_BACK = (1000, 1001, 1011, 1012, 4008, 4029, 4999)
STAYS_AWAY = {1009: BadInput, 4001: NotAuthenticated, 4003: NotAllowed, 4004: NotFound}


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    async with scripted() as server:
        yield server


def closing(code: int, times: int = 1) -> Any:
    """Close the first sockets with ``code`` as soon as somebody subscribes."""
    left = [times]

    async def react(server: Scripted, connection: Any, frame: dict[str, Any]) -> bool:
        if frame["type"] == "subscribe" and left[0]:
            left[0] -= 1
            await connection.close(code)
            return True
        return False

    return react


@pytest.mark.parametrize("code", COMES_BACK)
async def test_after_these_codes_it_comes_back_and_resumes(server: Scripted, code: int) -> None:
    server.react = closing(code, times=3)
    async with server.client() as client, client.circle("dev").events(since=7):
        assert client.state is State.LIVE
    assert server.joins == 4
    assert {frame["since"] for frame in server.told("subscribe")} == {7}


@pytest.mark.parametrize("code", STAYS_AWAY)
async def test_after_these_codes_it_stays_away_until_it_is_asked_again(server: Scripted, code: int) -> None:
    server.react = closing(code)
    async with server.client() as client:
        with pytest.raises(STAYS_AWAY[code]):
            await client.circle("dev").events().__anext__()
        assert (client.state, server.joins) == (State.ENDED, 1)
        async with client.circle("dev").events():
            assert (client.state, server.joins) == (State.LIVE, 2)


async def test_too_many_is_waited_out_longer(server: Scripted) -> None:
    server.react = closing(4029)
    begin = time.monotonic()
    async with server.client() as client, client.circle("dev").events():
        assert time.monotonic() - begin >= HURRY.longer


async def test_an_expired_token_is_replaced_by_the_providers_next(server: Scripted) -> None:
    server.react = closing(4010, times=2)
    tokens = iter(["first", "second", "third"])
    async with server.client(lambda: next(tokens)) as client, client.circle("dev").events():
        assert server.tokens == ["first", "second", "third"]


async def test_a_provider_that_fails_at_the_renewal_is_asked_again(server: Scripted, caplog: Any) -> None:
    server.react = closing(4010)
    answers = iter(["first", "", "", "second"])

    async def provide() -> str:
        if not (token := next(answers)):
            raise OSError("no network")
        return token

    async with server.client(provide) as client, client.circle("dev").events():
        assert server.tokens == ["first", "second"]
    assert caplog.text.count("the provider of tokens failed") == 2


async def test_a_provider_is_asked_anew_after_its_token_was_refused(server: Scripted) -> None:
    server.react = closing(4001)
    tokens = iter(["wrong", "right"])
    async with server.client(lambda: next(tokens)) as client:
        with pytest.raises(NotAuthenticated):
            await client.circle("dev").events().__anext__()
        async with client.circle("dev").events():
            assert server.tokens == ["wrong", "right"]


@pytest.mark.parametrize("token", ["", "to\nken", "to ken", "tökén"])
async def test_what_is_no_token_is_refused_and_not_shown(server: Scripted, token: str) -> None:
    for asking in (connect(server.url, token, trust_env=False), server.client(token).me()):
        with pytest.raises(NotAuthenticated) as raised:
            await asking
        assert not token or token not in str(raised.value)


async def test_an_expired_token_without_a_provider_is_raised(server: Scripted) -> None:
    server.react = closing(4010)
    async with server.client("only") as client:
        with pytest.raises(TokenExpired):
            await client.circle("dev").events().__anext__()


async def test_a_provider_that_fails_is_asked_again(server: Scripted, caplog: Any) -> None:
    answers = iter([OSError("no network"), OSError("no network"), "token"])

    def provide() -> str:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    async with server.client(provide) as client:
        await client.ready(5)
    assert (server.tokens, caplog.text.count("no network")) == (["token"], 2)


async def test_the_error_before_the_close_is_what_is_raised(server: Scripted) -> None:
    server.react = lambda _, connection, __: refuse(connection, "origin_refused", 4003)
    with pytest.raises(NotAllowed, match=r"origin_refused: Why\."):
        await connect(server.url, "token", trust_env=False)


async def test_a_wrong_address_is_said_to_be_one() -> None:
    async with page(404) as url:
        with pytest.raises(NotGathering, match="404"):
            await connect(url, "token", trust_env=False)


async def test_a_page_instead_of_rest_is_no_answer() -> None:
    async with page(200) as url:
        with pytest.raises(NotGathering, match="text/html"):
            await Scripted().__class__.client(_at(url)).me()


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_proxys_page_passes_but_patience_ends(status: int) -> None:
    async with page(status) as url:
        with pytest.raises(Unreachable, match=str(status)) as raised:
            await connect(url, "token", patience=0.3, trust_env=False)
    assert raised.value.retryable


async def test_nobody_there_is_unreachable() -> None:
    async with scripted() as server:
        url = server.url
    with pytest.raises(Unreachable, match="No server answers"):
        await connect(url, "token", patience=0.3, trust_env=False)


async def test_a_page_where_a_server_was_is_waited_out(server: Scripted) -> None:
    """As when a proxy answers for a server that restarts."""
    states: list[State] = []
    async with server.client(on_state=states.append) as client:
        await client.ready(5)
        port = int(server.url.rsplit(":", 1)[1])
        server.react = closing(1012)
        events = asyncio.ensure_future(client.circle("dev").events().__anext__())
        while State.WAITING not in states:
            await asyncio.sleep(0.01)
        assert not events.done()
        events.cancel()
    assert port


@pytest.mark.parametrize("junk", ["<html>", "[]", '{"no":"type"}', '{"type":"ping","data":7}', "\x00"])
async def test_junk_ends_a_connection_and_not_the_client(server: Scripted, junk: str, caplog: Any) -> None:
    sent = []

    async def react(server: Scripted, connection: Any, frame: dict[str, Any]) -> bool:
        if frame["type"] == "subscribe" and not sent:
            sent.append(junk)
            await connection.send(junk)
        return False

    server.react = react
    async with server.client() as client:
        await client.ready(5)
        task = asyncio.ensure_future(client.circle("dev").events(since=0).__anext__())
        while server.joins < 2:
            await asyncio.sleep(0.01)
        assert not task.done()
        task.cancel()
    assert "not as documented" in caplog.text


async def test_types_of_the_future_reach_the_reader_and_the_default_handler(server: Scripted) -> None:
    async def react(server: Scripted, connection: Any, frame: dict[str, Any]) -> bool:
        if frame["type"] == "subscribe":
            await server.answer(connection, frame)
            await event(connection, 1, "news_of_tomorrow")
            await tell(connection, "whisper_of_tomorrow", {"x": 1}, channel=CHANNEL)
            await tell(connection, "notice_of_tomorrow", [1])
            return True
        return False

    server.react = react
    others: list[Event] = []
    async with server.client(on_other=others.append) as client:
        async with client.circle("dev").events(since=0) as events:
            found = [await events.__anext__(), await events.__anext__()]
        while not others:
            await asyncio.sleep(0.01)
    assert [(each.type, each.seq) for each in found] == [
        ("news_of_tomorrow", 1),
        ("whisper_of_tomorrow", None),
    ]
    assert [(each.type, each.data) for each in others] == [("notice_of_tomorrow", [1])]


async def test_a_gap_is_asked_for_again_from_the_cursor(server: Scripted) -> None:
    async def react(server: Scripted, connection: Any, frame: dict[str, Any]) -> bool:
        if frame["type"] == "subscribe":
            await server.answer(connection, frame)
            first = frame["since"] + 1
            for seq in (first, first + 2) if first == 1 else (2, 3):
                await event(connection, seq)
            return True
        return False

    server.react = react
    async with server.client() as client, client.circle("dev").events(since=0) as events:
        assert [(await events.__anext__()).seq for _ in range(3)] == [1, 2, 3]
    assert [frame["since"] for frame in server.told("subscribe")] == [0, 1]


async def test_a_silent_server_is_asked_whether_it_is_there_and_then_left(server: Scripted) -> None:
    async def react(server: Scripted, connection: Any, frame: dict[str, Any]) -> bool:
        return server.joins == 1 and len(server.heard) > 2  # the first socket falls silent

    server.react = react
    async with server.client() as client, client.circle("dev").events():
        while server.joins < 2:
            await asyncio.sleep(0.02)
    assert len(server.told("ping")) >= 3


async def test_an_answer_that_does_not_come_is_asked_for_again_with_the_same_id(server: Scripted) -> None:
    async def react(server: Scripted, connection: Any, frame: dict[str, Any]) -> bool:
        return frame["type"] == "message" and server.joins == 1

    server.react = react
    async with server.client() as client:
        await client.circle("dev").ask({"type": "message", "content": "Hello"}, id="mine")
    assert [frame["id"] for frame in server.told("message")] == ["mine", "mine"]


async def test_a_frame_that_is_too_large_fails_alone(server: Scripted) -> None:
    async def react(server: Scripted, connection: Any, frame: dict[str, Any]) -> bool:
        if len(json.dumps(frame)) > 65536:
            await refuse(connection, "frame_too_large", 1009)
            return True
        return False

    server.react = react
    async with server.client() as client:
        circle = client.circle("dev")
        small = asyncio.ensure_future(circle.ask({"type": "message", "content": "small"}))
        with pytest.raises(BadInput, match="frame_too_large"):
            await circle.post("x" * 70_000)
        await asyncio.wait_for(small, 5)


async def test_a_callback_that_fails_harms_nothing(server: Scripted, caplog: Any) -> None:
    caplog.set_level(logging.INFO)

    def fail(_: Event) -> None:
        raise LookupError("mine")

    async def react(server: Scripted, connection: Any, frame: dict[str, Any]) -> bool:
        if frame["type"] == "subscribe":
            await tell(connection, "notice_of_tomorrow")
        return False

    server.react = react
    async with server.client(on_other=fail) as client, client.circle("dev").events():
        assert server.joins == 1
    assert "on_other failed" in caplog.text


async def test_a_failing_on_state_harms_nothing(server: Scripted, caplog: Any) -> None:
    def fail(_: State) -> None:
        raise KeyError("mine")

    async with server.client(on_state=fail) as client, client.circle("dev").events():
        assert server.joins == 1
    assert "on_state failed" in caplog.text


async def test_what_waits_when_the_client_is_closed_is_told(server: Scripted) -> None:
    server.react = lambda _, __, frame: frame["type"] == "message"
    client = server.client()
    post = asyncio.ensure_future(client.circle("dev").post("never acknowledged"))
    read = asyncio.ensure_future(client.circle("dev").events().__anext__())
    while not server.told("message"):
        await asyncio.sleep(0.01)
    await client.close()
    for waiting in (post, read):
        with pytest.raises(Closed):
            await waiting
    with pytest.raises(Closed):
        await client.ready()
    await client.close()


async def test_every_state_is_told(server: Scripted) -> None:
    states: list[State] = []
    server.react = closing(1012)
    async with server.client(on_state=states.append) as client, client.circle("dev").events():
        pass
    assert states == [
        State.CONNECTING, State.LIVE, State.WAITING, State.CONNECTING, State.LIVE, State.ENDED,
    ]  # fmt: skip


@contextlib.asynccontextmanager
async def page(status: int) -> AsyncIterator[str]:
    """Somebody else's server: HTML for everything."""

    def answer(connection: Any, _: Any) -> Any:
        response = connection.respond(status, "<html><h1>Hello</h1></html>")
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "text/html; charset=utf-8"
        return response

    async def never(_: Any) -> None: ...

    async with websockets.serve(never, "127.0.0.1", 0, process_request=answer) as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


def _at(url: str) -> Scripted:
    server = Scripted()
    server.url = url
    return server
