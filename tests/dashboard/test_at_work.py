"""Agents at work in a real browser: what each does now, and what people do about it, without a jump."""

import itertools
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.clients import Client
from tests.dashboard.conftest import Visitors
from tests.servers import World

_numbers = itertools.count(1)
CALL = {"toolCallId": "c1"}
READS = [
    {"type": "TOOL_CALL_START", **CALL, "toolCallName": "read_file"},
    {"type": "TOOL_CALL_ARGS", **CALL, "delta": '{"path": "app.py"}'},
    {"type": "TOOL_CALL_END", **CALL},
]


class Elsewhere:
    """A fresh agent in the circle that runs elsewhere, and reports by REST."""

    def __init__(self, site: World, circle: str) -> None:
        self.name = f"elsewhere-{next(_numbers)}"
        self.circle = circle
        self.pk, token = site.hand("make_agent", self.name, circle)
        self.token = token
        self.headers = {"Authorization": f"Bearer {token}"}
        self.url = f"{site.steady.http}/api/agents/{self.pk}/activity/"

    def report(self, *events: dict[str, Any]) -> None:
        answer = httpx.post(self.url, json=list(events), headers=self.headers, trust_env=False, timeout=30)
        answer.raise_for_status()

    def begin(self, *events: dict[str, Any]) -> None:
        self.report({"type": "RUN_STARTED", "threadId": self.circle, "runId": "r1"}, *events)


@pytest.fixture
def agent(site: World, circle: str) -> Elsewhere:
    return Elsewhere(site, circle)


async def test_what_an_agent_does_now_shows_wherever_it_stands_and_nothing_moves(
    visitors: Visitors, site: World, circle: str, agent: Elsewhere
) -> None:
    site.hand("post", "bob", circle, 30)
    page = await visitors.open("ada", f"/circles/{circle}/")
    home = await visitors.open("bob", "/")
    narrow = await visitors.open("bob", f"/circles/{circle}/", viewport={"width": 360, "height": 740})
    before = await place_of_the_last(page)
    agent.begin(*READS)
    doing = [page.locator(f"{place} .now") for place in (f"#member-{agent.name}", f"#works-{agent.name}")]
    doing.append(home.locator(f"#agent-{agent.pk} .now"))
    doing.append(home.locator(f'[id="place-agents.{agent.pk}"] .now'))
    doing.append(narrow.locator("#at-work .now"))
    for each in doing:
        await expect(each).to_have_text("reading app.py")
    agent.report(*[{"type": "TOOL_CALL_RESULT", **CALL, "messageId": "t1", "content": "x"}])
    for each in doing:
        await expect(each).to_have_text("thinking")
    assert await place_of_the_last(page) == before
    await expect(narrow.get_by_role("button", name=f"Stop {agent.name}")).to_be_in_viewport()
    agent.report({"type": "RUN_FINISHED", "threadId": circle, "runId": "r1"})
    await expect(page.locator("#at-work li")).to_have_count(0)
    assert await place_of_the_last(page) == before


async def place_of_the_last(page: Page) -> Any:
    return await page.locator("#messages .message").last.bounding_box()


async def test_of_a_text_that_began_before_the_page_no_letter_is_missing_or_doubled(
    visitors: Visitors, site: World, circle: str, agent: Elsewhere
) -> None:
    """Deltas over a socket are passed on at once, and stored within a second."""
    socket = await Client.connect(f"{site.steady.ws}/ws/agents/{agent.pk}", agent.token)
    agent.begin({"type": "TEXT_MESSAGE_START", "messageId": "m1", "role": "assistant"})
    words = [f"word{number}😀 " for number in range(40)]
    page = await visitors.open("ada", f"/agents/{agent.pk}/", live=False)
    for word in words[:20]:  # before the page listens, while it begins to, and after
        await tell(socket, word)
    await page.wait_for_selector('#connection[data-state="live"]')
    text = page.locator("#timeline .item.text .text")
    await page.reload()
    for word in words[20:30]:  # all of them may come before the page listens again
        await tell(socket, word)
    await expect(text).to_have_text("".join(words[:30]).strip())
    for word in words[30:]:
        await tell(socket, word)
    await expect(text).to_have_text("".join(words).strip())
    agent.report({"type": "TEXT_MESSAGE_END", "messageId": "m1"})
    await expect(page.locator("#timeline .item.text.open")).to_have_count(0)
    await expect(text).to_have_text("".join(words).strip())
    await socket.close()


async def tell(socket: Client, delta: str) -> None:
    event = {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m1", "delta": delta}
    await socket.tell("agent_activity", data=event)


async def test_a_call_failed_if_its_agent_says_so(
    visitors: Visitors, site: World, circle: str, agent: Elsewhere
) -> None:
    page = await visitors.open("ada", f"/agents/{agent.pk}/")
    agent.begin(*READS)
    result = {"type": "TOOL_CALL_RESULT", **CALL, "messageId": "t1", "content": "Error pages are in 404.html"}
    agent.report({**result, "metadata": {"failed": False}})
    card = page.locator("#timeline details summary")
    await expect(card).to_contain_text("done")
    other = [{**event, "toolCallId": "c2"} for event in READS]
    agent.report(*other, {**result, "toolCallId": "c2", "content": "No.", "metadata": {"failed": True}})
    await expect(card.nth(1)).to_contain_text("failed")


async def test_stop_is_asked_for_without_leaving_the_page(
    visitors: Visitors, site: World, circle: str, agent: Elsewhere
) -> None:
    agent.begin()
    page = await visitors.open("ada", f"/circles/{circle}/")
    await page.fill("#content", "half a sentence")
    await page.locator("#at-work").get_by_role("button", name="Stop").click()
    work = await visitors.open("bob", f"/agents/{agent.pk}/")
    await expect(work.get_by_text("Stop asked for by ada")).to_be_visible()
    await expect(page.locator("#content")).to_have_value("half a sentence")
