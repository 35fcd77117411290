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
from ..client import Client, connect
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
    async with connect(known.url, known.token) as owner:
        me, token = await _become(owner, arguments.name, known)
        store = login.cursors(known, me, "agent")
        async with connect(known.url, token, store=store) as client:
            await _Answering(client, client.agent(me["id"]), me["name"], arguments).run()


async def _become(owner: Client, name: str, known: Login) -> tuple[dict[str, Any], Token]:
    """The agent, and a token that speaks for it: the login's own, or one that its owner makes."""
    me = await owner.me()
    if me["name"] == name:
        return me, known.token
    agent = await _find(owner, name)

    async def mint() -> str:
        asked = {"agent": name, "name": "gathering agent", "expires_in": int(LIFE.total_seconds())}
        async with Client(known.url, known.token) as speaker:
            return str((await speaker.rest.post("/api/tokens/", asked))["token"])

    return {"id": agent["agent_id"], "name": name}, mint


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
