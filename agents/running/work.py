"""An errand in the hands of this process: what its turns and calls share."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ParamSpec, Protocol, TypeVar

from agents.guards import REPEATS, Tripped
from agents.models import Agent, Errand
from agents.providers.interface import ToolCall
from gathering.protocol.agui import Event

from .offers import Desk
from .records import Bill, Hold
from .words import Words

P = ParamSpec("P")
R = TypeVar("R")


class Office(Protocol):
    """What an errand needs of the process that it runs in."""

    async def store(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do something in the database."""

    async def use(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Use a tool, which may take a while."""

    async def decision(self, approval: int, seconds: float) -> str:
        """What people decide within so many seconds; "" if nothing."""


@dataclass
class Work:
    """``budget`` are the tokens that it may cost, ``limit`` the time that it may take; ``closing`` are
    events that end what is open, told with whatever is recorded next."""

    hold: Hold
    errand: Errand
    office: Office
    budget: int
    words: Words
    limit: asyncio.Timeout
    read: int = 0
    written: int = 0
    recorded: int = 0
    waiting: bool = False
    closing: list[Event] = field(default_factory=list)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def agent(self) -> Agent:
        return self.errand.agent

    @property
    def desk(self) -> Desk:
        return Desk(self.agent, self.errand.message.circle, self.errand.message.author)

    @property
    def left(self) -> int:
        """The tokens that may still be spent."""
        return self.budget - self.read - self.written

    def bill(self) -> Bill:
        usage = {"provider": self.agent.provider, "inputTokens": self.read, "outputTokens": self.written}
        if self.agent.model:
            usage["model"] = self.agent.model
        return Bill(self.read + self.written - self.recorded, [usage])

    def count(self, call: ToolCall) -> None:
        """Take note of a call; raises Tripped for one that is made again and again."""
        self.calls[call.name, call.arguments] += 1
        if self.calls[call.name, call.arguments] > REPEATS:
            raise Tripped("loop", f"It called {call.name} with the same arguments more than {REPEATS} times.")

    @contextmanager
    def patience(self) -> Iterator[None]:
        """While it waits for a person, its own time stands still."""
        now = asyncio.get_running_loop().time
        began, deadline = now(), self.limit.when()
        self.limit.reschedule(None)
        self.waiting = True
        try:
            yield
        finally:
            self.waiting = False
            if deadline is not None:
                self.limit.reschedule(deadline + now() - began)
