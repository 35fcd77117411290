"""Every page: judged by axe, light and dark; under its policy; narrow and wide; without a script; small."""

import re

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.chromium import axe
from tests.clients import Client, Closed
from tests.dashboard.conftest import Visitors
from tests.servers import World
from workspaces.tests.repositories import Repo

HOSTILE = [
    "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">",
    "[a](javascript:document.title='owned') ![b](https://evil.example/pixel.png)",
    "\u202egnp.exe \u2066 \u200b\u200d",
    "x" * 30_000,
    "```\n" + "y" * 3_000 + "\n```",
    "| a | b |\n|---|---|\n| " + "z" * 2_000 + " | 1 |",
]


@pytest.fixture(scope="module")
def places(site: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A page of each kind, with something on it."""
    site.hand("make_circle", "places")
    repo = Repo.with_commit(tmp_path_factory.mktemp("code"))
    repo.write("a.txt", "two\n")
    workspace = site.hand("make_workspace", "places", str(repo.path))
    site.hand("post", "bob", "places", 3)
    agent, token = site.hand("make_agent", "shown", "places")
    site.hand("mint", "ada")
    site.hand("mint", "ada", 3600)
    site.hand("mint_expired", "ada")
    report(site, agent, token)
    return {
        "home": "/",
        "circle": "/circles/places/",
        "members": "/circles/places/members/",
        "settings": "/circles/places/settings/",
        "new circle": "/new/circle/",
        "search": "/search/?q=o",
        "agent": f"/agents/{agent}/",
        "agent settings": f"/agents/{agent}/settings/",
        "new agent": "/new/agent/",
        "approvals": "/approvals/",
        "workspace": f"/workspaces/{workspace}/",
        "diff": f"/workspaces/{workspace}/diff/",
        "file": f"/workspaces/{workspace}/files/a.txt",
        "tokens": "/tokens/",
        "try": "/tokens/try/?stream=circles.places",
        "connect": "/connect/?circle=places",
        "profile": "/profile/",
        "nothing": "/nothing/",
    }


def report(site: World, agent: int, token: str) -> None:
    """An agent tells of a run; it has one of its own, for others may have left one of Robo's open."""
    call = {"toolCallId": "c1"}
    events = [
        {"type": "RUN_STARTED", "threadId": "places", "runId": "shown"},
        {"type": "TEXT_MESSAGE_START", "messageId": "m1", "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m1", "delta": "I `look`."},
        {"type": "TEXT_MESSAGE_END", "messageId": "m1"},
        {"type": "TOOL_CALL_START", **call, "toolCallName": "read_file"},
        {"type": "TOOL_CALL_ARGS", **call, "delta": '{"path": "a.txt"}'},
        {"type": "TOOL_CALL_END", **call},
        {"type": "TOOL_CALL_RESULT", **call, "messageId": "t1", "content": "two"},
    ]
    path = f"{site.steady.http}/api/agents/{agent}/activity/"
    bearer = {"Authorization": f"Bearer {token}"}
    httpx.post(path, json=events, headers=bearer, trust_env=False, timeout=30).raise_for_status()


async def test_axe_finds_no_violation(visitors: Visitors, site: World, places: dict[str, str]) -> None:
    context = await visitors.enter("ada", bypass_csp=True, reduced_motion="reduce")
    page = await context.new_page()
    found = {name: await judged(page, path) for name, path in places.items()}
    await page.set_viewport_size({"width": 360, "height": 740})
    found["circle, narrow"] = await judged(page, places["circle"])
    await context.clear_cookies()
    found["sign in"] = await judged(page, "/signin/")
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


async def judged(page: Page, path: str) -> list[str]:
    """What axe says of a page when it is light, and of its colours when it is dark."""
    await page.emulate_media(color_scheme="light")
    await page.goto(path)
    await page.add_script_tag(path=axe())
    violations = await page.evaluate("axe.run().then(each => each.violations)")
    await page.emulate_media(color_scheme="dark")
    violations += await page.evaluate("axe.run({runOnly: ['color-contrast']}).then(each => each.violations)")
    return [f"{each['id']}: {node['html'][:200]}" for each in violations for node in each["nodes"]]


async def test_every_page_keeps_to_its_policy_and_its_window(
    visitors: Visitors, site: World, places: dict[str, str]
) -> None:
    """The admin's and Swagger's, too; what the policy stops, the browser logs."""
    for content in HOSTILE:
        site.hand("say", "robo", "places", content)
    page = await (await visitors.enter("stan")).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    too_wide: list[str] = []
    for name, path in places.items():
        await page.set_viewport_size({"width": 360, "height": 800})
        await page.goto(path)
        too_wide += [name] if await page.evaluate(WIDEST) > 360 else []
        await page.set_viewport_size({"width": 2560, "height": 800})
        too_wide += [f"{name}, wide"] if await page.evaluate(WIDEST) > 2560 else []
        assert await page.title() != "owned"
    for path, shown in (("/admin/", "#site-name"), ("/api/docs/", "#swagger-ui .info .title")):
        await page.goto(path)
        await expect(page.locator(shown)).to_be_visible()
    assert too_wide == []
    assert [text for text in said if "Content Security Policy" in text] == []


WIDEST = """() => Math.max(...[document.documentElement, document.querySelector('main')]
  .map(each => each.scrollWidth))"""


async def test_nothing_moves_when_a_page_comes_alive(
    visitors: Visitors, site: World, places: dict[str, str]
) -> None:
    page = await (await visitors.enter("ada")).new_page()
    await page.add_init_script(SHIFTS)
    moved: dict[str, float] = {}
    for width, name in (
        (1280, "home"),
        (1280, "circle"),
        (360, "circle"),
        (360, "agent"),
        (1280, "workspace"),
    ):
        await page.set_viewport_size({"width": width, "height": 800})
        await page.goto(places[name])
        await page.wait_for_selector('#connection[data-state="live"]')
        moved[f"{name}, {width}"] = await page.evaluate("window.shifts")
    assert {name: by for name, by in moved.items() if by > 0.002} == {}  # the badge's word alone


# What browsers call cumulative layout shift: the part of the window that moved, times how far.
SHIFTS = """window.shifts = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => (window.shifts += entry.value)))
  .observe({ type: 'layout-shift', buffered: true });"""


async def test_hostile_content_that_comes_live_is_text(visitors: Visitors, site: World, circle: str) -> None:
    ada = await visitors.open("ada", f"/circles/{circle}/")
    asked: list[str] = []
    ada.on("request", lambda request: asked.append(request.url))
    robo = await Client.connect(f"{site.steady.ws}/ws/circles/{circle}", site.tokens["robo"])
    for content in HOSTILE:
        await robo.tell("message_delta", draft=f"d{len(content)}", delta=content[:999], offset=0)
        await robo.tell("agent_message", content=content, draft=f"d{len(content)}")
    await expect(ada.locator("#messages .message:not(.draft)")).to_have_count(len(HOSTILE))
    assert await ada.title() != "owned"
    assert await ada.locator(".text script, .text img, .text [onerror], .text a[href^=java]").count() == 0
    assert [url for url in asked if not url.startswith((site.steady.http, site.steady.ws))] == []
    await robo.close()


async def test_the_first_page_is_small(visitors: Visitors, site: World, circle: str) -> None:
    site.hand("post", "bob", circle, 60, 80)
    ada = await visitors.open("ada", f"/circles/{circle}/")
    assert await ada.evaluate(TRANSFERRED) < 100_000
    assert await ada.evaluate(ALL_HASHED)


TRANSFERRED = """() => ['navigation', 'resource'].flatMap(type => performance.getEntriesByType(type))
  .reduce((sum, entry) => sum + entry.transferSize, 0)"""
ALL_HASHED = """() => [...document.querySelectorAll('script, link')]
  .every(each => /\\.[0-9a-f]{12}\\./.test(each.src || each.href))"""


async def test_everything_but_life_works_without_a_script(
    visitors: Visitors, site: World, circle: str
) -> None:
    site.hand("post", "bob", circle, 60)
    ada = await visitors.open("ada", f"/circles/{circle}/", live=False, java_script_enabled=False)
    await expect(ada.locator(".message").last).to_be_in_viewport()  # a circle opens at its end
    await ada.fill("#content", "by a form")
    await ada.get_by_role("button", name="Send").click()
    await expect(ada.locator(".message .text").last).to_have_text("by a form")
    await ada.get_by_role("link", name="Older messages").click()
    await expect(ada.locator(".message .text").first).to_have_text("0")
    await ada.set_viewport_size({"width": 360, "height": 740})
    await ada.goto("/")
    await ada.get_by_role("link", name="Circles, agents and workspaces").click()
    await ada.get_by_role("link", name="Tokens").click()
    await ada.fill("[name=name]", "laptop")
    await ada.get_by_role("button", name="Make a token").click()
    await expect(ada.locator("#secret")).to_have_text(re.compile("^[0-9a-f]{64}$"))


async def test_every_form_works_without_a_script(visitors: Visitors, site: World, circle: str) -> None:
    page = await visitors.open("ada", "/new/circle/", live=False, java_script_enabled=False)
    made = f"{circle}-made"
    await page.fill("[name=name]", made)
    await page.get_by_role("button", name="Make it").click()
    await page.get_by_role("link", name="Settings").click()
    await page.fill("[name=title]", "Made by a form")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("h1")).to_have_text("#Made by a form")
    await page.get_by_role("link", name="Make an agent").click()
    await page.fill("[name=name]", f"agent-{circle}")
    await page.get_by_role("button", name="Make it").click()
    await expect(page.locator("h1")).to_contain_text(f"agent-{circle}")
    await page.goto(f"/circles/{made}/members/")
    await page.fill("[name=name]", f"agent-{circle}")
    await page.get_by_role("button", name="Let in").click()
    row = page.locator(f"#row-agent-{circle}")
    await row.locator("select").select_option("observer")
    await row.get_by_role("button", name="Set the role").click()
    await expect(row.locator("select")).to_have_value("observer")
    await row.get_by_role("button", name="Put out").click()
    await expect(row).to_have_count(0)
    await page.goto(f"/circles/{circle}/")
    await page.fill("#content", "one")
    await page.get_by_role("button", name="Send").click()
    await page.locator(".message").hover()
    await page.get_by_role("link", name="Reply to ada").click()
    await page.fill("#content", "two")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".message .reply")).to_contain_text("ada: one")
    await page.get_by_role("button", name="Dark").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.get_by_role("link", name="ada", exact=True).click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


