"""A page that lives on a token: it shows what the token gets, and says so when the token ends."""

import re

from playwright.async_api import Page, expect

from tests.chromium import axe
from tests.dashboard.conftest import Visitors
from tests.servers import World

TRY = "/tokens/try/"


async def connect(page: Page, token: str, circle: str, begin: str = "now") -> None:
    await page.fill("#token", token)
    await page.select_option("#stream", f"circles.{circle}")
    await page.select_option("#from", label=begin)
    await page.get_by_role("button", name="Connect").click()


async def test_a_token_is_made_used_and_revoked_and_the_page_that_lives_on_it_says_so(
    visitors: Visitors, site: World, circle: str
) -> None:
    tokens = await visitors.open("ada", "/tokens/")
    await tokens.fill("[name=name]", "to be tried")
    await tokens.select_option("[name=holder]", "robo")
    await tokens.get_by_role("button", name="Make a token").click()
    token = await tokens.locator("#secret").inner_text()
    async with tokens.context.expect_page() as opened:
        await tokens.get_by_role("link", name="Try it").click(modifiers=["Control"])
    tried = await opened.value
    await connect(tried, token, circle)
    await expect(tried.locator("#tried .word")).to_have_text("live")
    await expect(tried.locator("#who dd").first).to_have_text("robo agent")
    await expect(tried.locator("#channel")).to_have_text(f"circles.{circle}")
    site.hand("post", "bob", circle, 2)
    await expect(tried.locator(".frames .type", has_text="user_message")).to_have_count(2)
    assert token not in tried.url
    await tokens.goto("/tokens/")
    row = tokens.locator("tr", has_text="to be tried")
    await expect(row).to_contain_text("now")
    await row.get_by_role("button", name="Revoke").click()
    await expect(tried.locator("#told")).to_contain_text("This token was revoked", timeout=10_000)
    await expect(tried.locator("#told")).to_contain_text("(access_withdrawn, closed with 4003)")
    await expect(tried.locator("#tried .word")).to_have_text("offline")
    await expect(tokens.locator("tr", has_text="to be tried")).to_have_count(0)


async def test_a_token_that_is_wrong_or_has_ended_or_may_not_is_told_as_that(
    visitors: Visitors, site: World, circle: str
) -> None:
    """The reader's own session would open each of these streams: it does not count here."""
    page = await visitors.open("ada", TRY)
    told = page.locator("#told")
    await connect(page, "0" * 64, circle)
    await expect(told).to_have_text(re.compile(r"knows no such token.* \(not_authenticated, .* 4001\)$"))
    await connect(page, site.hand("mint_expired", "ada"), circle)
    await expect(told).to_have_text(re.compile(r"token has ended.* \(token_expired, closed with 4010\)$"))
    await connect(page, site.tokens["carol"], circle)
    await expect(told).to_have_text(re.compile(r"no such stream.* \(not_found, closed with 4004\)$"))
    await connect(page, site.tokens["bob"], circle)
    await expect(page.locator("#actor")).to_have_text("bob")
    site.hand("remove_member", circle, "bob")
    await expect(told).to_have_text(re.compile(r"itself is still good.* \(access_withdrawn, .* 4003\)$"))
    await connect(page, "two words", circle)
    await expect(told).to_contain_text("Nothing was sent")
    await connect(page, site.hand("mint", "ada", 2), circle)
    await expect(page.locator("#tried .word")).to_have_text("live")
    await expect(told).to_have_text(re.compile(r"token has ended.* \(token_expired, closed with 4010\)$"))
    await expect(page.locator("#tried .word")).to_have_text("token ended")


async def test_frames_are_text_that_unfolds_and_the_last_of_them_are_kept(
    visitors: Visitors, site: World, circle: str
) -> None:
    site.hand("post", "bob", circle, 250)
    site.hand("say", "robo", circle, "<img src=x onerror=\"document.title='owned'\">\u202e")
    page = await visitors.open("ada", TRY, bypass_csp=True, reduced_motion="reduce")
    await connect(page, site.tokens["robo"], circle, "with all that is kept")
    await expect(page.locator("#count")).to_have_text(re.compile(r"the last 200 of 25\d"))
    newest = page.locator(".frames li", has_text="onerror")
    await newest.locator("summary").click()
    await expect(newest.locator("pre")).to_contain_text('"type": "agent_message"')
    assert await page.title() == "Try a token · GatheRing"
    await page.add_script_tag(path=axe())
    assert await page.evaluate("axe.run().then(each => each.violations)") == []
    await page.get_by_role("button", name="Stop").click()
    await expect(page.locator("#told")).to_have_text("Stopped by you.")
    await expect(page.locator("#tried .word")).to_have_text("not live")


async def test_without_a_script_the_page_says_what_to_do_instead(visitors: Visitors, circle: str) -> None:
    path = f"{TRY}?stream=circles.{circle}"
    page = await visitors.open("ada", path, live=False, java_script_enabled=False)
    await expect(page.locator("noscript pre")).to_contain_text(f"/api/streams/circles.{circle}/events")
    await expect(page.locator("#token")).to_be_hidden()
