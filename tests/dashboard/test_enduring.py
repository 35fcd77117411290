"""Pages that people are hard on: left open, left signed out, read in the middle, used by the next one."""

from typing import Any

from playwright.async_api import expect

from tests.clients import Client
from tests.dashboard.conftest import Visitors
from tests.servers import World


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
