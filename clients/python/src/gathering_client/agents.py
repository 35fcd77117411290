"""Agents: who they are, and what they do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from .runs import Run
from .streams import Stream


class Agent(Stream):
    """An agent, by its id."""

    kind = "agents"

    # As the agent itself

    def run(
        self, thread: str, *, speaks: bool = True, reply_to: int | None = None, take_over: bool = False
    ) -> Run:
        """A run in the circle ``thread``; what it writes is posted there if it ``speaks``.

        ``reply_to`` is the message that the first one of the run answers.  An agent has one run at a
        time: :class:`Conflict` is raised if another is open, unless you ``take_over``, which ends it as
        abandoned; do so if only one process works for the agent.
        """
        circle = self.client.circle(thread)
        return Run(self, circle, speaks=speaks, reply_to=reply_to, take_over=take_over)

    async def status(self, status: str) -> None:
        """Say what you are doing: offline, idle, thinking, working, waiting, error."""
        await self.ask({"type": "agent_status", "status": status})

    async def activity(self, event: Mapping[str, Any]) -> int | None:
        """Tell one event of AG-UI 1.0; returns its ``seq``, None if it is ephemeral."""
        ack = await self.ask({"type": "agent_activity", "data": dict(event)})
        seq: int | None = ack["seq"]
        return seq

    # As whoever may see it

    def runs(self) -> AsyncIterator[dict[str, Any]]:
        """Its runs, the latest first."""
        return self.client.rest.pages(f"{self.path}runs/", "run_id", inside="runs", turn="before")

    async def run_of(self, run_id: str) -> dict[str, Any]:
        """One run, and what was done in it."""
        found: dict[str, Any] = await self.client.rest.get(self._path_of(run_id))
        return found

    async def stop(self, run_id: str) -> None:
        """Ask for the end of a run."""
        await self.client.rest.post(f"{self._path_of(run_id)}stop/")

    def _path_of(self, run_id: str) -> str:
        return f"{self.path}runs/{quote(run_id, safe='')}/"
