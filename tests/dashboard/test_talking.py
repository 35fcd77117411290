"""A circle in real browsers: people and an agent talk, whatever happens to the server."""

import os
import re
from typing import Any

import httpx
from playwright.async_api import Page, expect

from tests.clients import Client
from tests.dashboard.conftest import Visitors
from tests.servers import World


def texts(page: Page) -> Any:
    return page.locator("#messages .message .text")


async def say(page: Page, content: str) -> None:
    await page.fill("#content", content)
    await page.press("#content", "Enter")


async def shown(page: Page, *contents: str) -> None:
    """Exactly these messages, in this order, each of them solid."""
    await expect(texts(page)).to_have_text(list(contents))
    await expect(page.locator(".pending, .refused, .draft")).to_have_count(0)


def as_robo(site: World) -> httpx.Client:
    bearer = {"Authorization": f"Bearer {site.tokens['robo']}"}
    return httpx.Client(base_url=site.steady.http, headers=bearer, trust_env=False, timeout=30)


async def test_two_people_and_an_agent_hear_each_other(visitors: Visitors, site: World, circle: str) -> None:
    ada, bob = [await visitors.open(who, f"/circles/{circle}/") for who in ("ada", "bob")]
    await say(ada, "Hello, *Bob*")
    await expect(texts(bob)).to_have_text(["Hello, Bob"])
    await say(bob, "Hello, @ada")
    with as_robo(site) as robo:
        robo.post(f"/api/circles/{circle}/messages/", json={"content": "`42`"}).raise_for_status()
    for page in (ada, bob):
        await shown(page, "Hello, Bob", "Hello, @ada", "42")
        assert await page.locator(".message .text em").inner_text() == "Bob"
        assert await page.locator(".message .tag").all_inner_texts() == ["agent"]
        assert await page.locator(".message .mention").inner_text() == "@ada"


async def test_a_live_message_is_what_a_fresh_page_shows(
    visitors: Visitors, site: World, circle: str
) -> None:
    ada = await visitors.open("ada", f"/circles/{circle}/")
    for content in ("one", "two\n- a\n- b", "@bob and `code`"):
        await say(ada, content)
    await shown(ada, "one", "two a b", "@bob and code")
    html = (
        "[...document.querySelectorAll('#messages .message')].map(e => e.outerHTML.replaceAll(/\\s+/g, ' '))"
    )
    live = await ada.evaluate(html)
    await ada.reload()
    assert await ada.evaluate(html) == live


async def test_a_streamed_answer_becomes_its_message(visitors: Visitors, site: World, circle: str) -> None:
    ada = await visitors.open("ada", f"/circles/{circle}/")
    robo = await Client.connect(f"{site.steady.ws}/ws/circles/{circle}", site.tokens["robo"])
    said = "It takes **three** steps."
    for offset in range(0, len(said), 5):
        delta = {"draft": "d1", "delta": said[offset : offset + 5], "offset": offset}
        await robo.tell("message_delta", **delta)
    await expect(ada.locator(".draft .text")).to_have_text(said)
    await robo.tell("agent_message", content=said, draft="d1")
    await shown(ada, "It takes three steps.")
    await robo.close()


async def test_a_server_that_is_killed_loses_nothing_and_doubles_nothing(
    visitors: Visitors, site: World, circle: str
) -> None:
    ada, bob = [await visitors.open(who, f"/circles/{circle}/") for who in ("ada", "bob")]
    await say(ada, "before")
    await shown(bob, "before")
    site.steady.kill()
    for page in (ada, bob):
        await expect(page.locator("#connection")).not_to_have_attribute("data-state", "live")
    site.hand("post", "robo", circle, 150)  # while nobody serves
    await say(ada, "while it was away")
    await say(bob, "kept by a page that is loaded again")
    for page in (ada, bob):
        await expect(page.locator(".pending .unsent")).to_have_text("not sent yet")
    site.steady.start()
    await expect(ada.locator("#connection")).to_have_text("live")
    await bob.reload()
    await shown_at_the_end(bob, "149", "while it was away", "kept by a page that is loaded again")
    await shown_at_the_end(ada, "149", "while it was away", "kept by a page that is loaded again")
    said = [content for _, content in site.hand("messages", circle)]
    assert len(said) == len({*said}) == 153