async def test_a_token_is_made_used_and_revoked_and_who_used_it_is_told(
    visitors: Visitors, site: World, circle: str
) -> None:
    ada = await visitors.open("ada", "/tokens/")
    await ada.fill("[name=name]", "for a page")
    await ada.get_by_role("button", name="Make a token").click()
    token = await ada.locator("#secret").inner_text()
    socket = await Client.connect(f"{site.steady.ws}/ws/circles/{circle}?since=0", token)
    assert (await socket.receive())["type"] == "welcome"
    await ada.goto("/tokens/")
    row = ada.locator("tr", has_text="for a page")
    await expect(row).to_contain_text("now")
    await row.get_by_role("button", name="Revoke").click()
    await expect(ada.locator("tr", has_text="for a page")).to_have_count(0)
    assert await closed(socket) == 4003


async def closed(socket: Client) -> int:
    """The code that the server closes with, after whatever comes before."""
    while True:
        try:
            await socket.receive()
        except Closed as end:
            return end.code


async def test_who_signs_out_elsewhere_is_told_on_the_page(
    visitors: Visitors, site: World, circle: str
) -> None:
    context = await visitors.enter("bob")
    page, other = await context.new_page(), await context.new_page()
    await page.goto(f"/circles/{circle}/")
    await expect(page.locator("#connection")).to_have_text("live")
    await other.goto("/profile/")
    await other.get_by_role("button", name="Sign out").click()
    await expect(page.locator("#connection")).to_have_text("signed out")


async def test_keys_lead_everywhere(visitors: Visitors, site: World, circle: str) -> None:
    ada = await visitors.open("ada", "/")
    await ada.keyboard.press("?")
    await expect(ada.get_by_role("dialog")).to_be_visible()
    await ada.keyboard.press("Escape")
    await expect(ada.get_by_role("dialog")).to_be_hidden()
    await ada.keyboard.press("/")
    await ada.keyboard.type(circle)
    await ada.keyboard.press("Enter")
    await ada.wait_for_url(f"**/circles/{circle}/")
    await ada.keyboard.press("Tab")
    await expect(ada.get_by_role("link", name="Skip to the page")).to_be_focused()
    site.hand("say", "bob", circle, "the needle in it")
    await ada.keyboard.press("/")
    await ada.keyboard.type("needle")
    await ada.keyboard.press("Enter")
    await expect(ada.locator("mark")).to_have_text("needle")
    await ada.locator("#main .message a").click()
    await expect(ada.locator(".message:target .text")).to_have_text("the needle in it")
