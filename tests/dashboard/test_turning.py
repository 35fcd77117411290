"""What is written becomes the message that it was, and nothing moves: measured in a real browser."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.clients import Client
from tests.dashboard.conftest import Visitors
from tests.servers import World

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
PARAGRAPHS = (
    "It takes three steps, and each of them has a line\nof its own.\n\nThe last one " + "is long, " * 30
)


@pytest.fixture
async def robo(visitors: Visitors, site: World, circle: str) -> AsyncIterator[Client]:
    client = await Client.connect(f"{site.steady.ws}/ws/circles/{circle}", site.tokens["robo"])
    yield client
    await client.close()


async def places(page: Page, line: str) -> list[Any]:
    """Where the paragraphs of a line stand, and what stands before it."""
    return [
        [await page.locator(f"{line} .text > p").nth(place).bounding_box() for place in range(2)],
        [await page.locator(f"{line} > {part}").bounding_box() for part in (".initial", ".head")],
        await page.locator("#messages .message").first.bounding_box(),
    ]


@pytest.mark.parametrize("window", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("answers", [True, False], ids=["an answer", "no answer"])
async def test_a_streamed_message_becomes_the_message_without_a_jump(
    answers: bool, window: Any, visitors: Visitors, site: World, circle: str, robo: Client
) -> None:
    site.hand("post", "bob", circle, 3)
    asked = site.hand("say", "bob", circle, "How *long*, @robo?")
    reply = {"reply_to": asked} if answers else {}
    ada = await visitors.open("ada", f"/circles/{circle}/", viewport=window)
    for offset in range(0, len(PARAGRAPHS), 40):
        delta = PARAGRAPHS[offset : offset + 40]
        await robo.tell("message_delta", draft="d1", delta=delta, offset=offset, **reply)
    await expect(ada.locator(".draft .text > p").last).to_contain_text(PARAGRAPHS[-100:].strip())
    await expect(ada.locator(".draft .reply")).to_have_count(int(answers))
    if answers:
        await expect(ada.locator(".draft .reply")).to_have_text("Answers bob: How long, @robo?")
    before = await places(ada, ".draft")
    await robo.tell("agent_message", content=PARAGRAPHS, draft="d1", **reply)
    await expect(ada.locator(".draft")).to_have_count(0)
    assert await places(ada, ".message[data-author=robo]") == before


async def test_a_second_message_of_one_author_shares_its_head_from_its_first_letter(
    visitors: Visitors, site: World, circle: str, robo: Client
) -> None:
    site.hand("post", "robo", circle, 1)
    ada = await visitors.open("ada", f"/circles/{circle}/")
    await robo.tell("message_delta", draft="d1", delta="And more.", offset=0)
    await expect(ada.locator(".draft.same .text")).to_have_text("And more.")
    site.hand("post", "bob", circle, 1)
    await expect(ada.locator(".draft:not(.same) .text")).to_have_text("And more.")
    await robo.tell("message_delta", draft="d1", ended=True)
    await expect(ada.locator(".draft")).to_have_count(0)


async def test_what_one_says_oneself_turns_solid_where_it_stands(
    visitors: Visitors, site: World, circle: str
) -> None:
    site.hand("post", "bob", circle, 2)
    ada = await visitors.open("ada", f"/circles/{circle}/")
    await ada.evaluate(WATCH)
    await ada.locator(".message").first.hover()
    await ada.get_by_role("link", name="Reply to bob").first.click()
    await ada.fill("#content", "Yes, do")
    await ada.press("#content", "Enter")
    await expect(ada.locator(".message[data-id] .text").last).to_have_text("Yes, do")
    await expect(ada.locator(".pending")).to_have_count(0)
    tops = await ada.evaluate("window.tops")
    assert len(set(tops)) == 1, tops


WATCH = """() => {
  window.tops = [];
  const look = () => {
    const text = [...document.querySelectorAll('#messages .text')].at(-1);
    if (text.textContent.includes('Yes')) window.tops.push(Math.round(text.getBoundingClientRect().top));
    requestAnimationFrame(look);
  };
  look();
}"""
