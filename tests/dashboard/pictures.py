"""Pictures of the real pages for ``docs/``, from the demo data: ``make pictures``."""

import json
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.chromium import Chromium
from tests.servers import ROOT, World, manage

TARGET = ROOT / "docs" / "pictures"
COLOURS = 200  # enough for a page, and less than half of the bytes
ASKED = "@robo, what can you do for us here? Ada and Bob would like to know."
LARGE, SMALL = {"width": 1200, "height": 750}, {"width": 360, "height": 720}


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        world = World("uvicorn", "embedded", Path(folder))
        stack.callback(world.close)
        known = _demo(world)
        for command in ("watch_workspaces", "run_agents"):
            process = stack.enter_context(subprocess.Popen(manage(command), env=world.environment()))
            stack.callback(process.terminate)
        browser = stack.enter_context(Chromium())
        with sync_playwright() as driver:
            _take(driver.chromium.connect_over_cdp(browser.address), world, known)


def _demo(world: World) -> dict[str, str]:
    """The demo needs an empty database: the cast of the tests goes."""
    for command in (["flush", "--no-input"], ["demo"]):
        subprocess.run(manage(*command), env=world.environment(), check=True, stdout=subprocess.DEVNULL)
    known: dict[str, str] = json.loads((world.directory / "demo.json").read_text())
    return known


def _take(browser: Browser, world: World, known: dict[str, str]) -> None:
    context = browser.new_context(base_url=world.steady.http, viewport=LARGE)
    page = context.new_page()
    page.goto("/signin/")
    page.fill("#id_username", known["login"])
    page.fill("#id_password", known["password"])
    page.get_by_role("button", name="Sign in").click()
    page.goto("/circles/dev-team/")
    expect(page.locator("#member-scout .here")).to_have_text("idle", timeout=60_000)
    page.fill("#content", ASKED)
    page.press("#content", "Enter")
    expect(page.locator("#at-work")).to_contain_text("writing")
    _keep(page, "circle")
    expect(page.locator(".draft")).to_have_count(0, timeout=60_000)
    page.locator("#members").get_by_role("link", name="Robo").click()
    _keep(page, "agent")
    _change(Path(world.directory) / "demo")
    page.get_by_role("link", name="Greeter").first.click()
    expect(page.locator("#git-status")).to_contain_text("greeter.py", timeout=60_000)
    _keep(page, "workspace")
    page.goto("/")
    expect(page.locator("#home .feed")).to_contain_text("greeter.py")
    expect(page.locator("#home .present")).to_have_text("Ada here")
    _keep(page, "home")
    page.goto("/tokens/try/")
    page.fill("#token", known["token"])
    page.select_option("#from", "0")
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#frames li").first).to_be_visible()
    _keep(page, "try")
    page.goto("/")
    page.get_by_role("link", name="Greeter").first.click()
    page.emulate_media(color_scheme="dark")
    page.get_by_role("link", name="See the diff").click()
    _keep(page, "diff-dark")
    page.set_viewport_size(SMALL)
    page.goto("/circles/dev-team/")
    page.wait_for_selector('#connection[data-state="live"]')
    _keep(page, "circle-narrow-dark")


def _change(folder: Path) -> None:
    """Somebody works on the files of the demo."""
    file = folder / "greeter.py"
    file.write_text(file.read_text().replace("Hello, {name}!", "Good morning, {name}."))
    (folder / "ideas.md").write_text("# Ideas\n\n- greet in other languages\n")


def _keep(page: Page, name: str) -> None:
    page.wait_for_selector('#connection[data-state="live"]')
    file = TARGET / f"{name}.png"
    page.screenshot(path=file)
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(COLOURS).save(file, optimize=True)


if __name__ == "__main__":
    main()
