"""Agents and workspaces in a real browser: what is done shows, can be stopped, and is asked about."""

import itertools
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.dashboard.conftest import Visitors
from tests.model_server import ModelServer
from tests.runners import Runner
from tests.servers import World, manage
from workspaces.tests.repositories import Repo

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def runner(site: World) -> Iterator[Runner]:
    with ModelServer() as models, Runner(site, models.url) as runs:
        yield runs


@contextmanager
def watching(site: World) -> Iterator[None]:
    with subprocess.Popen(manage("watch_workspaces"), env=site.environment()) as watcher:
        yield
        watcher.terminate()


def thinker(site: World, circle: str, model: str, **mind: object) -> tuple[str, str]:
    """A fresh agent in the circle: its name and the address of its page."""
    name = f"thinker-{next(_numbers)}"
    return name, f"/agents/{site.hand('make_thinker', name, circle, model, **mind)}/"


async def test_an_answer_is_written_before_your_eyes_and_stop_stops_it(
    visitors: Visitors, site: World, runner: Runner, circle: str
) -> None:
    name, path = thinker(site, circle, "slow:400")
    ada = await visitors.open("ada", f"/circles/{circle}/")
    work = await visitors.open("bob", path)
    await ada.fill("#content", f"@{name} tell us all ")
    await ada.press("#content", "Enter")
    await expect(ada.locator(".draft .text")).not_to_be_empty()
    await expect(ada.locator(".draft .reply")).to_contain_text("tell us all")
    await work.wait_for_function(GROWS)
    await ada.locator("#at-work").get_by_role("button", name=f"Stop {name}").click()
    await expect(work.locator(".run-head .state")).to_have_text("cancelled", ignore_case=True)
    await expect(ada.get_by_role("button", name="Stop")).to_have_count(0)
    await expect(work.get_by_text("Stop asked for by ada")).to_be_visible()


async def test_a_server_that_is_killed_while_an_agent_writes_loses_no_word(
    visitors: Visitors, site: World, runner: Runner, circle: str
) -> None:
    name, _ = thinker(site, circle, "slow:80")
    pages = [await visitors.open(who, f"/circles/{circle}/") for who in ("ada", "bob")]
    await pages[0].fill("#content", f"@{name} go on")
    await pages[0].press("#content", "Enter")
    for page in pages:
        await expect(page.locator(".draft .text")).to_contain_text("word2")
    site.steady.kill()
    for page in pages:
        await expect(page.locator("#connection")).not_to_have_attribute("data-state", "live")
    site.steady.start()
    whole = " ".join(f"word{number}" for number in range(80))
    for page in pages:
        await expect(page.locator(".message .text")).to_have_text([f"@{name} go on", whole])
        await expect(page.locator(".draft, .pending")).to_have_count(0)
        await expect(page.locator("#connection")).to_have_text("live")
    assert [content.strip() for _, content in site.hand("messages", circle)] == [f"@{name} go on", whole]


GROWS = """() => {
  const length = document.querySelector('#timeline [data-written]')?.textContent.length ?? 0;
  window.least ??= length || undefined;
  return length > window.least + 20;
}"""


async def test_what_an_agent_asks_is_allowed_on_the_page(
    visitors: Visitors, site: World, runner: Runner, circle: str
) -> None:
    call = 'calls:post_message:{"content": "with your leave"}'
    name, path = thinker(site, circle, call, needs_approval=["post_message"])
    ada = await visitors.open("ada", "/approvals/")
    site.hand("say", "bob", circle, f"@{name} go on")
    await expect(ada.locator("#approvals")).to_contain_text("with your leave")
    work = await visitors.open("bob", path)
    used = [work.locator(f"#m-{of}") for of in ("run", "day")]
    before = [int(await each.get_attribute("value") or 0) for each in used]
    assert before[0] == before[1] > 0  # the run is open, and waits
    await expect(ada.locator("#places .count.waiting")).to_have_text("1 waiting")
    await ada.get_by_role("button", name="Allow").click()
    await expect(ada.locator("#approvals .feed")).to_contain_text("Approved by ada")
    for each, then in zip(used, before, strict=True):
        await expect(each).not_to_have_attribute("value", str(then))
        assert int(await each.get_attribute("value") or 0) > then
    await ada.goto(path)
    card = ada.locator("#timeline details")
    await expect(card.locator("summary")).to_contain_text("done")
    await card.locator("summary").click()
    await expect(card).to_contain_text('"content": "with your leave"')
    assert [name, "with your leave"] in site.hand("messages", circle)


async def test_what_an_agent_asks_is_decided_in_the_circle_by_who_may(
    visitors: Visitors, site: World, runner: Runner, circle: str
) -> None:
    call = 'calls:post_message:{"content": "<b>with</b>\\nyour leave"}'
    name, _ = thinker(site, circle, call, needs_approval=["post_message"])
    site.hand("make_user", f"observer-of-{circle}", circle, "observer")
    ada = await visitors.open("ada", f"/circles/{circle}/", viewport={"width": 360, "height": 740})
    observer = await visitors.open(f"observer-of-{circle}", f"/circles/{circle}/")
    await ada.fill("#content", "half a sentence")
    site.hand("say", "bob", circle, f"@{name} go on")
    await expect(ada.locator("#asks pre")).to_have_text("<b>with</b>\nyour leave")
    await expect(observer.locator(f"#works-{name}")).to_contain_text("waiting for a yes")
    await expect(observer.locator("#asks .approval, #at-work button")).to_have_count(0)
    await ada.get_by_role("button", name="Refuse").click()
    await expect(ada.locator("#asks .approval")).to_have_count(0)
    await expect(ada.locator(".message .text").last).to_contain_text("a person was asked, and said no")
    await expect(ada.locator("#content")).to_have_value("half a sentence")


async def test_a_file_that_is_saved_on_the_disk_appears(
    visitors: Visitors, site: World, circle: str, tmp_path: Path
) -> None:
    repo = Repo.new(tmp_path / "code")
    repo.commit("app.py", "print('one')\n", "First")
    workspace = site.hand("make_workspace", circle, str(repo.path))
    with watching(site):
        page = await visitors.open("bob", f"/workspaces/{workspace}/")
        beside = await visitors.open("ada", "/")
        repo.write("app.py", "print('two')\n")
        repo.write("notes.txt", "new\n")
        row = page.locator("#tree li", has_text="app.py")
        await expect(row.locator(".word")).to_have_text("changed")
        await expect(page.locator("#tree li", has_text="notes.txt")).to_be_visible()
        await expect(page.locator("#happened")).to_contain_text("on the disk changed app.py")
        await expect(beside.locator("#home .feed")).to_contain_text("changed app.py in Code")
        await page.get_by_role("link", name="See the diff").click()
        assert await page.locator("mark").all_inner_texts() == ["one", "two"]
        repo.write("app.py", "print('three')\n")
        await expect(page.locator(".added mark")).to_have_text("three")
