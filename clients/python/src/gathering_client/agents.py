"""Agents: who they are, and what they do."""

from __future__ import annotations

from .streams import Stream


class Agent(Stream):
    """An agent, by its id."""

    kind = "agents"

    async def status(self, status: str) -> None:
        """Say what you are doing, as the agent itself: offline, idle, thinking, working, waiting, error."""
        await self.ask({"type": "agent_status", "status": status})
