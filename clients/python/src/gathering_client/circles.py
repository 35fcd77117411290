"""Circles: where people and agents talk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from .streams import Stream


@dataclass(frozen=True)
class Posted:
    """What was posted: ``seq`` is its place in the circle's stream, ``id`` what makes repeating it safe."""

    seq: int
    id: str


class Circle(Stream):
    """A circle, by its name."""

    kind = "circles"

    async def post(
        self, content: str, *, reply_to: int | None = None, id: str | None = None, draft: str | None = None
    ) -> Posted:
        """Say ``content``; returns once the server has acknowledged it.

        It is sent again, with the same id, until that is so: whatever breaks on the way, it is said once.
        An ``id`` of your own (up to 64 characters, for you alone, kept as long as events are) makes that
        hold for two lives of your program, too.  ``draft`` is the id of the deltas that were streamed.
        Wrap it in ``asyncio.wait_for`` to give up; what was under way may then be posted or not.
        Raises :class:`Refused` if the server does not take it; a circle that is paused is a retryable
        :class:`Conflict`, and when to try again is for you to say.
        """
        frame: dict[str, Any] = {"type": "message", "content": content}
        if reply_to is not None:
            frame["reply_to"] = reply_to
        if draft is not None:
            frame["draft"] = draft
        ack = await self.ask(frame, id=id)
        return Posted(ack["seq"], ack["ref"])

    async def typing(self) -> None:
        """Let the others see that you are about to say something; it may be lost."""
        await self.tell({"type": "typing"})

    async def members(self) -> list[dict[str, Any]]:
        """Who is in it, by name: ``{"user_id", "user", "role"}`` or ``{"agent_id", "agent", "role"}``."""
        path = f"{self.path}members/"
        found: list[dict[str, Any]] = []
        while True:
            last = found[-1] if found else {}
            after = last.get("user", last.get("agent"))
            page = await self.client.rest.get(path, after=after)
            found += page
            if len(page) < 200:
                return found

    async def presence(self) -> list[dict[str, Any]]:
        """Who is connected to it now: ``{"id", "name", "display_name", "kind"}``."""
        return list((await self.client.rest.get(f"{self.path}presence/"))["here"])

    async def messages(
        self, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> list[dict[str, Any]]:
        """A page of messages, oldest first: the latest, or those before or after a message's ``id``."""
        query = {"before": before, "after": after, "limit": limit}
        page = await self.client.rest.get(f"{self.path}messages/", **query)
        return list(page["messages"])

    async def history(self, after: int = 0) -> AsyncIterator[dict[str, Any]]:
        """Every message with an ``id`` beyond ``after``, oldest first."""
        while page := await self.messages(after=after, limit=200):
            for message in page:
                yield message
            after = page[-1]["id"]