async def test_a_page_heals_after_a_reset(visitors: Visitors, site: World, circle: str) -> None:
    ada = await visitors.open("ada", f"/circles/{circle}/")
    await say(ada, "in the old history")
    await shown(ada, "in the old history")
    site.steady.kill()
    await expect(ada.locator("#connection")).not_to_have_attribute("data-state", "live")
    site.hand("renew", f"circles.{circle}")
    site.hand("post", "bob", circle, 2)
    await say(ada, "sent again")
    site.steady.start()
    await shown(ada, "in the old history", "0", "1", "sent again")
    await say(ada, "in the new one")
    await shown(ada, "in the old history", "0", "1", "sent again", "in the new one")


async def shown_at_the_end(page: Page, *contents: str) -> None:
    """These are the last messages, in whatever order the last two were sent."""
    await expect(page.locator(".pending, .refused")).to_have_count(0)
    for content in contents:
        await expect(texts(page).filter(has_text=re.compile(f"^{content}\\s*$"))).to_have_count(1)


async def test_what_is_refused_can_be_tried_again_or_thrown_away(
    visitors: Visitors, site: World, circle: str
) -> None:
    ada = await visitors.open("ada", f"/circles/{circle}/")
    site.steady.kill()
    site.hand("archive", circle)
    await say(ada, "too early")
    await say(ada, "never")
    site.steady.start()
    refused = ada.locator(".refused")
    await expect(refused.locator(".retry")).to_contain_text(["archived", "archived"])
    await refused.filter(has_text="never").get_by_role("button", name="Discard").click()
    await ada.get_by_role("button", name="Try again").click()
    await expect(refused.locator(".retry")).to_contain_text("archived")  # as it is still
    site.hand("resume", circle)
    await ada.get_by_role("button", name="Try again").click()
    await shown(ada, "too early")
    assert site.hand("messages", circle) == [["ada", "too early"]]


async def test_the_form_goes_and_comes_with_what_the_circle_takes(
    visitors: Visitors, site: World, circle: str
) -> None:
    ada = await visitors.open("ada", f"/circles/{circle}/")
    await ada.fill("#content", "half written")
    site.hand("archive", circle)
    await expect(ada.locator("#closed")).to_contain_text("archived: it can be read")
    await expect(ada.locator("#say")).to_be_hidden()
    site.hand("resume", circle)
    await expect(ada.locator("#closed")).to_be_hidden()
    await ada.press("#content", "Enter")
    await shown(ada, "half written")


async def test_what_is_said_without_a_network_waits_and_goes_out_once(
    visitors: Visitors, site: World, circle: str
) -> None:
    ada = await visitors.open("ada", f"/circles/{circle}/")
    await ada.context.set_offline(True)
    await expect(ada.locator("#connection")).to_have_text("offline")
    for content in ("first", "second"):
        await say(ada, content)
    await expect(ada.locator(".pending .unsent")).to_have_text(["not sent yet"] * 2)
    site.hand("post", "bob", circle)  # which Ada does not hear
    assert site.hand("messages", circle) == [["bob", "0"]]
    await ada.context.set_offline(False)
    await shown(ada, "0", "first", "second")
    await expect(ada.locator("#connection")).to_have_text("live")
    assert site.hand("messages", circle) == [["bob", "0"], ["ada", "first"], ["ada", "second"]]


