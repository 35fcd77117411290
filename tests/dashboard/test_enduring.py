"""Pages that people are hard on: left open, left signed out, read in the middle, used by the next one."""

from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Page, expect

from tests.clients import Client
from tests.dashboard.conftest import Visitors
from tests.dashboard.test_talking import say, shown, texts
from tests.servers import World


async def is_out(page: Page, site: World) -> None:
    """The session of the page ends, as by signing out elsewhere."""
    cookies = await page.context.cookies()
    key = next(cookie["value"] for cookie in cookies if cookie["name"] == "sessionid")
    site.hand("end_session", key)
    await expect(page.locator("#connection")).to_have_text("signed out")


async def sign_in(page: Page, site: World, who: str) -> None:
    key = site.hand("session", who)
    await page.context.add_cookies([{"name": "sessionid", "value": key, "url": site.steady.http}])


async def test_what_is_said_while_signed_out_is_kept_and_said_by_nobody_else(
    visitors: Visitors, site: World, circle: str
) -> None:
    page = await visitors.open("ada", f"/circles/{circle}/")
    await is_out(page, site)
    await say(page, "of ada alone")
    await expect(page.locator(".refused .retry")).to_contain_text("You are signed out. This is kept")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_label("Password")).to_be_visible()
    await sign_in(page, site, "bob")
    await page.goto(f"/circles/{circle}/")
    await say(page, "of bob")
    await shown(page, "of bob")
    await sign_in(page, site, "ada")
    await page.goto(f"/circles/{circle}/")
    await shown(page, "of bob", "of ada alone")
    assert site.hand("messages", circle) == [["bob", "of bob"], ["ada", "of ada alone"]]


async def test_a_form_that_acts_asks_who_was_signed_out_to_sign_in(
    visitors: Visitors, site: World, circle: str
) -> None:
    name = f"worker-{circle}"
    pk, token = site.hand("make_agent", name, circle)
    agent = await Client.connect(f"{site.steady.ws}/ws/agents/{pk}", token)
    await agent.tell("agent_activity", data={"type": "RUN_STARTED", "threadId": "t", "runId": "r1"})
    page = await visitors.open("ada", f"/agents/{pk}/")
    await is_out(page, site)
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_label("Password")).to_be_visible()
    await agent.close()


async def test_what_is_said_in_the_middle_of_the_history_is_shown_at_its_end(
    visitors: Visitors, site: World, circle: str
) -> None:
    site.hand("post", "bob", circle, 120)
    middle = site.hand("last_message") - 80
    ada = await visitors.open("ada", f"/circles/{circle}/?at={middle}#m{middle}")
    robo = await Client.connect(f"{site.steady.ws}/ws/circles/{circle}", site.tokens["robo"])
    await robo.tell("message_delta", draft="d1", delta="Half", offset=0)
    await robo.tell("typing")
    await expect(ada.locator("#writing")).to_have_text("robo is writing")
    await expect(ada.locator(".draft")).to_have_count(0)  # its place is not here
    await say(ada, "from up here")
    await expect(ada).to_have_url(f"{site.steady.http}/circles/{circle}/#end")
    await expect(texts(ada).last).to_have_text("from up here")
    await expect(texts(ada).filter(has_text="from up here")).to_have_count(1)
    await robo.close()


async def test_a_page_that_stays_open_does_not_grow(visitors: Visitors, site: World, circle: str) -> None:
    ada = await visitors.open("ada", f"/circles/{circle}/")
    site.hand("post", "bob", circle, 500)
    await expect(texts(ada).last).to_have_text("499")
    assert await ada.locator(".message").count() < 400
    older = ada.locator("#older")
    await expect(older).to_be_attached()
    first = await texts(ada).first.inner_text()
    await older.get_by_role("link").click()
    await expect(texts(ada).filter(has_text=str(int(first) - 1))).to_have_count(1)


async def test_what_comes_out_of_sight_is_unread_until_it_is_seen(
    visitors: Visitors, site: World, circle: str
) -> None:
    site.hand("post", "bob", circle, 60)
    ada = await visitors.open("ada", f"/circles/{circle}/")
    count = ada.locator(f'[id="place-circles.{circle}"] .count')
    await expect(count).to_have_count(0)
    await ada.evaluate("document.getElementById('log').scrollTop = -500")
    await expect(ada.locator("#to-end")).to_be_visible()
    site.hand("post", "bob", circle, 3)
    await expect(count).to_have_text("3 unread")
    await ada.locator("#to-end").click()
    await expect(count).to_have_count(0)


async def test_a_call_that_is_looked_at_says_that_it_is_done(
    visitors: Visitors, site: World, circle: str
) -> None:
    """Its summary has the focus, from being unfolded."""
    pk, token = site.hand("make_agent", f"worker-{circle}", circle)
    agent = await Client.connect(f"{site.steady.ws}/ws/agents/{pk}", token)
    await tell(agent, type="RUN_STARTED", threadId="t", runId="r1")
    await tell(agent, type="TOOL_CALL_START", toolCallId="c1", toolCallName="read_file")
    ada = await visitors.open("ada", f"/agents/{pk}/")
    summary = ada.locator("summary")
    await summary.click()
    await tell(agent, type="TOOL_CALL_END", toolCallId="c1")
    await tell(agent, type="TOOL_CALL_RESULT", toolCallId="c1", messageId="m2", content="ok")
    await expect(summary).to_contain_text("done")
    await expect(summary).to_be_focused()
    await agent.close()


