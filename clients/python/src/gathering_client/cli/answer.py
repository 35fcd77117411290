"""``gathering agent``: any program becomes an agent."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from ..agents import Agent
from ..client import Client
from ..connecting import connect
from ..credential import Token
from ..errors import GatheringError, NotFound
from ..frames import Event
from . import login
from .login import Login
from .program import ProgramFailed, answer_of

LOOK = 20.0  # seconds between two looks for circles that the agent was let into
LIFE = timedelta(days=1)  # of a token that an owner makes for the agent


async def serve(arguments: Namespace, known: Login) -> None:
    """Answer every mention, until it is interrupted."""
    async with Client(known.url, known.token) as owner:
        me = await owner.me()
        if me["name"] == arguments.name:
            await _answer_as(me, known, known.token, arguments)
            return
        agent = await _find(owner, arguments.name)
        lent = _Lent(owner, arguments.name)
        try:
            me = {"id": agent["agent_id"], "name": arguments.name}
            await _answer_as(me, known, lent.mint, arguments)
        finally:
            await lent.revoke()


async def _answer_as(me: dict[str, Any], known: Login, token: Token, arguments: Namespace) -> None:
    store = login.cursors(known, me, "agent")
    async with connect(known.url, token, store=store) as client:
        await _Answering(client, client.agent(me["id"]), me["name"], arguments).run()


class _Lent:
    """Tokens that an owner makes for an agent, and takes back in the end."""

    def __init__(self, owner: Client, name: str) -> None:
        self._owner, self._name = owner, name
        self._last: str | None = None

    async def mint(self) -> str:
        """A new one."""
        asked = {"agent": self._name, "name": "gathering agent", "expires_in": int(LIFE.total_seconds())}
        made = await self._owner.rest.post("/api/tokens/", asked)
        self._last = made["id"]
        return str(made["token"])

    async def revoke(self) -> None:
        """Take the last one back; those before have expired."""
        if self._last is not None:
            with contextlib.suppress(GatheringError, asyncio.TimeoutError):
                await asyncio.wait_for(self._owner.rest.delete(f"/api/tokens/{self._last}/"), 2)


async def _find(client: Client, name: str) -> dict[str, Any]:
    async for agent in client.agents():
        if agent["agent"] == name:
            return agent
    raise NotFound("not_found", f"You know no agent '{name}'.")


class _Answering:
    """Follows each circle of an agent, and answers one mention at a time."""

    def __init__(self, client: Client, agent: Agent, name: str, arguments: Namespace) -> None:
        self._client, self._agent, self._name = client, agent, name
        self._command: Sequence[str] = arguments.exec
        self._seconds: float = arguments.timeout
        self._only: list[str] = arguments.circle
        self._kinds = ("user_message", "agent_message") if arguments.agents else ("user_message",)
        self._turn = asyncio.Lock()  # an agent has one run at a time
        self._following: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        await self._agent.status("idle")
        try:
            while True:
                for name in self._only or [circle["name"] async for circle in self._client.circles()]:
                    if name not in self._following or self._following[name].done():
                        self._following[name] = asyncio.create_task(self._follow(name))
                await asyncio.sleep(LOOK)
        finally:
            for task in self._following.values():
                task.cancel()
            await asyncio.gather(*self._following.values(), return_exceptions=True)
            with contextlib.suppress(GatheringError, asyncio.TimeoutError):
                await asyncio.wait_for(self._agent.status("offline"), 2)

    async def _follow(self, name: str) -> None:
        try:
            async with self._client.circle(name).events() as events:
                _tell(f"listening in {name}")
                async for event in events:
                    if event.type in self._kinds and self._calls(event):
                        await self._answer(name, event)
        except GatheringError as error:
            _tell(f"no longer in {name}: {error}")

    def _calls(self, event: Event) -> bool:
        return self._name in event.get("mentions", ()) and event.get("sender") != self._name

    async def _answer(self, circle: str, event: Event) -> None:
        """Run the program, and post what it says: once, though a crash may have it run again."""
        message = event.data["id"]
        async with self._turn:
            try:
                async with self._agent.run(circle, reply_to=message, take_over=True) as run:
                    environment = {"GATHERING_CIRCLE": circle, "GATHERING_SENDER": event.data["sender"]}
                    said, failure = await self._ask(event.data["content"], environment)
                    await run.say(said, id=f"answer-{message}")
                    if failure is not None:
                        raise failure
                _tell(f"answered {event.data['sender']} in {circle}")
            except (ProgramFailed, GatheringError) as error:
                _tell(f"could not answer {event.data['sender']} in {circle}: {error}")

    async def _ask(self, content: str, environment: dict[str, str]) -> tuple[str, ProgramFailed | None]:
        try:
            said = await answer_of(self._command, content, seconds=self._seconds, environment=environment)
            return said or "(no output)", None
        except ProgramFailed as error:
            return f"I have no answer: the program {error}.", error


def _tell(text: str) -> None:
    print(f"gathering: {text}", file=sys.stderr, flush=True)
