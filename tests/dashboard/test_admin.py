"""The admin in a browser: under the same policy, judged by axe, and what is done there is seen by others."""

from playwright.async_api import expect

from tests.dashboard.conftest import Visitors
from tests.dashboard.test_pages import judged
from tests.servers import World

LISTS = ["circles/circle", "agents/agent", "agents/approval", "accounts/token"]


async def test_whoever_runs_the_server_lets_somebody_in_and_pauses_and_others_see_it(
    visitors: Visitors, site: World, circle: str
) -> None:
    site.hand("make_superuser", "root")
    ada = await visitors.open("ada", f"/circles/{circle}/")
    root = await visitors.open("root", f"/admin/circles/circle/?q={circle}", live=False)
    await root.get_by_role("row", name=circle).get_by_role("checkbox").check()
    await root.get_by_label("Who (names").fill("carol")
    await root.locator("[name=action]").select_option("let_in")
    await root.get_by_role("button", name="Go").click()
    await expect(root.locator(".messagelist")).to_contain_text(f"Let in: carol, {circle}.")
    await expect(ada.locator("#members")).to_contain_text("carol")
    await root.get_by_role("row", name=circle).get_by_role("checkbox").check()
    await root.locator("[name=action]").select_option("pause")
    await root.get_by_role("button", name="Go").click()
    await expect(ada.locator("#main")).to_contain_text("paused")
    await root.get_by_role("row", name=circle).get_by_role("link", name="Open").click()
    await root.wait_for_url(f"**/circles/{circle}/")


async def test_axe_finds_no_violation_in_the_lists_of_the_admin(
    visitors: Visitors, site: World, circle: str
) -> None:
    site.hand("make_superuser", "chief")
    context = await visitors.enter("chief", bypass_csp=True, reduced_motion="reduce")
    page = await context.new_page()
    found = {path: await judged(page, f"/admin/{path}") for path in ("", *(f"{name}/" for name in LISTS))}
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