async def tell(agent: Client, **event: Any) -> None:
    await agent.tell("agent_activity", data=event)


async def test_who_is_made_an_observer_is_told_so_and_may_write_again_later(
    visitors: Visitors, site: World, circle: str
) -> None:
    bob = await visitors.open("bob", f"/circles/{circle}/")
    await bob.fill("#content", "half written")
    headers = {"Authorization": f"Bearer {site.tokens['ada']}"}
    async with httpx.AsyncClient(base_url=site.steady.http, headers=headers, trust_env=False) as ada:
        role = f"/api/circles/{circle}/members/bob/"
        (await ada.patch(role, json={"role": "observer"})).raise_for_status()
        await expect(bob.locator("#closed")).to_contain_text("You observe this circle")
        await expect(bob.locator("#say")).to_be_hidden()
        await bob.reload()
        await expect(bob.locator("#connection")).to_have_text("live")
        await expect(bob.locator("#say")).to_have_count(0)
        (await ada.patch(role, json={"role": "member"})).raise_for_status()
        await expect(bob.locator("#say")).to_be_visible()


async def test_what_is_read_in_one_tab_is_read_in_the_others(
    visitors: Visitors, site: World, circle: str
) -> None:
    home = await visitors.open("ada", "/")
    site.hand("post", "bob", circle, 3)
    places = home.locator(f'[id="place-circles.{circle}"], #circle-{circle}')
    await expect(places.locator(".count")).to_have_text(["3 unread", "3 unread"])
    other = await home.context.new_page()
    await other.goto(f"/circles/{circle}/")
    await expect(places.locator(".count")).to_have_count(0)


async def test_what_is_too_long_for_the_socket_is_said_in_words(
    visitors: Visitors, site: World, circle: str
) -> None:
    ada = await visitors.open("ada", f"/circles/{circle}/")
    await say(ada, "\u4e00" * 30_000)  # characters of three bytes
    await expect(ada.locator(".refused .retry")).to_contain_text("too long for one message")
    await ada.get_by_role("button", name="Discard").click()
    await say(ada, "short")
    await shown(ada, "short")


async def test_a_page_of_what_one_may_see_no_more_goes(
    visitors: Visitors, site: World, circle: str, tmp_path: Path
) -> None:
    workspace = site.hand("make_workspace", circle, str(tmp_path))
    page = await visitors.open("bob", f"/workspaces/{workspace}/")
    home = await visitors.open("bob", "/")
    await expect(home.locator(f"#workspace-{workspace}")).to_be_visible()
    site.hand("remove_member", circle, "bob")
    await expect(page.get_by_role("heading", name="Nothing is here")).to_be_visible()
    await expect(home.locator(f"#workspace-{workspace}, #circle-{circle}")).to_have_count(0)
    visitors.wrong.clear()  # the browser logs the 404


async def test_a_screen_reader_reads_out_what_is_new_alone(
    visitors: Visitors, site: World, circle: str
) -> None:
    site.hand("post", "bob", circle, 80)
    ada = await visitors.open("ada", f"/circles/{circle}/")
    await ada.evaluate(READ_OUT)
    await ada.evaluate("document.getElementById('log').scrollTop = -9e6")
    await expect(texts(ada)).to_have_count(80)
    await expect(ada.locator("#messages[aria-live=polite]")).to_be_attached()
    site.hand("post", "bob", circle, 1)
    await expect(texts(ada)).to_have_count(81)
    assert await ada.evaluate("window.added") == 1
    site.steady.kill()
    await expect(ada.locator("#connection")).to_contain_text(" in ")
    assert await ada.locator("#connection .word").evaluate("word => word.firstChild.data") == "reconnecting"
    assert await ada.locator("#connection .word [aria-hidden]").inner_text() != ""
    site.steady.start()
    await expect(ada.locator("#connection")).to_have_text("live")


READ_OUT = """() => {
  window.added = 0;
  const list = document.getElementById('messages');
  const count = (records) =>
    records.flatMap(each => [...each.addedNodes]).filter(each => each.matches('.message'));
  new MutationObserver(records => {
    if (list.getAttribute('aria-live') !== 'off') window.added += count(records).length;
  }).observe(list, { childList: true });
}"""


async def test_what_a_form_says_is_wrong_stays_while_others_act(
    visitors: Visitors, site: World, circle: str
) -> None:
    ada = await visitors.open("ada", f"/circles/{circle}/members/")
    await ada.fill("[name=name]", "nobody-here")
    await ada.press("[name=name]", "Enter")
    await expect(ada.locator("#e-name, .wrong").first).to_be_visible()
    await expect(ada.locator("#connection")).to_have_text("live")
    site.hand("remove_member", circle, "bob")
    await expect(ada.locator("#row-bob")).to_have_count(0)
    await expect(ada.locator("#e-name, .wrong").first).to_be_visible()
    await expect(ada.locator("[name=name]")).to_have_value("nobody-here")
    visitors.wrong.clear()  # the browser logs the refusal
