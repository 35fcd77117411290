"""The hooks of React, in a real Chromium, with React 18 and 19, under StrictMode."""

import asyncio

import pytest
from playwright.async_api import Browser, Page, expect

from tests.javascript.pages import PATIENCE, bundle, show, show_blocked
from tests.javascript.worlds import one_world
from tests.rooms import Room, Rooms
from tests.servers import Server

expect.set_options(timeout=PATIENCE)
pytestmark = one_world
both = pytest.mark.parametrize("react", ["18", "19"])
latest = pytest.mark.parametrize("react", ["19"])


def about_circle(room: Room, server: Server, who: str) -> dict[str, object]:
    token = room.world.tokens[who]
    return {
        "circle": room.name,
        "agent": room.hand("user_id", "robo"),
        "token": token,
        "address": f"{server.ws}{room.path}?token={token}",
    }


async def show_circle(browser: Browser, room: Room, server: Server, react: str) -> Page:
    script = bundle("tests/pages/react.js", react)
    page = await show(browser, server.http, script, about_circle(room, server, "ada"))
    await expect(page.locator("#chat")).to_have_attribute("data-state", "live")
    await expect(page.locator("#connected")).to_have_text("Status: Connected")
    return page


@both
async def test_messages_come_once_and_in_order_though_the_server_is_killed(
    browser: Browser, room: Room, server: Server, react: str
) -> None:
    server.start()
    page = await show_circle(browser, room, server, react)
    version = await page.locator("main").get_attribute("data-version")
    assert version is not None
    assert version.startswith(react)
    room.hand("post", "bob", room.name, 2)
    await expect(page.locator("#chat li")).to_have_text(["bob: 0", "bob: 1"])
    await asyncio.to_thread(server.kill)
    await expect(page.locator("#chat")).not_to_have_attribute("data-state", "live")
    await expect(page.locator("#connected")).to_have_text("Status: Disconnected")
    room.hand("post", "bob", room.name, 3)
    await asyncio.to_thread(server.start)
    said = ["0", "1", "0", "1", "2"]
    await expect(page.locator("#chat li")).to_have_text([f"bob: {text}" for text in said])
    await expect(page.locator(".said")).to_have_text(said)


@latest
async def test_what_is_posted_and_sent_is_seen(
    browser: Browser, room: Room, server: Server, react: str
) -> None:
    server.start()
    page = await show_circle(browser, room, server, react)
    await page.click("#post")
    await expect(page.locator("#chat li")).to_have_text(["ada: by the button"])
    await page.click("#send")
    await expect(page.locator(".said")).to_have_text(["by the button", "by send"])
    await expect(page.locator("#chat li")).to_have_text(["ada: by the button", "ada: by send"])


@both
async def test_what_an_agent_writes_becomes_its_message_in_its_place(
    browser: Browser, rooms: Rooms, room: Room, server: Server, react: str
) -> None:
    server.start()
    page = await show_circle(browser, room, server, react)
    robo = await room.join("robo", on=server)
    await robo.tell("message_delta", draft="d", delta="Hel", offset=0)
    await expect(page.locator("#chat li")).to_have_text(["robo: Hel"])
    await page.evaluate("document.querySelector('#chat li').marked = true")
    await robo.tell("message_delta", draft="d", delta="lo", offset=3)
    await robo.ask("agent_message", content="Hello!", draft="d")
    await expect(page.locator("#chat li")).to_have_text(["robo: Hello!"])
    await expect(page.locator("#chat li")).to_have_attribute("data-streaming", "false")
    assert await page.evaluate("document.querySelector('#chat li').marked")


@latest
async def test_who_is_here_is_shown(browser: Browser, room: Room, server: Server, react: str) -> None:
    server.start()
    page = await show_circle(browser, room, server, react)
    await expect(page.locator("#present")).to_have_text("ada")
    bob = await room.join("bob", on=server)
    await expect(page.locator("#present")).to_have_text("ada bob")
    await bob.close()
    await expect(page.locator("#present")).to_have_text("ada")


@latest
async def test_an_agent_is_seen_at_work(
    browser: Browser, rooms: Rooms, room: Room, server: Server, react: str
) -> None:
    server.start()
    page = await show_circle(browser, room, server, react)
    robo = await rooms.connect(
        f"/ws/agents/{room.hand('user_id', 'robo')}", room.world.tokens["robo"], on=server
    )
    run = {"threadId": room.name, "runId": f"run-{room.name}"}
    text = {"messageId": f"text-{room.name}"}

    async def does(kind: str, **fields: str) -> None:
        await robo.ask("agent_activity", data={"type": kind, **fields})

    await robo.ask("agent_status", data={"status": "working"})
    await does("RUN_STARTED", **run)
    await does("TEXT_MESSAGE_START", role="assistant", **text)
    await does("TEXT_MESSAGE_CONTENT", delta="Thinking", **text)
    await expect(page.locator("#agent p[data-streaming=true]")).to_have_text("Thinking")
    await does("TEXT_MESSAGE_END", **text)
    await does("RUN_FINISHED", **run)
    await expect(page.locator("#agent p[data-streaming=false]")).to_have_text("Thinking")
    await expect(page.locator("#status")).to_have_text("working")
    await expect(page.locator("#run")).to_have_text("finished")


@latest
async def test_taken_away_and_brought_back_it_shows_what_came_meanwhile(
    browser: Browser, room: Room, server: Server, react: str
) -> None:
    server.start()
    page = await show_circle(browser, room, server, react)
    room.hand("post", "bob", room.name, 1)
    await expect(page.locator("#chat li")).to_have_text(["bob: 0"])
    await page.click("#toggle")
    await expect(page.locator("#chat")).to_have_count(0)
    room.hand("post", "bob", room.name, 2)
    await page.click("#toggle")
    await expect(page.locator("#chat li")).to_have_text(["bob: 0", "bob: 0", "bob: 1"])


@latest
async def test_an_outsider_is_told_so(browser: Browser, room: Room, server: Server, react: str) -> None:
    server.start()
    script = bundle("tests/pages/react.js", react)
    page = await show(browser, server.http, script, about_circle(room, server, "carol"))
    await expect(page.locator("#chat")).to_have_attribute("data-error", "not_found")


@latest
async def test_where_websocket_is_blocked_it_goes_by_http(
    browser: Browser, room: Room, server: Server, react: str
) -> None:
    server.start()
    about = about_circle(room, server, "ada")
    page = await show_blocked(browser, server.http, bundle("tests/pages/react.js", react), about)
    await expect(page.locator("#chat")).to_have_attribute("data-state", "live")
    await expect(page.locator("#connected")).to_have_text("Status: Connected")
    await page.click("#post")
    await expect(page.locator("#chat li")).to_have_text(["ada: by the button"])
    await page.click("#send")
    await expect(page.locator("#chat li")).to_have_text(["ada: by the button", "ada: by send"])