async def test_names_are_completed_and_answers_point_back(
    visitors: Visitors, site: World, circle: str
) -> None:
    site.hand("post", "bob", circle)
    ada = await visitors.open("ada", f"/circles/{circle}/")
    await ada.locator(".message").hover()
    await ada.get_by_role("link", name="Reply to bob").click()
    await ada.locator("#content").press_sequentially("@ro")
    await expect(ada.get_by_role("option")).to_have_text(["Rrobo @robo"])
    await ada.keyboard.press("Enter")
    await ada.locator("#content").press_sequentially("look")
    await ada.keyboard.press("Shift+Enter")
    await ada.locator("#content").press_sequentially("please")
    await ada.keyboard.press("Enter")
    await expect(ada.locator(".reply")).to_contain_text("bob: 0")
    await expect(ada.locator(".message .mention")).to_have_text("@robo")
    assert site.hand("messages", circle)[1] == ["ada", "@robo look\nplease"]


async def test_writing_is_shown_and_reading_is_remembered(
    visitors: Visitors, site: World, circle: str
) -> None:
    bob = await visitors.open("bob", f"/circles/{circle}/")
    ada = await visitors.open("ada", f"/circles/{circle}/")
    for page, other in ((bob, "ada"), (ada, "bob")):
        await expect(page.locator(f"#member-{other} .here")).to_have_text("here")
    await ada.locator("#content").press_sequentially("hm")
    await expect(bob.locator("#end")).to_have_text("ada is writing")
    await say(ada, "hm")
    await shown(bob, "hm")
    place = bob.locator(f'[id="place-circles.{circle}"]')
    await expect(place.locator(".count")).to_have_count(0)
    await bob.goto("/")
    site.hand("post", "ada", circle, 2)
    await expect(place.locator(".count")).to_have_text("2 unread")
    await bob.goto(f"/circles/{circle}/")
    await expect(bob.locator("#unread")).to_be_visible()
    await expect(place.locator(".count")).to_have_count(0)


MANY = int(os.environ.get("GATHERING_TEST_HISTORY", "5000"))  # messages; they are made by one statement
READ = int(os.environ.get("GATHERING_TEST_READ", "250"))  # of them are scrolled through


async def test_thousands_of_messages_are_read_smoothly(visitors: Visitors, site: World, circle: str) -> None:
    site.hand("post", "bob", circle, MANY)
    ada = await visitors.open("ada", f"/circles/{circle}/")
    await expect(texts(ada).last).to_have_text(f"{MANY - 1}")
    gaps = await ada.evaluate(SCROLL_UP, READ)
    read = [int(text) for text in await texts(ada).all_inner_texts()]
    assert read == list(range(read[0], MANY))  # without a gap, a repeat, a jump
    assert len(read) >= READ
    assert sorted(gaps)[len(gaps) // 2] < 100  # milliseconds between two frames, mostly
    before = await ada.evaluate("document.getElementById('log').scrollTop")
    top = await ada.evaluate(FIRST_IN_SIGHT)
    site.hand("post", "bob", circle, 5)
    await expect(texts(ada).last).to_have_text("4")
    assert await ada.evaluate(FIRST_IN_SIGHT) == top  # who reads above is not moved
    assert await ada.evaluate("document.getElementById('log').scrollTop") < before


SCROLL_UP = """async (wanted) => {
  const log = document.getElementById('log'), gaps = [];
  let last = performance.now();
  const until = last + 100_000;
  while (document.querySelectorAll('#messages .message').length < wanted && performance.now() < until) {
    log.scrollTop -= 150;
    await new Promise(requestAnimationFrame);
    gaps.push(performance.now() - last);
    last = performance.now();
  }
  return gaps;
}"""
FIRST_IN_SIGHT = """() => {
  const top = document.getElementById('log').getBoundingClientRect().top;
  const messages = [...document.querySelectorAll('#messages .message')];
  return messages.find(each => each.getBoundingClientRect().top >= top).id;
}"""
HTML = """() => {
  const messages = [...document.querySelectorAll('#messages .message')];
  return messages.map(each => each.outerHTML.replaceAll(/\\s+/g, ' '));
}"""


async def test_who_is_put_out_is_told_so(visitors: Visitors, site: World, circle: str) -> None:
    bob = await visitors.open("bob", f"/circles/{circle}/")
    site.hand("remove_member", circle, "bob")
    await expect(bob.get_by_role("heading", name="Nothing is here")).to_be_visible()
    visitors.wrong.clear()  # the browser logs the 404
